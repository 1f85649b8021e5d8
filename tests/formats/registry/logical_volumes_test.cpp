// SPDX-License-Identifier: GPL-3.0-or-later
// A file system in a logical volume of two pieces, on a physical volume in memory.
#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "engine/io/pieces_device.h"
#include "formats/registry/allocation.h"
#include "tests/support/lvm_kit.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::registry {
namespace {

using test::lvm_extent_size;
using test::lvm_extents;
using test::lvm_linear;
using test::lvm_logical;
using testing::Contains;
using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t logical_extents = 8 * mib / lvm_extent_size;
constexpr std::uint64_t first_piece = 50;

std::vector<range> pieces() {
  return {{lvm_extents + 150 * lvm_extent_size, first_piece * lvm_extent_size},
          {lvm_extents + 10 * lvm_extent_size, (logical_extents - first_piece) * lvm_extent_size}};
}

// An ext4 file system of 8 MiB with a file of 5 MiB, which lies in both pieces.
std::vector<std::byte> file_system() {
  const test::temp_dir dir;
  test::shell("mkdir " + dir.at("files") + " && head -c 5M /dev/zero | tr '\\0' x > " + dir.at("files/pagefile.sys") +
              " && mke2fs -q -F -t ext4 -b 1024 -O ^has_journal -d " + dir.at("files") + " " + dir.at("fs") + " 8M");
  std::ifstream in(dir.at("fs"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return {reinterpret_cast<const std::byte*>(text.data()), reinterpret_cast<const std::byte*>(text.data()) + text.size()};
}

std::vector<std::byte> physical(const std::string& more = {}) {
  const auto text = test::lvm_text(
      lvm_logical("root", {lvm_linear(0, first_piece, 150), lvm_linear(first_piece, logical_extents - first_piece, 10)}) + more,
      300);
  auto bytes = test::lvm_physical(text, 20 * mib);
  const auto content = file_system();
  auto from = content.begin();
  for (const auto& p : pieces()) {
    const auto next = from + static_cast<std::ptrdiff_t>(p.size);
    std::copy(from, next, bytes.begin() + static_cast<std::ptrdiff_t>(p.offset));
    from = next;
  }
  return bytes;
}

range_list around() {
  const auto end = lvm_extents + 300 * lvm_extent_size;
  return {{0, lvm_extents}, {end, 20 * mib - end}};
}

}  // namespace

TEST(logical_volumes, are_shown_in_the_layout_as_disks) {
  io::memory_device disk(physical());
  const auto logical = io::make_pieces(disk, pieces(), "root").value();
  const auto inner = survey_disk(*logical, {}).layout;
  const auto layout = survey_disk(disk, {}).layout;
  ASSERT_EQ(layout.regions.size(), 1u);
  const auto& content = layout.regions[0].content.value();
  EXPECT_EQ(content.kind, "LVM");
  ASSERT_EQ(content.volumes.size(), 1u);
  const auto& shown = content.volumes[0];
  EXPECT_THAT(shown.name, HasSubstr("root"));
  EXPECT_EQ(shown.disk.size, 8 * mib);
  EXPECT_EQ(shown.disk.identity, inner.identity);
  ASSERT_EQ(shown.disk.regions.size(), 1u);
  EXPECT_EQ(shown.disk.regions[0].content.value().kind, "ext4");
  EXPECT_EQ(shown.disk.regions[0].content.value().used, inner.regions[0].content.value().used);
  EXPECT_EQ(content.used, total_size(allocation_of(disk, {}).value().used));
}

TEST(logical_volumes, use_what_lies_in_them_uses) {
  io::memory_device disk(physical());
  const auto map = allocation_of(disk, {}).value();
  const auto logical = io::make_pieces(disk, pieces(), "root").value();
  const auto inner = allocation_of(*logical, {}).value();
  ASSERT_LT(total_size(inner.used), 8 * mib);
  range_list expected = around();
  const io::piece_row row(pieces());
  for (const auto& r : inner.used) {
    for (const auto& p : row.places(r)) expected.push_back(p);
  }
  normalise(expected);
  EXPECT_EQ(map.used, expected);
  EXPECT_THAT(map.notes.front(), HasSubstr("LVM, "));
  EXPECT_THAT(map.notes, Contains(testing::StartsWith("LV vg/root: ext4, ")));
}

TEST(logical_volumes, have_their_files_where_the_bytes_are) {
  io::memory_device disk(physical());
  const auto map = allocation_of(disk, {}).value();
  std::uint64_t told = 0;
  std::uint64_t reach = 0;
  for (const auto& f : map.files) {
    EXPECT_GE(f.offset, reach);
    reach = f.end();
    const auto bytes = byte_view(disk.contents()).subspan(f.offset, f.size);
    EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{'x'}; }));
    told += f.size;
  }
  EXPECT_EQ(told, 5 * mib);
}

TEST(logical_volumes, leave_out_files_where_their_bytes_are) {
  io::memory_device disk(physical());
  const exclusion_rules rules{{.pattern = "/pagefile.sys", .why = "asked for", .volume_kind = {}, .volume_id = {}}};
  const auto map = allocation_of(disk, {.leave_out = rules}).value();
  ASSERT_EQ(map.left_out.size(), 1u);
  EXPECT_EQ(map.left_out[0].volume, "LV vg/root");
  EXPECT_EQ(map.left_out[0].path, "/pagefile.sys");
  EXPECT_EQ(map.left_out[0].bytes, 5 * mib);
  const auto ranges = left_out_ranges(map);
  EXPECT_EQ(total_size(ranges), 5 * mib);
  for (const auto& r : ranges) {
    const auto bytes = byte_view(disk.contents()).subspan(r.offset, r.size);
    EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{'x'}; }));
  }
  EXPECT_EQ(intersect(ranges, map.used), ranges);
}

TEST(logical_volumes, that_a_snapshot_needs_are_copied_whole) {
  io::memory_device disk(physical(lvm_logical("snap", {"start_extent = 0\nextent_count = 128\ntype = \"snapshot\"\n"
                                                       "origin = \"root\"\ncow_store = \"cow\""})));
  const auto map = allocation_of(disk, {}).value();
  range_list expected = around();
  for (const auto& p : pieces()) expected.push_back(p);
  normalise(expected);
  EXPECT_EQ(map.used, expected);
  EXPECT_THAT(map.notes, Contains(HasSubstr("LV vg/root, copied whole: it is part of another logical volume")));
}

TEST(logical_volumes, in_each_other_without_end_are_copied_whole_at_some_depth) {
  // Each volume holds the beginning of the disk it lies on: itself, that is.
  auto bytes = test::lvm_physical(test::lvm_text(lvm_logical("self", {lvm_linear(0, 10, 0)}), 60));
  std::copy(bytes.begin(), bytes.begin() + lvm_extents, bytes.begin() + lvm_extents);
  io::memory_device disk(std::move(bytes));
  const auto map = allocation_of(disk, {}).value();
  const range_list self{{lvm_extents, 10 * lvm_extent_size}};
  EXPECT_EQ(intersect(map.used, self), self);
}

}  // namespace umbra::registry
