// SPDX-License-Identifier: GPL-3.0-or-later
// Layouts as a survey would give them.
#pragma once

#include "formats/registry/disk_layout.h"

namespace umbra::cli::test {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;

inline table::partition numbered(std::uint32_t number, std::uint64_t offset, std::uint64_t size, std::string kind) {
  table::partition p;
  p.number = number;
  p.offset = offset;
  p.size = size;
  p.kind = std::move(kind);
  return p;
}

inline registry::volume_content content_of(std::string kind, std::string label) {
  registry::volume_content c;
  c.state = registry::content_state::understood;
  c.kind = std::move(kind);
  c.label = std::move(label);
  return c;
}

// 10 GiB: table and gap, 2 GiB of FAT, 5 GiB of ext4 of which 2 GiB are used, 10 MiB of swap, nothing.
inline registry::disk_layout three_partitions() {
  registry::disk_layout layout;
  layout.size = 10 * gib;
  layout.table.kind = table::table_kind::gpt;
  layout.table.id = "11223344-5566-7788-99aa-bbccddeeff00";
  layout.table.pieces = {{table::piece_kind::mbr, 0, 512}, {table::piece_kind::gpt_header, 512, 512}};
  layout.table.partitions = {numbered(1, mib, 2 * gib, "EFI system"), numbered(2, 2 * gib + mib, 5 * gib, "Linux file system"),
                             numbered(3, 7 * gib + mib, 10 * mib, "Linux swap")};
  layout.table.partitions[0].name = "BOOT";
  auto root = content_of("ext4", "root");
  root.id = "9e5b0b1e-0000-4000-8000-000000000001";
  root.used = 2 * gib;
  root.notes = {"ext4, 2.0 GiB of 5.0 GiB used"};
  using table::region_kind;
  layout.regions = {
      {{region_kind::table, 0, 512, 0, 0}, {}},
      {{region_kind::partition, mib, 2 * gib, 0, 0}, registry::volume_content{}},
      {{region_kind::partition, 2 * gib + mib, 5 * gib, 1, 0}, root},
      {{region_kind::partition, 7 * gib + mib, 10 * mib, 2, 0}, content_of("swap", "")},
      {{region_kind::free, 7 * gib + 11 * mib, 3 * gib - 11 * mib, 0, 0}, {}},
  };
  return layout;
}

}  // namespace umbra::cli::test
