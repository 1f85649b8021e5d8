// SPDX-License-Identifier: GPL-3.0-or-later
// Files that grow so large that they are written past the page cache: the same bytes as any other file, and failures are told.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/store/direct_writer_posix.h"
#include "engine/store/file_system.h"
#include "tests/support/pattern.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

struct large_file : testing::Test {
  temp_dir dir;
  std::unique_ptr<store::file_system> files = store::system_file_system();
  const std::vector<std::byte> bytes = random_bytes(7, 23_MiB + 1234);

  void expect_file_holds_all(const std::string& path) {
    const auto file = files->open(path);
    ASSERT_TRUE(file.has_value());
    ASSERT_EQ(file.assume_value()->size(), bytes.size());
    std::vector<std::byte> read(bytes.size());
    ASSERT_TRUE(file.assume_value()->read(0, read).has_value());
    EXPECT_TRUE(std::ranges::equal(read, bytes));
  }

  // Appends all bytes in pieces of these sizes, over and over; a sync after each piece of size `synced`.
  void write_in(const std::vector<std::size_t>& sizes, std::size_t synced = 0) {
    const auto path = dir.at("f");
    auto out = std::move(files->create(path)).value();
    std::size_t at = 0;
    for (std::size_t i = 0; at < bytes.size(); ++i) {
      const auto size = std::min(sizes[i % sizes.size()], bytes.size() - at);
      ASSERT_TRUE(out->append(byte_view(bytes).subspan(at, size)).has_value());
      at += size;
      ASSERT_EQ(out->size(), at);
      if (size == synced) {
        ASSERT_TRUE(out->sync().has_value());
      }
      ASSERT_EQ(out->size(), at);
    }
    ASSERT_TRUE(out->sync().has_value());
    ASSERT_EQ(out->size(), bytes.size());
    ASSERT_TRUE(out->close().has_value());
    expect_file_holds_all(path);
  }
};

TEST_F(large_file, holds_what_was_appended_in_whole_pages) { write_in({4_KiB, 4_MiB, 1_MiB, 64_KiB}); }
TEST_F(large_file, holds_what_was_appended_in_odd_pieces) { write_in({4_MiB, 4_MiB, 12'345, 1, 777'777}); }
TEST_F(large_file, holds_what_was_appended_in_one_piece) { write_in({4_MiB, 64_MiB}); }
TEST_F(large_file, never_at_a_page_when_it_grew_large) { write_in({4_MiB + 1, 1_MiB}); }
TEST_F(large_file, goes_on_after_a_sync_inside_a_page) { write_in({4_MiB, 4_MiB, 100'001, 1_MiB}, 100'001); }
TEST_F(large_file, goes_on_after_a_sync_at_a_page) { write_in({4_MiB, 4_MiB, 8_KiB, 1_MiB + 5}, 8_KiB); }

TEST_F(large_file, closed_without_a_sync_holds_all) {
  auto out = std::move(files->create(dir.at("f"))).value();
  ASSERT_TRUE(out->append(byte_view(bytes).first(4_MiB)).has_value());
  ASSERT_TRUE(out->append(byte_view(bytes).subspan(4_MiB)).has_value());
  ASSERT_TRUE(out->close().has_value());
  expect_file_holds_all(dir.at("f"));
}

// What the thread finds is told, by the sync at the latest, and never forgotten again.
TEST_F(large_file, failure_in_the_background_is_told) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10_MiB, 10_MiB};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto out = files->create(dir.at("f"));
    if (out.has_error()) ::_exit(1);
    auto& file = *out.assume_value();
    auto outcome = file.append(byte_view(bytes).first(4_MiB));
    if (outcome.has_error()) ::_exit(2);
    for (std::size_t at = 4_MiB; at < 20_MiB && outcome.has_value(); at += 1_MiB) {
      outcome = file.append(byte_view(bytes).subspan(at, 1_MiB));
    }
    if (outcome.has_value()) outcome = file.sync();
    if (outcome.has_value()) ::_exit(3);
    if (!file.append(as_bytes("")).has_error()) ::_exit(4);
    if (!file.sync().has_error()) ::_exit(5);
    if (!file.close().has_error()) ::_exit(6);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// --- The writer by itself.

// Off the pages' grid any file system that has direct transfers refuses them.
TEST_F(large_file, goes_through_the_page_cache_where_direct_transfers_are_refused) {
  constexpr std::uint64_t odd = 100;
  const auto path = dir.at("f");
  const unique_fd plain(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
  unique_fd refusing(::open(path.c_str(), O_WRONLY | O_DIRECT));
  if (!refusing.is_open()) GTEST_SKIP() << "no direct transfers on this file system";
  const buffer page(4_KiB);
  if (::pwrite(refusing.get(), page.data(), page.size(), odd) != -1) GTEST_SKIP() << "this file system takes any transfer";
  ASSERT_EQ(errno, EINVAL);
  store::posix::direct_writer writer(std::move(refusing), plain.get(), odd);
  ASSERT_EQ(writer.append(byte_view(bytes).first(9_MiB)), 0);
  byte_view tail;
  ASSERT_EQ(writer.finish(tail), 0);
  EXPECT_TRUE(tail.empty());
  std::vector<std::byte> read(9_MiB);
  ASSERT_EQ(::pread(plain.get(), read.data(), read.size(), odd), static_cast<ssize_t>(read.size()));
  EXPECT_TRUE(std::ranges::equal(read, byte_view(bytes).first(9_MiB)));
}

TEST_F(large_file, other_failures_are_told) {
  const auto path = dir.at("f");
  const unique_fd plain(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
  unique_fd read_only(::open(path.c_str(), O_RDONLY));
  store::posix::direct_writer writer(std::move(read_only), plain.get(), 0);
  byte_view tail;
  (void)writer.append(byte_view(bytes).first(9_MiB));  // may not know it yet
  EXPECT_EQ(writer.finish(tail), EBADF);
  EXPECT_EQ(writer.append(byte_view(bytes).first(1)), EBADF);
}

TEST_F(large_file, gives_the_odd_end_back) {
  const auto path = dir.at("f");
  const unique_fd plain(::open(path.c_str(), O_RDWR | O_CREAT, 0600));
  unique_fd second(::open(path.c_str(), O_WRONLY));
  store::posix::direct_writer writer(std::move(second), plain.get(), 0);
  ASSERT_EQ(writer.append(byte_view(bytes).first(9_MiB + 5)), 0);
  byte_view tail;
  ASSERT_EQ(writer.finish(tail), 0);
  EXPECT_EQ(tail.size(), 5u);
  EXPECT_TRUE(std::ranges::equal(tail, byte_view(bytes).subspan(9_MiB, 5)));
  std::vector<std::byte> read(9_MiB);
  ASSERT_EQ(::pread(plain.get(), read.data(), read.size(), 0), static_cast<ssize_t>(read.size()));
  EXPECT_TRUE(std::ranges::equal(read, byte_view(bytes).first(9_MiB)));
}

}  // namespace
}  // namespace umbra::test
