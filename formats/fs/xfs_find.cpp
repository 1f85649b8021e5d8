// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_find.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "formats/fs/xfs_folders.h"
#include "formats/fs/xfs_groups.h"

namespace umbra::fs {
namespace {

constexpr std::size_t most_ranges = 4 << 20;
constexpr std::size_t most_files = 1 << 20;
constexpr std::size_t most_path_bytes = 64 << 20;
constexpr std::uint32_t copy_on_write = 0x80000000;  // set aside, of no file yet

struct found_file {
  std::string path;
  std::uint64_t inode = 0;
};

result<std::vector<found_file>> match(const xfs_geometry& g, io::unaligned_reader& reader, const plan::path_patterns& patterns) {
  constexpr auto how = plan::path_patterns::letter_case::exact;
  std::vector<found_file> found;
  std::unordered_set<std::uint64_t> inodes;
  std::size_t path_bytes = 0;
  const auto is_enough = [&] { return found.size() > most_files || path_bytes > most_path_bytes; };
  xfs_path_visitor visitor;
  visitor.enters = [&](std::string_view path) { return patterns.may_match_below(path, how); };
  visitor.entry = [&](const std::string& path, const xfs_entry& e) {
    if (e.kind == xfs_entry_kind::file && patterns.matches(path, how) && inodes.insert(e.inode).second) {
      found.push_back({path, e.inode});
      path_bytes += path.size();
    }
    return !is_enough();
  };
  CHECK(walk_paths(g, reader, visitor));
  if (is_enough()) return xfs_doubt("too many files match");
  return found;
}

// What more than one file has, by the groups' trees of sharing.
result<range_list> read_shared(const xfs_geometry& g, io::unaligned_reader& reader) {
  range_list shared;
  xfs_tree_walk walk(g, reader);
  for (std::uint32_t number = 0; number < g.ag_count; ++number) {
    TRY(const auto group, read_group(g, reader, number));
    const auto leaf = [&](byte_view records) -> result<void> {
      for (; !records.empty(); records = records.subspan(sizeof(xfs_shared_extent))) {
        const auto e = read_struct<xfs_shared_extent>(records);
        if (e.block.value() & copy_on_write) continue;
        if (!fits(e.block.value(), e.count.value(), group.length)) return xfs_doubt("sharing outside of its group");
        if (e.references.value() < 2) continue;
        if (shared.size() >= most_ranges) return xfs_doubt("too many shared pieces");
        shared.push_back({g.place_of(number, e.block.value()), std::uint64_t{e.count.value()} * g.block_size});
      }
      return success();
    };
    CHECK(walk.run(sharing_tree(g, number), {group.space.sharing_root.value()}, group.space.sharing_levels.value(), leaf));
  }
  normalise(shared);
  return shared;
}

class file_describer {
 public:
  file_describer(const xfs_geometry& g, io::unaligned_reader& reader, const range_list& used)
      : geometry_(g), reader_(reader), used_(used), forks_(g, reader) {}

  result<plan::file_data> describe(const found_file& f) {
    TRY(const auto inode, read_inode(geometry_, reader_, f.inode, memory_));
    if (!inode.is_file()) return xfs_doubt(f.path + ": no file");
    plan::file_data file;
    file.path = f.path;
    file.size = inode.size;
    if (inode.realtime) return file;
    // Unwritten extents are the file's as well.
    CHECK(forks_.run(inode, inode.data, [&](const xfs_extent& e) -> result<void> {
      if (++ranges_ > most_ranges) return xfs_doubt("too many pieces");
      file.data.push_back(e.place);
      return success();
    }));
    const auto count = total_size(file.data);
    normalise(file.data);
    if (total_size(file.data) != count) return xfs_doubt(f.path + ": it has blocks twice");
    if (!subtract(file.data, used_).empty()) return xfs_doubt(f.path + ": it lies in free space");
    if (!inode.sharing) return file;
    if (!shared_) {
      TRY(shared_, read_shared(geometry_, reader_));
    }
    file.data = subtract(file.data, *shared_);
    return file;
  }

 private:
  const xfs_geometry& geometry_;
  io::unaligned_reader& reader_;
  const range_list& used_;
  xfs_fork_reader forks_;
  std::vector<std::byte> memory_;
  std::size_t ranges_ = 0;
  std::optional<range_list> shared_;  // once somebody asked
};

}  // namespace

result<std::vector<plan::file_data>> find_xfs_files(const xfs_geometry& g, io::unaligned_reader& reader,
                                                    const plan::path_patterns& patterns, const range_list& used) {
  std::vector<plan::file_data> files;
  if (patterns.empty()) return files;
  TRY(const auto found, match(g, reader, patterns));
  file_describer describer(g, reader, used);
  range_list all;
  std::uint64_t sum = 0;
  for (const auto& f : found) {
    TRY(auto file, describer.describe(f));
    all.insert(all.end(), file.data.begin(), file.data.end());
    sum += total_size(file.data);
    files.push_back(std::move(file));
  }
  normalise(all);
  if (total_size(all) != sum) return xfs_doubt("two files have the same blocks");
  return files;
}

}  // namespace umbra::fs
