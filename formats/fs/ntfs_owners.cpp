// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "formats/fs/ntfs_find.h"
#include "formats/fs/ntfs_names.h"
#include "formats/fs/ntfs_used.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;
using plan::range_owner;

constexpr std::size_t most_pieces = 1 << 20;  // with their names some 150 MiB; what comes later is unknown

struct piece {
  range where;
  std::uint64_t file = 0;  // number of the base record
};

struct owner_words {
  owner_kind kind = owner_kind::unknown;
  std::string name;
};

// ---- which record has what ---------------------------------------------------------------------------------------------------

class piece_collector {
 public:
  piece_collector(const ntfs_geometry& geometry, const range_list& where) : geometry_(geometry), where_(where) {}

  result<void> add(const ntfs_record& record) {
    std::size_t position = 0;
    while (pieces_.size() < most_pieces) {
      TRY(const auto attribute, record.next(position));
      if (!attribute) break;
      if (attribute->resident()) continue;
      runs_.clear();
      CHECK(attribute->append_runs(geometry_.clusters, runs_));
      for (const auto& run : runs_) {
        if (!run.hole) add_run({run.lcn * geometry_.cluster, run.count * geometry_.cluster}, record.file());
      }
    }
    return success();
  }

  // Sorted, each byte once.
  std::vector<piece> take() {
    std::ranges::sort(pieces_, [](const piece& a, const piece& b) {
      return std::pair(a.where.offset, a.file) < std::pair(b.where.offset, b.file);
    });
    std::uint64_t reach = 0;
    for (auto& p : pieces_) {
      const auto begin = std::max(reach, p.where.offset);
      const auto end = std::max(begin, p.where.end());
      p.where = {begin, end - begin};
      reach = end;
    }
    std::erase_if(pieces_, [](const piece& p) { return p.where.size == 0; });
    return std::move(pieces_);
  }

 private:
  void add_run(range run, std::uint64_t file) {
    for (const auto& r : clip(where_, run)) {
      if (pieces_.size() >= most_pieces) return;
      pieces_.push_back({r, file});
    }
  }

  const ntfs_geometry& geometry_;
  const range_list& where_;
  std::vector<ntfs_run> runs_;
  std::vector<piece> pieces_;
};

// ---- what it is called -------------------------------------------------------------------------------------------------------

class owner_namer {
 public:
  owner_namer(const ntfs_mft& mft, std::optional<ntfs_directories> directories)
      : mft_(mft), directories_(std::move(directories)) {}

  const owner_words& words_of(std::uint64_t file) {
    if (file != last_ || last_words_.name.empty()) last_words_ = look_up(file);
    last_ = file;
    return last_words_;
  }

 private:
  owner_words look_up(std::uint64_t file) {
    const auto nameless = fmt::format("file record {}", file);
    const auto record = mft_.read(file, memory_);
    if (record.has_error() || !record.value()) return {owner_kind::unknown, nameless};
    const auto name = name_of(*record.value());
    if (file < ntfs_file::first_user && file != ntfs_file::root) return system_file(file, name ? name->name : nameless);
    return path(*record.value(), name, nameless);
  }

  // Any one of them; of a file in many pieces it may stand in another record.
  std::optional<ntfs_name> name_of(const ntfs_record& base) {
    const auto records = mft_.records_with(base, ntfs_attribute_type::file_name);
    if (records.has_error() || records.value().empty()) return std::nullopt;
    const auto number = records.value().front();
    std::vector<std::byte> memory;
    const auto record = mft_.read(number, memory);
    if (record.has_error() || !record.value() || record.value()->file() != base.number) return std::nullopt;
    auto names = names_in(*record.value());
    if (names.has_error() || names.value().empty()) return std::nullopt;
    return std::move(names.value().front());
  }

  static owner_words system_file(std::uint64_t file, std::string name) {
    const auto kind = file == ntfs_file::mft   ? owner_kind::inode_table
                      : file == ntfs_file::log ? owner_kind::journal
                                               : owner_kind::metadata;
    return {kind, std::move(name)};
  }

  owner_words path(const ntfs_record& record, const std::optional<ntfs_name>& name, const std::string& nameless) {
    std::optional<std::string> path;
    if (directories_ && record.directory()) path = directories_->path_of_directory(record.file());
    if (directories_ && !record.directory() && name) path = directories_->path_of(*name);
    if (!path) return {owner_kind::unknown, nameless};
    if (name && path->starts_with("/$Extend/")) return {owner_kind::metadata, name->name};
    return {record.directory() ? owner_kind::directory : owner_kind::file, std::move(*path)};
  }

  const ntfs_mft& mft_;
  std::optional<ntfs_directories> directories_;
  std::vector<std::byte> memory_;
  std::uint64_t last_ = 0;
  owner_words last_words_;
};

// ---- what nobody has ---------------------------------------------------------------------------------------------------------

void add_all(std::vector<range_owner>& list, const range_list& ranges, owner_kind kind, const char* name) {
  for (const auto& r : ranges) list.push_back({r, kind, name});
}

// Free clusters, the copy of the boot sector, and what cannot be told.
void add_rest(const ntfs_mft& mft, const range_list& rest, std::vector<range_owner>& list) {
  const auto& g = mft.geometry();
  const auto clusters = clip(rest, {0, g.clusters_end()});
  const auto bitmap = read_ntfs_bitmap(mft, plan::scan_options().used_range_limit);
  if (bitmap.has_error()) {
    add_all(list, clusters, owner_kind::unknown, "");
  } else {
    add_all(list, subtract(clusters, bitmap.value().bytes), owner_kind::free_space, "");
    add_all(list, intersect(clusters, bitmap.value().bytes), owner_kind::unknown, "");
  }
  const auto last = g.sectors * g.sector;
  add_all(list, clip(rest, {g.clusters_end(), last - g.clusters_end()}), owner_kind::unknown, "");
  add_all(list, clip(rest, {last, g.sector}), owner_kind::metadata, "copy of the boot sector");
  add_all(list, clip(rest, {last + g.sector, ~std::uint64_t{0} - last - g.sector}), owner_kind::unknown, "");
}

}  // namespace

result<std::vector<range_owner>> owners_in_ntfs(const ntfs_mft& mft, const range_list& where) {
  piece_collector collector(mft.geometry(), where);
  CHECK(mft.walk(ntfs_mft::on_damage::skip, [&](const ntfs_record& record) { return collector.add(record); }));
  const auto pieces = collector.take();

  std::optional<ntfs_directories> directories;
  if (!pieces.empty()) {
    auto all = ntfs_directories::read(mft, ntfs_mft::on_damage::skip);
    if (all.has_value()) directories = std::move(all).assume_value();
  }
  owner_namer namer(mft, std::move(directories));
  std::vector<range_owner> list;
  range_list told;
  for (const auto& p : pieces) {
    const auto& words = namer.words_of(p.file);
    list.push_back({p.where, words.kind, words.name});
    told.push_back(p.where);
  }
  normalise(told);
  add_rest(mft, subtract(where, told), list);
  std::ranges::sort(list, {}, [](const range_owner& o) { return o.where.offset; });
  return list;
}

}  // namespace umbra::fs
