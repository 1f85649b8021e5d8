// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/table/regions.h"

#include <algorithm>
#include <optional>

#include "engine/base/units.h"

namespace umbra::table {
namespace {

// Partitions have begun at 1 MiB since Windows Vista; boot loaders use what lies before.
constexpr std::uint64_t gap_limit = 1_MiB;

class region_list {
 public:
  explicit region_list(const partition_table& table) : table_(table) {}

  // What lies between partitions, up to `end`.
  void fill_to(std::uint64_t end) {
    for (std::size_t i = 0; i < table_.pieces.size() && at_ < end; ++i) {
      const auto& p = table_.pieces[i];
      if (p.end() <= at_ || p.offset >= end) continue;
      rest_to(std::max(p.offset, at_));
      const bool begins_group = p.kind == piece_kind::mbr || p.kind == piece_kind::ebr;
      if (begins_group) group_ = p.offset;
      if (p.kind == piece_kind::gpt_backup_header || p.kind == piece_kind::gpt_backup_entries) group_ = std::nullopt;
      add(region_kind::table, std::min(p.end(), end), i);
    }
    rest_to(end);
  }

  void add_partition(std::size_t index) {
    group_ = std::nullopt;
    add(region_kind::partition, table_.partitions[index].end(), index);
  }

  std::vector<region> take() { return std::move(regions_); }

 private:
  // No piece and no partition. Ends of extended partitions divide it.
  void rest_to(std::uint64_t end) {
    while (at_ < end) {
      auto next = end;
      for (const auto& c : table_.containers) {
        if (c.offset > at_) next = std::min(next, c.offset);
        if (c.end() > at_) next = std::min(next, c.end());
      }
      if (group_ && at_ < *group_ + gap_limit) {
        add(region_kind::gap, std::min(next, *group_ + gap_limit), 0);
      } else {
        add(region_kind::free, next, 0);
      }
    }
  }

  void add(region_kind kind, std::uint64_t end, std::size_t index) {
    regions_.push_back({kind, at_, end - at_, index, container_at(at_)});
    at_ = end;
  }

  std::uint32_t container_at(std::uint64_t offset) const {
    for (const auto& c : table_.containers) {
      if (offset >= c.offset && offset < c.end()) return c.number;
    }
    return 0;
  }

  const partition_table& table_;
  std::vector<region> regions_;
  std::uint64_t at_ = 0;
  std::optional<std::uint64_t> group_;  // begin of the table that nothing but gap has followed yet
};

}  // namespace

std::vector<region> regions_of(const partition_table& table, std::uint64_t disk_size) {
  if (disk_size == 0) return {};
  if (table.kind == table_kind::none) return {{region_kind::whole, 0, disk_size, 0, 0}};
  region_list list(table);
  for (std::size_t i = 0; i < table.partitions.size(); ++i) {
    list.fill_to(table.partitions[i].offset);
    list.add_partition(i);
  }
  list.fill_to(disk_size);
  return list.take();
}

}  // namespace umbra::table
