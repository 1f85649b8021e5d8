// SPDX-License-Identifier: GPL-3.0-or-later
// Files whose disk is there; volume_matrix_root_test takes one away.
#include "engine/shadow/storage_probe_linux.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "engine/io/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace umbra::shadow {
namespace {

bool is_there(std::uint64_t size, std::uint64_t data_at, const std::string& data, range window) {
  const test::temp_dir dir;
  const unique_fd file(::open(dir.at("file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  EXPECT_EQ(::pwrite(file.get(), data.data(), data.size(), static_cast<off_t>(data_at)), static_cast<ssize_t>(data.size()));
  return is_storage_there(file.get(), window);
}

TEST(storage_probe, finds_data_anywhere) {
  EXPECT_TRUE(is_there(1 << 20, 0, "data", {0, 1 << 20}));
  EXPECT_TRUE(is_there(1 << 20, 999'999, "data", {0, 1 << 20}));
  EXPECT_TRUE(is_there((1 << 20) + 512, 1 << 20, "data", {512, 1 << 20}));
}

TEST(storage_probe, nothing_to_read_is_no_loss) {
  EXPECT_TRUE(is_there(1 << 20, 0, "", {0, 1 << 20}));
  EXPECT_TRUE(is_there(0, 0, "", {0, 0}));
  EXPECT_TRUE(is_there(100, 0, "short", {0, 100}));
}

TEST(storage_probe, a_file_that_is_closed_is_not_there) { EXPECT_FALSE(is_storage_there(-1, {0, 4096})); }

}  // namespace
}  // namespace umbra::shadow
