// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_find.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/fs/ntfs_names.h"
#include "formats/fs/ntfs_used.h"

namespace umbra::fs {
namespace {

using plan::file_data;
using plan::path_patterns;

constexpr auto folded = path_patterns::letter_case::folded;
constexpr std::size_t most_pieces = 4 << 20;  // of all files found together: 64 MiB
constexpr std::size_t most_paths = 64 << 20;  // their bytes

struct match {
  std::uint64_t file = 0;  // number of its base record
  std::string path;
};

// What NTFS keeps for itself: never left out of anything.
bool is_system(std::uint64_t file, std::string_view path) {
  return file < ntfs_file::first_user || path.starts_with("/$Extend/");
}

result<std::vector<match>> match_names(const ntfs_mft& mft, const path_patterns& patterns) {
  TRY(const auto directories, ntfs_directories::read(mft, ntfs_mft::on_damage::stop));
  std::vector<match> matches;
  std::size_t memory = 0;
  const auto walked = mft.walk(ntfs_mft::on_damage::stop, [&](const ntfs_record& record) -> result<void> {
    if (record.is_base() && record.directory()) return success();
    TRY(const auto names, names_in(record));
    for (const auto& n : names) {
      auto path = n.of_directory ? std::nullopt : directories.path_of(n);
      if (!path || is_system(record.file(), *path) || !patterns.matches(*path, folded)) continue;
      memory += path->size() + sizeof(match);
      if (memory > most_paths) return error(errc::unsupported, "too many files match");
      matches.push_back({record.file(), std::move(*path)});
    }
    return success();
  });
  CHECK(walked);
  // One path for each file.
  std::ranges::stable_sort(matches, {}, &match::file);
  const auto same_file = [](const match& a, const match& b) { return a.file == b.file; };
  matches.erase(std::unique(matches.begin(), matches.end(), same_file), matches.end());
  return matches;
}

// Files and who has which piece.
struct found_files {
  struct piece {
    range where;
    std::uint64_t file;
  };
  std::vector<file_data> files;
  std::vector<piece> pieces;  // sorted
};

// The size of a file whose data lie in its record.
result<std::uint64_t> resident_size(const ntfs_record& record) {
  TRY(const auto data, record.find(ntfs_attribute_type::data));
  if (!data) return std::uint64_t{0};
  TRY(const auto value, data->value());
  return value.size();
}

result<void> add_file(const ntfs_mft& mft, const match& m, std::vector<std::byte>& memory, found_files& found) {
  TRY(const auto record, mft.read(m.file, memory));
  if (!record || !record->is_base()) return error(errc::decode, "its record is not in use");
  if (record->directory()) return success();
  TRY(const auto stream, mft.data_of(*record));
  file_data f;
  f.path = m.path;
  if (stream) {
    f.size = stream->size;
    f.data = stream->places(mft.geometry());
  } else {
    TRY(f.size, resident_size(*record));
  }
  for (const auto& r : f.data) found.pieces.push_back({r, m.file});
  if (found.pieces.size() > most_pieces) return error(errc::unsupported, "too many files match");
  normalise(f.data);
  found.files.push_back(std::move(f));
  return success();
}

error shared(std::uint64_t file) {
  return {errc::decode, fmt::format("file record {}: another file claims the same clusters", file)};
}

// Nobody else may have clusters of the files found: leaving them out would take them from somebody.
result<void> check_alone(const ntfs_mft& mft, found_files& found) {
  auto& pieces = found.pieces;
  std::ranges::sort(pieces, {}, [](const found_files::piece& p) { return p.where.offset; });
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i].where.offset < pieces[i - 1].where.end()) return shared(pieces[i].file);
  }
  const std::uint64_t cluster = mft.geometry().cluster;
  std::vector<ntfs_run> runs;
  return mft.walk(ntfs_mft::on_damage::stop, [&](const ntfs_record& record) -> result<void> {
    std::size_t position = 0;
    while (true) {
      TRY(const auto attribute, record.next(position));
      if (!attribute) return success();
      if (attribute->resident()) continue;
      runs.clear();
      CHECK(attribute->append_runs(mft.geometry().clusters, runs));
      for (const auto& run : runs) {
        if (run.hole) continue;
        const range where{run.lcn * cluster, run.count * cluster};
        const auto p = std::ranges::partition_point(pieces, [&](const auto& x) { return x.where.end() <= where.offset; });
        const bool own = attribute->is(ntfs_attribute_type::data);
        if (p != pieces.end() && p->where.offset < where.end() && (!own || p->file != record.file())) return shared(p->file);
      }
    }
  });
}

// A volume whose $Bitmap calls a file's clusters free contradicts itself.
result<void> check_allocated(const ntfs_mft& mft, const found_files& found) {
  range_list all;
  for (const auto& p : found.pieces) all.push_back(p.where);
  normalise(all);
  TRY(const auto bitmap, within("$Bitmap", read_ntfs_bitmap(mft, plan::scan_options().used_range_limit)));
  if (!subtract(all, bitmap.bytes).empty()) return error(errc::decode, "$Bitmap: it calls clusters of a file free");
  return success();
}

}  // namespace

result<std::vector<file_data>> find_ntfs_files(const ntfs_mft& mft, const path_patterns& patterns) {
  if (patterns.empty()) return std::vector<file_data>();
  TRY(const auto matches, match_names(mft, patterns));
  found_files found;
  std::vector<std::byte> memory;
  for (const auto& m : matches) CHECK(within(m.path, add_file(mft, m, memory, found)));
  CHECK(check_allocated(mft, found));
  if (!found.pieces.empty()) CHECK(check_alone(mft, found));
  std::ranges::sort(found.files, {}, &file_data::path);
  return std::move(found.files);
}

}  // namespace umbra::fs
