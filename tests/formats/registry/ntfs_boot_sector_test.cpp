// SPDX-License-Identifier: GPL-3.0-or-later
// NTFS keeps a copy of its boot sector in the volume's last one: that saves a damaged volume, and must not haunt a new one.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "formats/registry/allocation.h"
#include "tests/support/packed_volume.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::registry {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

std::vector<std::byte> seed() { return test::seed_volume("ntfs/files_512"); }

}  // namespace

TEST(ntfs_boot_sector, is_replaced_by_its_copy_where_nothing_else_is) {
  io::memory_device volume(seed());
  const auto used = allocation_of(volume, {}).value().used;
  ASSERT_LT(total_size(used), volume.geometry().size);
  std::ranges::fill(volume.contents().first(512), std::byte{0});
  const auto map = allocation_of(volume, {}).value();
  EXPECT_EQ(map.used, used);
  EXPECT_THAT(map.notes, Contains(HasSubstr("copy at the volume's end")));
}

TEST(ntfs_boot_sector, left_over_at_the_end_is_nothing_to_a_newer_file_system) {
  const test::temp_dir dir;
  const auto path = dir.at("volume");
  const auto bytes = seed();
  std::ofstream(path, std::ios::binary) << as_text(bytes);
  test::shell("mke2fs -q -F -t ext2 -b 1024 " + path);
  // mke2fs wipes the end; others do not.
  std::fstream end(path, std::ios::binary | std::ios::in | std::ios::out);
  end.seekp(static_cast<std::streamoff>(bytes.size() - 512));
  end << as_text(byte_view(bytes).last(512)) << std::flush;
  const auto volume = std::move(io::open_device(path, {}).value());
  const auto map = allocation_of(*volume, {}).value();
  EXPECT_THAT(map.notes, AllOf(Contains(HasSubstr("ext2")), Each(Not(HasSubstr("NTFS")))));
  EXPECT_LT(total_size(map.used), volume->geometry().size);
}

}  // namespace umbra::registry
