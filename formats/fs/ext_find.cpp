// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_find.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "formats/fs/ext_bitmap.h"
#include "formats/fs/ext_inode_scan.h"
#include "formats/fs/ext_structures.h"
#include "formats/fs/ext_tree.h"

namespace umbra::fs {
namespace {

constexpr auto exact = plan::path_patterns::letter_case::exact;
constexpr std::size_t file_limit = 1 << 18;
constexpr std::size_t piece_limit = 1 << 20;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

struct found_file {
  std::string path;
  std::uint32_t names = 0;
};
using found_files = std::map<ext2_ino_t, found_file>;

class pattern_visitor final : public ext_tree_visitor {
 public:
  explicit pattern_visitor(const plan::path_patterns& patterns) : patterns_(patterns) {}

  bool enters(const std::string& folder) override { return patterns_.may_match_below(folder, exact); }

  bool sees(const std::string& path, const ext_entry& e) override {
    if (e.kind != ext_entry_kind::file && e.kind != ext_entry_kind::unknown) return true;
    if (!patterns_.matches(path, exact)) return true;
    auto& file = found_[e.inode];
    if (file.names++ == 0) file.path = path;
    return found_.size() <= file_limit;
  }

  found_files& found() { return found_; }

 private:
  const plan::path_patterns& patterns_;
  found_files found_;
};

// All blocks of an inode that bear its data, as ranges of the volume.
struct data_ranges final : ext_block_sink {
  explicit data_ranges(std::uint64_t size) : block_size(size) {}
  bool data(std::uint64_t, std::uint64_t block, std::uint64_t count, bool) override {
    ranges.push_back({block * block_size, count * block_size});
    return ranges.size() <= piece_limit;
  }
  std::uint64_t block_size;
  range_list ranges;
};

// Looks whether any block of an inode lies in ranges of which it must have none.
class intruder final : public ext_block_sink {
 public:
  intruder(const range_list& guarded, std::uint64_t block_size) : guarded_(guarded), block_size_(block_size) {}

  bool meets(std::uint64_t block, std::uint64_t count) const {
    const auto begin = block * block_size_;
    const auto r = std::ranges::upper_bound(guarded_, begin, {}, &range::end);
    return r != guarded_.end() && r->offset < begin + count * block_size_;
  }
  bool data(std::uint64_t, std::uint64_t block, std::uint64_t count, bool) override { return note(block, count); }
  bool tree(std::uint64_t block) override { return note(block, 1); }
  bool found() const { return found_; }

 private:
  bool note(std::uint64_t block, std::uint64_t count) {
    found_ = found_ || meets(block, count);
    return !found_;
  }

  const range_list& guarded_;
  std::uint64_t block_size_;
  bool found_ = false;
};

class file_search {
 public:
  file_search(ext_view& view, const plan::path_patterns& patterns)
      : view_(view), patterns_(patterns), block_size_(view.geometry().block_size) {}

  result<std::vector<plan::file_data>> run() {
    pattern_visitor visitor(patterns_);
    CHECK(walk_tree(view_, visitor));
    found_ = std::move(visitor.found());
    if (found_.size() > file_limit) return doubt("too many files match");
    CHECK(read_inodes());
    if (!all_.empty()) CHECK(check_alone());
    return std::move(files_);
  }

 private:
  result<void> read_inodes() {
    ext_block_walk walk(view_.fs(), view_.reader());
    std::uint64_t told = 0;
    for (auto at = found_.begin(); at != found_.end();) {
      ext2_inode inode;
      if (const auto code = ext2fs_read_inode(view_.fs(), at->first, &inode))
        return doubt(at->second.path + ": " + words_of(code));
      if (!LINUX_S_ISREG(inode.i_mode) || inode.i_links_count != at->second.names) {
        at = found_.erase(at);
        continue;
      }
      data_ranges data(block_size_);
      if (ext_has_blocks(inode) && !walk.walk(inode, data)) return doubt(at->second.path + ": its blocks cannot be found");
      for (const auto& r : data.ranges) told += r.size;
      all_.insert(all_.end(), data.ranges.begin(), data.ranges.end());
      if (all_.size() > piece_limit) return doubt("the files are in too many pieces");
      normalise(data.ranges);
      files_.push_back({at->second.path, EXT2_I_SIZE(&inode), std::move(data.ranges)});
      ++at;
    }
    normalise(all_);
    if (total_size(all_) != told) return doubt("files share blocks");
    return success();
  }

  // A damaged file system may give a block away twice.
  result<void> check_alone() {
    intruder guard(all_, block_size_);
    for (dgrp_t g = 0; g < view_.fs()->group_desc_count; ++g) {
      bool met = false;
      CHECK(visit_structures(view_.fs(), g, [&](ext_structure, std::uint64_t block, std::uint64_t count) {
        met = met || guard.meets(block, count);
      }));
      if (met) return doubt(fmt::format("files lie where group {} has its structures", g));
    }
    TRY(const auto blocks, read_used_blocks(view_.fs(), view_.reader(), plan::scan_options().used_range_limit));
    if (!subtract(all_, blocks.bytes).empty()) return doubt("files lie in free blocks");
    return check_other_inodes(guard);
  }

  // The blocks that tell where a file's others lie are not its data: those are guarded from the file itself, too.
  result<void> check_other_inodes(intruder& guard) {
    struct tree_only final : ext_block_sink {
      explicit tree_only(intruder& g) : guard(g) {}
      bool data(std::uint64_t, std::uint64_t, std::uint64_t, bool) override { return true; }
      bool tree(std::uint64_t block) override { return guard.tree(block); }
      intruder& guard;
    } own(guard);
    ext_block_walk walk(view_.fs(), view_.reader());
    const auto missed = scan_ext_inodes(view_.fs(), false, [&](ext2_ino_t number, const ext2_inode& inode) {
      if (inode.i_mode == 0 && inode.i_links_count == 0 && number >= EXT2_FIRST_INO(view_.fs()->super)) return true;
      const auto attributes = ext2fs_file_acl_block(view_.fs(), &inode);
      if (attributes != 0) guard.tree(attributes);
      const bool has_blocks = ext_has_blocks(inode) || (number < EXT2_FIRST_INO(view_.fs()->super) && inode.i_blocks != 0);
      if (has_blocks && found_.contains(number)) {
        walk.walk(inode, own);
      } else if (has_blocks) {
        walk.walk(inode, guard);
      }
      return !guard.found();
    });
    if (guard.found()) return doubt("files share blocks");
    if (!missed.empty()) return doubt(missed);
    return success();
  }

  ext_view& view_;
  const plan::path_patterns& patterns_;
  std::uint64_t block_size_;
  found_files found_;
  std::vector<plan::file_data> files_;
  range_list all_;  // what lies in them together
};

}  // namespace

result<std::vector<plan::file_data>> find_ext_files(ext_view& view, const plan::path_patterns& patterns) {
  return file_search(view, patterns).run();
}

}  // namespace umbra::fs
