// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/fault_owners.h"

#include <algorithm>

#include "engine/io/window_device.h"
#include "engine/plan/formatted_volume.h"
#include "formats/registry/signature.h"
#include "formats/registry/volume_formats.h"
#include "formats/table/regions.h"
#include "formats/table/table.h"

namespace umbra::registry {
namespace {

fault_owner_kind kind_of(plan::owner_kind kind) {
  switch (kind) {
    case plan::owner_kind::file: return fault_owner_kind::file;
    case plan::owner_kind::directory: return fault_owner_kind::directory;
    case plan::owner_kind::free_space: return fault_owner_kind::free_space;
    case plan::owner_kind::journal: return fault_owner_kind::journal;
    case plan::owner_kind::inode_table: return fault_owner_kind::inode_table;
    case plan::owner_kind::metadata: return fault_owner_kind::metadata;
    case plan::owner_kind::unknown: break;
  }
  return fault_owner_kind::unknown;
}

const char* name_of(table::piece_kind kind) {
  switch (kind) {
    case table::piece_kind::mbr: return "MBR";
    case table::piece_kind::ebr: return "EBR";
    case table::piece_kind::gpt_header: return "GPT header";
    case table::piece_kind::gpt_entries: return "GPT entries";
    case table::piece_kind::gpt_backup_header: return "backup GPT header";
    case table::piece_kind::gpt_backup_entries: return "backup GPT entries";
  }
  return "";
}

// The same checks as those of a backup's map: where nobody can tell what a volume is, nobody can tell whose its bytes are.
result<plan::volume_ptr> sure_volume(io::device& volume) {
  TRY(auto claims, recognise_volume(volume));
  TRY(const auto other, foreign_signature(volume));
  if (claims.size() != 1 || !other.empty()) return plan::volume_ptr();
  return std::move(claims.front());
}

class owner_search {
 public:
  explicit owner_search(io::device& disk) : disk_(disk) {}

  void look_into(const table::partition& p, const range_list& where) {
    if (where.empty()) return;
    auto window = io::make_window(disk_, {p.offset, p.size});
    if (window.has_error()) return add_unknown(p, where);
    look_into(*window.value(), p, where);
  }

  void look_into_whole_disk(const range_list& where) {
    table::partition whole;
    whole.size = disk_.geometry().size;
    look_into(disk_, whole, where);
  }

  void add(const range_list& where, fault_owner_kind kind, const std::string& name) {
    for (const auto& r : where) found_.push_back({r, kind, 0, {}, {}, name});
  }

  std::vector<fault_owner> finish() {
    std::ranges::sort(found_, {}, [](const fault_owner& o) { return o.where.offset; });
    return std::move(found_);
  }

 private:
  void look_into(io::device& device, const table::partition& p, const range_list& where) {
    auto volume = sure_volume(device);
    if (volume.has_error() || !volume.assume_value()) return add_unknown(p, where);
    range_list inside;
    for (const auto& r : where) inside.push_back({r.offset - p.offset, r.size});
    auto owners = volume.assume_value()->owners(inside);
    if (owners.has_error()) owners = plan::nobody_knows(inside);
    const auto kind = volume.assume_value()->facts().kind;
    for (auto& o : owners.assume_value()) {
      found_.push_back({{o.where.offset + p.offset, o.where.size}, kind_of(o.kind), p.number, p.kind, kind, std::move(o.name)});
    }
  }

  void add_unknown(const table::partition& p, const range_list& where) {
    for (const auto& r : where) found_.push_back({r, fault_owner_kind::unknown, p.number, p.kind, {}, {}});
  }

  io::device& disk_;
  std::vector<fault_owner> found_;
};

}  // namespace

std::string_view name_of(fault_owner_kind kind) noexcept {
  switch (kind) {
    case fault_owner_kind::file: return "file";
    case fault_owner_kind::directory: return "directory";
    case fault_owner_kind::free_space: return "free space";
    case fault_owner_kind::journal: return "journal";
    case fault_owner_kind::inode_table: return "inode table";
    case fault_owner_kind::metadata: return "metadata";
    case fault_owner_kind::partition_table: return "partition table";
    case fault_owner_kind::gap: return "gap";
    case fault_owner_kind::unknown: break;
  }
  return "unknown";
}

std::vector<fault_owner> owners_of(io::device& disk, const range_list& where) {
  owner_search search(disk);
  const auto read = table::read_partitions(disk);
  if (read.has_error()) {
    search.add(where, fault_owner_kind::unknown, {});
    return search.finish();
  }
  const auto& table = read.value();
  if (table.partitions.empty() && table.notes.empty()) {
    search.look_into_whole_disk(where);
    return search.finish();
  }
  // Notes say that something of the table cannot be believed: then what lies beside its partitions may be one of them.
  const auto beside = table.notes.empty() ? fault_owner_kind::gap : fault_owner_kind::unknown;
  for (const auto& r : table::regions_of(table, disk.geometry().size)) {
    const auto here = clip(where, {r.offset, r.size});
    if (here.empty()) continue;
    switch (r.kind) {
      case table::region_kind::partition: search.look_into(table.partitions[r.index], here); break;
      case table::region_kind::table:
        search.add(here, fault_owner_kind::partition_table, name_of(table.pieces[r.index].kind));
        break;
      case table::region_kind::whole:
      case table::region_kind::gap:
      case table::region_kind::free: search.add(here, beside, {}); break;
    }
  }
  return search.finish();
}

}  // namespace umbra::registry
