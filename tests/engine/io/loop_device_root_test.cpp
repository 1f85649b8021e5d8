// SPDX-License-Identifier: GPL-3.0-or-later
// Block nodes of the kernel. Skipped without root or loop devices.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "engine/io/file_device.h"
#include "engine/io/probe.h"
#include "engine/io/unique_fd.h"
#include "tests/contract/device_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using namespace umbra::literals;
using access = io::open_options::access;

// The first line of what the command says; empty if it failed.
std::string line_of(const std::string& command) {
  auto* const pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return {};
  std::array<char, 256> text{};
  const bool read = std::fgets(text.data(), text.size(), pipe) != nullptr;
  if (::pclose(pipe) != 0 || !read) return {};
  std::string line(text.data());
  while (line.ends_with('\n')) line.pop_back();
  return line;
}

// A loop device over a sparse file of its own.
class loop_device {
 public:
  explicit loop_device(std::uint64_t size, const std::string& options = "") {
    const unique_fd file(::open(backing().c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    if (file.is_open() && ::ftruncate(file.get(), static_cast<off_t>(size)) == 0) {
      node_ = line_of("losetup -f --show " + options + " " + backing());
    }
  }
  loop_device(const loop_device&) = delete;
  loop_device& operator=(const loop_device&) = delete;
  ~loop_device() {
    if (!node_.empty()) line_of("losetup -d " + node_);
  }

  const std::string& node() const { return node_; }
  std::string backing() const { return dir_.at("backing"); }
  std::string at(const std::string& name) const { return dir_.at(name); }

  static std::string unavailable(const std::string& options = "") {
    if (::geteuid() != 0) return "only root may set up loop devices";
    return loop_device(1_MiB, options).node().empty() ? "no loop device to be had" : "";
  }

 private:
  temp_dir dir_;
  std::string node_;
};

template <io::engine_kind Engine, io::open_options::direct Direct, int Sector>
struct loop_backing {
  static constexpr std::uint64_t size = 512 << 10;
  static std::string sector_option() { return "--sector-size " + std::to_string(Sector); }
  static std::string unavailable() { return loop_device::unavailable(sector_option()); }

  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    loop_.emplace(wanted, sector_option());
    io::open_options o;
    o.mode = access::read_write;
    o.engine = Engine;
    o.direct_io = Direct;
    o.exclusive = true;
    return io::open_device(loop_->node(), o).value();
  }

 private:
  std::optional<loop_device> loop_;
};

using direct = io::open_options::direct;
using loop_buffered_backing = loop_backing<io::engine_kind::threads, direct::off, 512>;
using loop_threads_backing = loop_backing<io::engine_kind::threads, direct::automatic, 512>;
using loop_uring_backing = loop_backing<io::engine_kind::automatic, direct::automatic, 512>;
using loop_4k_backing = loop_backing<io::engine_kind::automatic, direct::automatic, 4096>;

INSTANTIATE_TYPED_TEST_SUITE_P(loop_buffered, device_contract, loop_buffered_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(loop_threads, device_contract, loop_threads_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(loop_uring, device_contract, loop_uring_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(loop_4k, device_contract, loop_4k_backing);

struct loop_device_root : ::testing::Test {
  void SetUp() override {
    if (const auto reason = loop_device::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
  }
};

// An ext4 on the node, mounted until this dies. `point` stays empty if it cannot be had.
struct mounted_ext4 {
  explicit mounted_ext4(const loop_device& loop) {
    if (std::system(("mkfs.ext4 -q -F " + loop.node() + " >/dev/null 2>&1").c_str()) != 0) return;
    const auto folder = loop.at("mount point");
    fs::create_directory(folder);
    if (::mount(loop.node().c_str(), folder.c_str(), "ext4", 0, nullptr) == 0) point = folder;
  }
  mounted_ext4(const mounted_ext4&) = delete;
  mounted_ext4& operator=(const mounted_ext4&) = delete;
  ~mounted_ext4() {
    if (!point.empty()) ::umount(point.c_str());
  }
  std::string point;
};

TEST_F(loop_device_root, takes_its_geometry_from_the_device) {
  if (const auto reason = loop_device::unavailable("--sector-size 4096"); !reason.empty()) GTEST_SKIP() << reason;
  const loop_device loop(4_MiB, "--sector-size 4096");
  const auto device = io::open_device(loop.node(), {});
  ASSERT_TRUE(succeeds(device));
  const auto g = device.value()->geometry();
  EXPECT_EQ(g.size, 4_MiB);
  EXPECT_EQ(g.logical_sector, 4096u);
  EXPECT_GE(g.physical_sector, 4096u);
  EXPECT_EQ(g.alignment, 4096u);
  EXPECT_TRUE(g.block_device);
  EXPECT_TRUE(g.read_only);
}

TEST_F(loop_device_root, knows_one_kind_of_extent) {
  const loop_device loop(4_MiB);
  const auto device = io::open_device(loop.node(), {});
  ASSERT_TRUE(succeeds(device));
  const auto found = device.value()->extents(512, 1_MiB);
  ASSERT_TRUE(succeeds(found));
  EXPECT_EQ(found.value(), (extent_list{{512, 1_MiB, extent_kind::data}}));
}

TEST_F(loop_device_root, releasing_reaches_the_backing_file) {
  const loop_device loop(4_MiB);
  io::open_options o;
  o.mode = access::read_write;
  auto device = io::open_device(loop.node(), o);
  ASSERT_TRUE(succeeds(device));
  const auto bytes = filled_buffer(1, 4_MiB);
  ASSERT_TRUE(succeeds(device.value()->write(0, bytes.view())));
  ASSERT_TRUE(succeeds(device.value()->flush()));
  ASSERT_TRUE(succeeds(device.value()->zero(100, 4_MiB - 1000, io::zero_mode::release)));
  ASSERT_TRUE(succeeds(device.value()->flush()));
  auto backing = io::open_device(loop.backing(), {});
  ASSERT_TRUE(succeeds(backing));
  const auto found = backing.value()->extents(0, 4_MiB);
  ASSERT_TRUE(succeeds(found));
  const auto hole = [](const extent& e) { return e.kind == extent_kind::zero && e.size >= 4_MiB - 64_KiB; };
  EXPECT_TRUE(std::ranges::any_of(found.value(), hole));
  buffer read_back(4_MiB);
  ASSERT_TRUE(succeeds(device.value()->read(0, read_back.span())));
  EXPECT_TRUE(is_zero(read_back.view().subspan(100, 4_MiB - 1000)));
  EXPECT_TRUE(same_bytes(bytes.view().first(100), read_back.view().first(100)));
}

TEST_F(loop_device_root, a_read_only_node_is_denied_to_writers) {
  const loop_device loop(1_MiB, "-r");
  io::open_options o;
  o.mode = access::read_write;
  EXPECT_TRUE(fails_with(errc::denied, io::open_device(loop.node(), o)));
  EXPECT_TRUE(succeeds(io::open_device(loop.node(), {})));
}

TEST_F(loop_device_root, replacing_a_node_just_opens_it) {
  const loop_device loop(1_MiB);
  io::open_options o;
  o.mode = access::create_or_replace;
  o.size = 4096;
  const auto device = io::open_device(loop.node(), o);
  ASSERT_TRUE(succeeds(device));
  EXPECT_EQ(device.value()->geometry().size, 1_MiB);
  o.mode = access::create;
  EXPECT_TRUE(fails_with(errc::exists, io::open_device(loop.node(), o)));
}

TEST_F(loop_device_root, a_source_that_shrinks_under_the_reader_is_an_error) {
  const loop_device loop(1_MiB);
  auto device = io::open_device(loop.node(), {});
  ASSERT_TRUE(succeeds(device));
  fs::resize_file(loop.backing(), 64_KiB);
  ASSERT_NE(line_of("losetup -c " + loop.node() + " && echo done"), "");
  buffer memory(64_KiB);
  EXPECT_TRUE(succeeds(device.value()->read(0, memory.span())));
  EXPECT_TRUE(fails_with(errc::source_changed, device.value()->read(512_KiB, memory.span())));
}

TEST_F(loop_device_root, a_mounted_node_is_busy_to_exclusive_writers) {
  const loop_device loop(16_MiB);
  const mounted_ext4 mounted(loop);
  if (mounted.point.empty()) GTEST_SKIP() << "no ext4 to be had";
  io::open_options o;
  o.mode = access::read_write;
  o.exclusive = true;
  EXPECT_TRUE(fails_with(errc::busy, io::open_device(loop.node(), o)));
  EXPECT_TRUE(succeeds(io::open_device(loop.node(), {})));
}

TEST_F(loop_device_root, two_exclusive_writers_do_not_meet) {
  const loop_device loop(1_MiB);
  io::open_options o;
  o.mode = access::read_write;
  o.exclusive = true;
  const auto first = io::open_device(loop.node(), o);
  ASSERT_TRUE(succeeds(first));
  EXPECT_TRUE(fails_with(errc::busy, io::open_device(loop.node(), o)));
}

TEST_F(loop_device_root, mounts_are_seen_from_the_node_and_from_its_file) {
  const loop_device loop(16_MiB);
  const mounted_ext4 mounted(loop);
  if (mounted.point.empty()) GTEST_SKIP() << "no ext4 to be had";
  fs::create_hard_link(loop.backing(), loop.at("other name"));
  for (const auto& path : {loop.node(), loop.backing(), loop.at("other name")}) {
    const auto uses = io::mounts_of(path);
    ASSERT_TRUE(succeeds(uses));
    ASSERT_EQ(uses.value().size(), 1u) << path;
    EXPECT_EQ(uses.value()[0].device, loop.node());
    EXPECT_EQ(uses.value()[0].mount_point, mounted.point);
    EXPECT_FALSE(uses.value()[0].read_only);
  }
}

TEST_F(loop_device_root, bind_mounts_count_too) {
  const loop_device loop(16_MiB);
  const mounted_ext4 mounted(loop);
  if (mounted.point.empty()) GTEST_SKIP() << "no ext4 to be had";
  const auto bound = loop.at("bound");
  fs::create_directory(bound);
  ASSERT_EQ(::mount((mounted.point + "/lost+found").c_str(), bound.c_str(), nullptr, MS_BIND, nullptr), 0);
  const auto uses = io::mounts_of(loop.node());
  const auto lies = io::lies_on(bound, loop.node());
  ::umount(bound.c_str());
  ASSERT_TRUE(succeeds(uses));
  EXPECT_EQ(uses.value().size(), 2u);
  ASSERT_TRUE(succeeds(lies));
  EXPECT_TRUE(lies.value());
}

TEST_F(loop_device_root, knows_what_a_folder_lies_on) {
  const loop_device loop(16_MiB);
  const loop_device other(1_MiB);
  const mounted_ext4 mounted(loop);
  if (mounted.point.empty()) GTEST_SKIP() << "no ext4 to be had";
  const auto lies = [](const std::string& inside, const std::string& disk) { return io::lies_on(inside, disk).value(); };
  EXPECT_TRUE(lies(mounted.point, loop.node()));
  EXPECT_TRUE(lies(mounted.point + "/not/yet", loop.node()));
  EXPECT_TRUE(lies(mounted.point, loop.backing()));
  EXPECT_FALSE(lies(mounted.point, other.node()));
  EXPECT_FALSE(lies(loop.backing(), loop.node()));
}

TEST_F(loop_device_root, sees_a_loop_device_on_a_loop_device) {
  const loop_device lower(32_MiB);
  const auto upper = line_of("losetup -f --show " + lower.node());
  ASSERT_NE(upper, "");
  std::string point;
  std::vector<io::mount_use> uses;
  if (std::system(("mkfs.ext4 -q -F " + upper + " >/dev/null 2>&1").c_str()) == 0) {
    point = lower.at("mounted");
    fs::create_directory(point);
    if (::mount(upper.c_str(), point.c_str(), "ext4", 0, nullptr) == 0) {
      uses = io::mounts_of(lower.node()).value();
      EXPECT_TRUE(io::lies_on(point, lower.node()).value());
      ::umount(point.c_str());
    }
  }
  line_of("losetup -d " + upper);
  if (point.empty()) GTEST_SKIP() << "no ext4 to be had";
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses[0].device, upper);
}

}  // namespace
}  // namespace umbra::test
