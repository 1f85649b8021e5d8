// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/file_device.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/contract/device_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

namespace fs = std::filesystem;
using namespace umbra::literals;
using access = io::open_options::access;

io::open_options options(access mode, std::uint64_t size = 0, io::engine_kind engine = io::engine_kind::automatic) {
  io::open_options o;
  o.mode = mode;
  o.size = size;
  o.engine = engine;
  return o;
}

void put(const std::string& path, byte_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.flush().good());
}

std::uint64_t allocated(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

struct file_device : ::testing::Test {
  temp_dir dir;
  std::string path = dir.at("disk");
};

TEST_F(file_device, opens_for_reading_only_unless_asked) {
  const auto bytes = random_bytes(1, 5000);
  put(path, bytes);
  auto device = io::open_device(path, {});
  ASSERT_TRUE(succeeds(device));
  const auto g = device.value()->geometry();
  EXPECT_EQ(g.size, 5000u);
  EXPECT_EQ(g.alignment, 1u);
  EXPECT_TRUE(g.read_only);
  EXPECT_FALSE(g.block_device);
  EXPECT_EQ(device.value()->name(), path);
  EXPECT_TRUE(fails_with(errc::denied, device.value()->write(0, bytes)));
  EXPECT_TRUE(fails_with(errc::denied, device.value()->zero(0, 1, io::zero_mode::write)));
  EXPECT_TRUE(succeeds(device.value()->flush()));
}

TEST_F(file_device, queues_of_a_read_only_device_refuse_writes) {
  put(path, random_bytes(1, 8192));
  for (const auto engine : {io::engine_kind::automatic, io::engine_kind::threads}) {
    auto device = io::open_device(path, options(access::read, 0, engine));
    ASSERT_TRUE(succeeds(device));
    auto queue = device.value()->open_queue(2);
    ASSERT_TRUE(succeeds(queue));
    buffer memory(4096);
    io::transfer t;
    t.way = io::transfer::direction::write;
    t.memory = memory.span();
    queue.value()->submit(t);
    queue.value()->wait();
    EXPECT_TRUE(fails_with(errc::denied, t.outcome));
  }
}

TEST_F(file_device, says_what_is_not_a_disk_or_file) {
  const auto directory = io::open_device(dir.string(), {});
  ASSERT_TRUE(fails_with(errc::usage, directory));
  EXPECT_EQ(directory.error().message(), dir.string() + " is a directory, not a disk or file");

  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto pipe = io::open_device(path, {});
  ASSERT_TRUE(fails_with(errc::usage, pipe));
  EXPECT_EQ(pipe.error().message(), path + " is a pipe, not a disk or file");

  const auto character = io::open_device("/dev/null", options(access::read_write));
  ASSERT_TRUE(fails_with(errc::usage, character));
  EXPECT_EQ(character.error().message(), "/dev/null is a character device, not a disk or file");
}

TEST_F(file_device, refuses_names_that_lead_nowhere) {
  EXPECT_TRUE(fails_with(errc::usage, io::open_device("", {})));
  EXPECT_TRUE(fails_with(errc::usage, io::open_device(std::string("/dev/null\0", 10), {})));
  EXPECT_TRUE(fails_with(errc::not_found, io::open_device(path, {})));
  EXPECT_TRUE(fails_with(errc::not_found, io::open_device(path, options(access::read_write))));
  EXPECT_TRUE(fails_with(errc::not_found, io::open_device(path + "/below", options(access::create, 1))));
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(file_device, follows_symbolic_links) {
  put(dir.at("real"), random_bytes(1, 700));
  fs::create_symlink("real", path);
  const auto device = io::open_device(path, {});
  ASSERT_TRUE(succeeds(device));
  EXPECT_EQ(device.value()->geometry().size, 700u);
}

TEST_F(file_device, creates_sparse_files_for_its_owner_only) {
  ASSERT_TRUE(succeeds(io::open_device(path, options(access::create, 8_GiB))));
  EXPECT_EQ(fs::file_size(path), 8_GiB);
  EXPECT_LT(allocated(path), 1_MiB);
  EXPECT_EQ(fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

TEST_F(file_device, create_leaves_a_file_that_is_there_alone) {
  put(path, random_bytes(1, 700));
  EXPECT_TRUE(fails_with(errc::exists, io::open_device(path, options(access::create, 100))));
  EXPECT_EQ(fs::file_size(path), 700u);
}

TEST_F(file_device, replacing_a_file_leaves_none_of_its_bytes) {
  put(path, random_bytes(1, 7000));
  auto device = io::open_device(path, options(access::create_or_replace, 9000));
  ASSERT_TRUE(succeeds(device));
  EXPECT_EQ(device.value()->geometry().size, 9000u);
  buffer found(9000);
  ASSERT_TRUE(succeeds(device.value()->read(0, found.span())));
  EXPECT_TRUE(is_zero(found.view()));
}

TEST_F(file_device, a_size_that_cannot_be_leaves_no_file) {
  EXPECT_TRUE(io::open_device(path, options(access::create, ~0ull)).has_error());
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(file_device, makes_its_name_durable_too) {
  fs::current_path(dir.path());
  auto device = io::open_device("bare-name", options(access::create, 100));
  ASSERT_TRUE(succeeds(device));
  EXPECT_TRUE(succeeds(device.value()->flush()));
  fs::current_path("/");
}

TEST_F(file_device, notices_that_a_file_became_shorter) {
  for (const auto engine : {io::engine_kind::automatic, io::engine_kind::threads}) {
    put(path, random_bytes(1, 64 << 10));
    auto device = io::open_device(path, options(access::read, 0, engine));
    ASSERT_TRUE(succeeds(device));
    auto queue = device.value()->open_queue(2);
    ASSERT_TRUE(succeeds(queue));
    fs::resize_file(path, 20000);

    buffer memory(16 << 10);
    EXPECT_TRUE(succeeds(device.value()->read(0, memory.span())));
    EXPECT_TRUE(fails_with(errc::source_changed, device.value()->read(16 << 10, memory.span())));
    EXPECT_TRUE(fails_with(errc::source_changed, device.value()->read(32 << 10, memory.span())));
    EXPECT_TRUE(fails_with(errc::source_changed, device.value()->extents(0, 64 << 10)));
    io::transfer t;
    t.offset = 16 << 10;
    t.memory = memory.span();
    queue.value()->submit(t);
    queue.value()->wait();
    EXPECT_TRUE(fails_with(errc::source_changed, t.outcome));
  }
}

TEST_F(file_device, notices_a_shorter_file_past_the_page_cache_too) {
  put(path, random_bytes(1, 64 << 10));
  auto o = options(access::read);
  o.direct_io = io::open_options::direct::on;
  auto device = io::open_device(path, o);
  if (device.has_error()) GTEST_SKIP() << device.error().message();
  auto queue = device.value()->open_queue(1);
  ASSERT_TRUE(succeeds(queue));
  fs::resize_file(path, 20000);
  buffer memory(16 << 10);
  io::transfer t;
  t.offset = 16 << 10;
  t.memory = memory.span();
  queue.value()->submit(t);
  queue.value()->wait();
  EXPECT_TRUE(fails_with(errc::source_changed, t.outcome));
  EXPECT_TRUE(fails_with(errc::source_changed, device.value()->read(16 << 10, memory.span())));
}

// Large new files go past the page cache in large pieces, small pieces through it: side by side.
TEST_F(file_device, large_new_files_hold_what_was_written_in_pieces_of_any_size) {
  constexpr std::uint64_t size = 20_MiB + 1234;
  const auto bytes = random_bytes(5, size);
  for (const auto engine : {io::engine_kind::automatic, io::engine_kind::threads}) {
    {
      auto device = io::open_device(path, options(access::create_or_replace, size, engine));
      ASSERT_TRUE(succeeds(device));
      auto queue = device.value()->open_queue(4);
      ASSERT_TRUE(succeeds(queue));
      buffer memory(1_MiB);
      std::uint64_t at = 0;
      for (std::size_t i = 0; at < size; ++i) {
        constexpr std::uint64_t pieces[] = {1_MiB, 4_KiB, 128_KiB, 512, 124_KiB, 256_KiB, 3_KiB + 512, 1_MiB};
        const auto piece = std::min(pieces[i % std::size(pieces)], size - at);
        std::ranges::copy(byte_view(bytes).subspan(at, piece), memory.data());
        io::transfer t;
        t.way = io::transfer::direction::write;
        t.offset = at;
        t.memory = memory.span().first(piece);
        queue.value()->submit(t);
        ASSERT_EQ(&queue.value()->wait(), &t);
        ASSERT_TRUE(succeeds(t.outcome));
        at += piece;
      }
      ASSERT_TRUE(succeeds(device.value()->flush()));
    }
    auto again = io::open_device(path, {});
    ASSERT_TRUE(succeeds(again));
    std::vector<std::byte> read(size);
    ASSERT_TRUE(succeeds(again.value()->read(0, read)));
    EXPECT_TRUE(std::ranges::equal(read, bytes));
  }
}

TEST_F(file_device, tells_holes_as_zeros) {
  auto device = io::open_device(path, options(access::create, 4_MiB));
  ASSERT_TRUE(succeeds(device));
  const auto bytes = filled_buffer(1, 1_MiB);
  ASSERT_TRUE(succeeds(device.value()->write(1_MiB, bytes.view())));
  const auto found = device.value()->extents(512, 4_MiB - 512);
  ASSERT_TRUE(succeeds(found));
  if (found.value().size() == 1) GTEST_SKIP() << "the file system under the tests does not tell holes";
  EXPECT_EQ(
      found.value(),
      (extent_list{{512, 1_MiB - 512, extent_kind::zero}, {1_MiB, 1_MiB, extent_kind::data}, {2_MiB, 2_MiB, extent_kind::zero}}));
}

TEST_F(file_device, releasing_gives_the_space_back_and_writing_takes_it) {
  auto device = io::open_device(path, options(access::create, 4_MiB));
  ASSERT_TRUE(succeeds(device));
  const auto bytes = filled_buffer(1, 4_MiB);
  ASSERT_TRUE(succeeds(device.value()->write(0, bytes.view())));
  ASSERT_TRUE(succeeds(device.value()->flush()));
  ASSERT_TRUE(succeeds(device.value()->zero(0, 4_MiB, io::zero_mode::release)));
  EXPECT_LT(allocated(path), 1_MiB);
  ASSERT_TRUE(succeeds(device.value()->zero(0, 4_MiB, io::zero_mode::write)));
  ASSERT_TRUE(succeeds(device.value()->flush()));
  EXPECT_GE(allocated(path), 4_MiB);
}

TEST_F(file_device, direct_transfers_may_be_unaligned_when_they_block) {
  auto o = options(access::create, 100001);
  o.direct_io = io::open_options::direct::on;
  auto device = io::open_device(path, o);
  if (device.has_error()) GTEST_SKIP() << device.error().message();
  EXPECT_GE(device.value()->geometry().alignment, 512u);
  std::vector<std::byte> model(100001);
  std::uint64_t seed = 0;
  for (const std::uint64_t offset : {0u, 1u, 511u, 4095u, 4097u, 50000u, 99999u}) {
    for (const std::uint64_t size : {1u, 2u, 4096u, 8191u, 50001u}) {
      if (offset + size > model.size()) continue;
      const auto bytes = random_bytes(++seed, size);
      ASSERT_TRUE(succeeds(device.value()->write(offset, bytes)));
      std::ranges::copy(bytes, model.begin() + static_cast<std::ptrdiff_t>(offset));
      std::vector<std::byte> found(size);
      ASSERT_TRUE(succeeds(device.value()->read(offset, found)));
      EXPECT_TRUE(same_bytes(bytes, found)) << offset << "+" << size;
    }
  }
  std::vector<std::byte> all(model.size());
  ASSERT_TRUE(succeeds(device.value()->read(0, all)));
  EXPECT_TRUE(same_bytes(model, all));
}

}  // namespace
}  // namespace umbra::test
