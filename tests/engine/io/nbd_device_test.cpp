// SPDX-License-Identifier: GPL-3.0-or-later
// Devices of NBD servers, held to the contract and to what the server says of itself. nbdkit is the server.
#include "engine/io/nbd_device.h"

#include "tests/contract/device_contract.h"
#include "tests/support/nbd_server.h"

namespace umbra::test {
namespace {

// The reason why an export cannot be had here; in builds without libnbd, too.
std::string why_not() {
  if (auto reason = nbd_server::unavailable(); !reason.empty()) return reason;
  const auto opened = io::open_nbd("nbd+unix:///?socket=/there/is/none");
  return opened.error().code() == errc::unsupported ? opened.error().message() : std::string();
}

struct nbd_backing {
  static std::string unavailable() { return why_not(); }
  static constexpr std::uint64_t size = (300 << 10) + 1234;
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    server_ = std::make_unique<nbd_server>("memory " + std::to_string(wanted));
    return io::open_nbd(server_->uri(), io::nbd_access::read_write).value();
  }
  std::unique_ptr<nbd_server> server_;
};

// One connection, and a server that refuses whatever is not in whole blocks or is too long.
struct strict_nbd_backing {
  static std::string unavailable() { return why_not(); }
  static constexpr std::uint64_t size = 300 << 10;
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    server_ = std::make_unique<nbd_server>(
        "--filter=multi-conn --filter=blocksize-policy memory " + std::to_string(wanted) +
        " multi-conn-mode=disable blocksize-minimum=512 blocksize-preferred=4096 blocksize-maximum=64K"
        " blocksize-error-policy=error");
    return io::open_nbd(server_->uri(), io::nbd_access::read_write).value();
  }
  std::unique_ptr<nbd_server> server_;
};

// A server without any of the abilities that are optional.
struct plain_nbd_backing {
  static std::string unavailable() { return why_not(); }
  static constexpr std::uint64_t size = (300 << 10) + 1234;
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    server_ =
        std::make_unique<nbd_server>("--filter=nozero --filter=noextents memory " + std::to_string(wanted) + " zeromode=none");
    return io::open_nbd(server_->uri(), io::nbd_access::read_write).value();
  }
  std::unique_ptr<nbd_server> server_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(nbd, device_contract, nbd_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(strict_nbd, device_contract, strict_nbd_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(plain_nbd, device_contract, plain_nbd_backing);

class nbd_device : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_not(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

TEST_F(nbd_device, takes_sizes_from_the_server) {
  const nbd_server server("--filter=blocksize-policy null 1M blocksize-minimum=4096");
  const auto device = io::open_nbd(server.uri()).value();
  const auto g = device->geometry();
  EXPECT_EQ(g.size, 1U << 20);
  EXPECT_EQ(g.alignment, 4096U);
  EXPECT_EQ(g.logical_sector, 4096U);
  EXPECT_TRUE(g.read_only);
}

TEST_F(nbd_device, only_what_surely_reads_as_zeros_is_a_hole) {
  const nbd_server server("data data='@0x100000 0x55*4096' size=1T");
  const auto device = io::open_nbd(server.uri()).value();
  const auto all = device->extents(0, std::uint64_t{1} << 40).value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].kind, extent_kind::zero);
  EXPECT_EQ(all[1].kind, extent_kind::data);
  EXPECT_LE(all[1].offset, 0x100000U);
  EXPECT_GE(all[1].end(), 0x101000U);
  EXPECT_LE(all[1].size, 1U << 20);
  EXPECT_EQ(all[2].kind, extent_kind::zero);
  EXPECT_EQ(all[2].end(), std::uint64_t{1} << 40);
  // Holes whose content nobody promises are data.
  const temp_dir dir;
  shell("echo 0 1M hole >'" + dir.at("extents") + "'");
  const nbd_server vague("--filter=extentlist memory 1M extentlist='" + dir.at("extents") + "'");
  const auto unsure = io::open_nbd(vague.uri()).value()->extents(0, 1 << 20).value();
  ASSERT_EQ(unsure.size(), 1U);
  EXPECT_EQ(unsure[0].kind, extent_kind::data);
}

TEST_F(nbd_device, a_server_that_cannot_read_a_place_is_a_bad_sector) {
  const nbd_server server("--filter=error memory 1M error-pread=EIO error-pread-rate=100%");
  const auto device = io::open_nbd(server.uri()).value();
  std::vector<std::byte> out(4096);
  const auto read = device->read(8192, out);
  EXPECT_TRUE(fails_with(errc::io_read, read));
  EXPECT_NE(read.error().message().find("at 8192"), std::string::npos) << read.error().message();
}

TEST_F(nbd_device, a_server_that_has_gone_is_none) {
  nbd_server server("memory 1M");
  const auto device = io::open_nbd(server.uri()).value();
  std::vector<std::byte> out(4096);
  EXPECT_TRUE(succeeds(device->read(0, out)));
  const auto queue = device->open_queue(4).value();
  server.stop();
  EXPECT_TRUE(fails_with(errc::source_changed, device->read(0, out)));
  EXPECT_TRUE(fails_with(errc::source_changed, device->read(0, out))) << "and it stays so";
  EXPECT_TRUE(fails_with(errc::source_changed, device->extents(0, 1 << 20)));
  io::transfer t;
  t.memory = out;
  queue->submit(t);
  EXPECT_TRUE(fails_with(errc::source_changed, queue->wait().outcome));
}

TEST_F(nbd_device, a_server_that_goes_with_reads_in_flight_fails_them_all) {
  nbd_server server("--filter=delay memory 1M delay-read=3600");
  const auto device = io::open_nbd(server.uri()).value();
  const auto queue = device->open_queue(8).value();
  std::vector<std::byte> memory(8 * 4096);
  std::vector<io::transfer> transfers(8);
  for (std::size_t i = 0; i < 8; ++i) {
    transfers[i].offset = i * 4096;
    transfers[i].memory = byte_span(memory).subspan(i * 4096, 4096);
    queue->submit(transfers[i]);
  }
  server.stop();
  while (queue->in_flight() > 0) EXPECT_TRUE(fails_with(errc::source_changed, queue->wait().outcome));
}

TEST_F(nbd_device, is_read_only_unless_both_sides_want_otherwise) {
  const nbd_server writable("memory 1M");
  const auto device = io::open_nbd(writable.uri()).value();
  const std::vector<std::byte> in(512);
  EXPECT_TRUE(device->geometry().read_only);
  EXPECT_TRUE(fails_with(errc::denied, device->write(0, in)));
  EXPECT_TRUE(fails_with(errc::denied, device->zero(0, 512, io::zero_mode::write)));
  const nbd_server read_only("-r memory 1M");
  EXPECT_TRUE(fails_with(errc::denied, io::open_nbd(read_only.uri(), io::nbd_access::read_write)));
}

TEST_F(nbd_device, refuses_what_it_does_not_understand) {
  for (const std::string uri : {"nbds://host/x", "nbds+unix:///?socket=/x", "nbd+vsock://1/", "nbd+ssh://x/"}) {
    EXPECT_TRUE(fails_with(errc::usage, io::open_nbd(uri))) << uri;
  }
  const auto none = io::open_nbd("nbd+unix:///?socket=/there/is/none");
  EXPECT_TRUE(fails_with(errc::io_read, none));
  EXPECT_NE(none.error().message().find("/there/is/none"), std::string::npos) << none.error().message();
}

TEST(nbd_uri, is_told_from_paths) {
  for (const std::string_view uri : {"nbd://h", "nbd+unix:///?socket=s", "nbds://h/", "nbd+vsock://1"}) {
    EXPECT_TRUE(io::is_nbd_uri(uri)) << uri;
  }
  for (const std::string_view path : {"", "/dev/nbd0", "nbd", "nbd:/x", "nbdx://h", "./nbd://h", "http://h"}) {
    EXPECT_FALSE(io::is_nbd_uri(path)) << path;
  }
}

TEST(nbd_uri, is_shown_without_the_user) {
  EXPECT_EQ(io::public_nbd_uri("nbd://bob@host:10809/disk"), "nbd://host:10809/disk");
  EXPECT_EQ(io::public_nbd_uri("nbd://bob:secret@host"), "nbd://host");
  EXPECT_EQ(io::public_nbd_uri("nbd://host/a@b"), "nbd://host/a@b");
  EXPECT_EQ(io::public_nbd_uri("nbd+unix:///x?socket=/tmp/a@b"), "nbd+unix:///x?socket=/tmp/a@b");
}

TEST(nbd_uri, gives_an_image_its_name) {
  EXPECT_EQ(io::short_nbd_name("nbd://host/vms/disk0"), "disk0");
  EXPECT_EQ(io::short_nbd_name("nbd://bob@host:10809/"), "host");
  EXPECT_EQ(io::short_nbd_name("nbd://host"), "host");
  EXPECT_EQ(io::short_nbd_name("nbd://[::1]/"), "[::1]");
  EXPECT_EQ(io::short_nbd_name("nbd+unix:///?socket=/run/vm/disk.sock"), "disk.sock");
  EXPECT_EQ(io::short_nbd_name("nbd+unix:///root?socket=/run/vm/disk.sock"), "root");
}

}  // namespace
}  // namespace umbra::test
