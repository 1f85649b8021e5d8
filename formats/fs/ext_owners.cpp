// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_owners.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "formats/fs/ext_bitmap.h"
#include "formats/fs/ext_inode_scan.h"
#include "formats/fs/ext_structures.h"
#include "formats/fs/ext_tree.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;

constexpr std::size_t claim_limit = 1 << 19;  // 64 MiB with the names
constexpr std::uint64_t head_size = 2048;     // the boot code's place and the superblock

// A piece of what was asked for that something claims.
struct claim {
  range where;
  owner_kind kind = owner_kind::unknown;
  ext2_ino_t inode = 0;        // 0: `what` is all of the name
  const char* what = nullptr;  // what of the inode it is, null for its data
};

class claim_list {
 public:
  explicit claim_list(const range_list& asked) : asked_(asked) {}

  void add(range r, owner_kind kind, ext2_ino_t inode, const char* what) {
    for (auto a = std::ranges::upper_bound(asked_, r.offset, {}, &range::end); a != asked_.end() && a->offset < r.end(); ++a) {
      if (is_full()) return;
      const auto begin = std::max(a->offset, r.offset);
      claims_.push_back({{begin, std::min(a->end(), r.end()) - begin}, kind, inode, what});
    }
  }
  bool is_full() const { return claims_.size() >= claim_limit; }
  // In order; where two claim the same, the first to come has it.
  std::vector<claim> take();

 private:
  const range_list& asked_;
  std::vector<claim> claims_;
};

std::vector<claim> claim_list::take() {
  std::ranges::stable_sort(claims_, {}, [](const claim& c) { return c.where.offset; });
  std::vector<claim> tidy;
  std::uint64_t reach = 0;
  for (auto c : claims_) {
    const auto begin = std::max(c.where.offset, reach);
    if (begin >= c.where.end()) continue;
    c.where = {begin, c.where.end() - begin};
    reach = c.where.end();
    auto* last = tidy.empty() ? nullptr : &tidy.back();
    if (last && last->where.end() == begin && last->kind == c.kind && last->inode == c.inode && last->what == c.what) {
      last->where.size += c.where.size;
    } else {
      tidy.push_back(c);
    }
  }
  return tidy;
}

// Inodes that no folder names.
const char* special_name(const ext2_super_block& s, ext2_ino_t number) {
  if (number == EXT2_BAD_INO) return "bad blocks";
  if (number == EXT2_RESIZE_INO) return "superblock and descriptors";
  if (number == EXT4_USR_QUOTA_INO || number == EXT4_GRP_QUOTA_INO || number == s.s_prj_quota_inum) return "quota";
  if (number == s.s_orphan_file_inum) return "orphan file";
  return nullptr;
}

// Claims the blocks of one inode after the other.
class inode_claims final : public ext_block_sink {
 public:
  inode_claims(ext_view& view, claim_list& claims)
      : super_(*view.fs()->super),
        fs_(view.fs()),
        walk_(view.fs(), view.reader()),
        claims_(claims),
        size_(view.geometry().block_size) {}

  bool add(ext2_ino_t number, const ext2_inode& inode) {
    const bool reserved = number < EXT2_FIRST_INO(&super_);
    if (inode.i_links_count == 0 && !reserved) return true;
    inode_ = number;
    what_ = special_name(super_, number);
    if (number == super_.s_journal_inum) {
      kind_ = owner_kind::journal;
      what_ = "journal";
    } else if (what_ != nullptr || (inode.i_flags & EXT4_EA_INODE_FL)) {
      kind_ = owner_kind::metadata;
      if (what_ == nullptr) what_ = "extended attributes";
    } else {
      kind_ = LINUX_S_ISDIR(inode.i_mode) ? owner_kind::directory : owner_kind::file;
    }
    if (what_ != nullptr) inode_ = 0;
    if (const auto attributes = ext2fs_file_acl_block(fs_, &inode)) claim_block(attributes, "extended attributes");
    if (ext_has_blocks(inode) || (reserved && inode.i_blocks != 0)) walk_.walk(inode, *this);
    return !claims_.is_full() && !walk_.is_exhausted();
  }

 private:
  bool data(std::uint64_t, std::uint64_t block, std::uint64_t count, bool) override {
    claims_.add({block * size_, count * size_}, kind_, inode_, what_);
    return !claims_.is_full();
  }
  bool tree(std::uint64_t block) override {
    claim_block(block, what_ != nullptr ? what_ : "block list");
    return true;
  }
  void claim_block(std::uint64_t block, const char* what) {
    const auto kind = kind_ == owner_kind::journal ? kind_ : owner_kind::metadata;
    if (block < ext2fs_blocks_count(fs_->super)) claims_.add({block * size_, size_}, kind, inode_, what);
  }

  const ext2_super_block& super_;
  ext2_filsys fs_;
  ext_block_walk walk_;
  claim_list& claims_;
  std::uint64_t size_;
  ext2_ino_t inode_ = 0;
  owner_kind kind_ = owner_kind::unknown;
  const char* what_ = nullptr;
};

// Looks for the paths of inodes, one each.
class path_finder final : public ext_tree_visitor {
 public:
  void want(ext2_ino_t inode) { paths_[inode]; }
  bool enters(const std::string&) override { return left() > 0; }
  bool sees(const std::string& path, const ext_entry& e) override {
    const auto p = paths_.find(e.inode);
    if (p != paths_.end() && p->second.empty()) {
      p->second = path;
      ++known_;
    }
    return left() > 0;
  }
  void know(ext2_ino_t inode, const std::string& path) {
    const auto p = paths_.find(inode);
    if (p == paths_.end()) return;
    p->second = path;
    ++known_;
  }
  std::string of(ext2_ino_t inode) const {
    const auto p = paths_.find(inode);
    return p == paths_.end() || p->second.empty() ? fmt::format("inode {}", inode) : p->second;
  }
  std::size_t left() const { return paths_.size() - known_; }

 private:
  std::map<ext2_ino_t, std::string> paths_;
  std::size_t known_ = 0;
};

// Structures first: they are where the superblock says, whatever an inode claims.
void claim_structures(ext_view& view, claim_list& claims) {
  const std::uint64_t size = view.geometry().block_size;
  claims.add({0, head_size}, owner_kind::metadata, 0, name_of(ext_structure::superblock));
  for (dgrp_t g = 0; g < view.fs()->group_desc_count && !claims.is_full(); ++g) {
    // What lies outside is not told.
    (void)visit_structures(view.fs(), g, [&](ext_structure kind, std::uint64_t block, std::uint64_t count) {
      const auto owner = kind == ext_structure::inode_table ? owner_kind::inode_table : owner_kind::metadata;
      claims.add({block * size, count * size}, owner, 0, name_of(kind));
    });
  }
  const auto& s = *view.fs()->super;
  if (ext2fs_has_feature_mmp(view.fs()->super) && s.s_mmp_block < ext2fs_blocks_count(view.fs()->super)) {
    claims.add({s.s_mmp_block * size, size}, owner_kind::metadata, 0, "protection from two mounts");
  }
}

path_finder find_paths(ext_view& view, const std::vector<claim>& claims) {
  path_finder paths;
  for (const auto& c : claims) {
    if (c.inode != 0) paths.want(c.inode);
  }
  paths.know(EXT2_ROOT_INO, "/");
  // Where the folders are damaged the names found so far must do.
  if (paths.left() > 0) (void)walk_tree(view, paths);
  return paths;
}

void tell(std::vector<plan::range_owner>& told, const range_list& where, owner_kind kind) {
  for (const auto& r : where) told.push_back({r, kind, {}});
}

}  // namespace

std::vector<plan::range_owner> find_ext_owners(ext_view& view, const range_list& where) {
  claim_list list(where);
  claim_structures(view, list);
  inode_claims inodes(view, list);
  const auto missed =
      scan_ext_inodes(view.fs(), true, [&](ext2_ino_t n, const ext2_inode& inode) { return inodes.add(n, inode); });
  const auto claims = list.take();
  const auto paths = find_paths(view, claims);
  std::vector<plan::range_owner> told;
  range_list claimed;
  for (const auto& c : claims) {
    auto name = c.inode == 0 ? std::string() : paths.of(c.inode);
    if (c.what != nullptr) name = c.inode == 0 ? c.what : fmt::format("{} of {}", c.what, name);
    told.push_back({c.where, c.kind, std::move(name)});
    claimed.push_back(c.where);
  }
  normalise(claimed);
  auto rest = subtract(where, claimed);
  const auto used = read_used_blocks(view.fs(), view.reader(), plan::scan_options().used_range_limit);
  if (used.has_value()) {
    const range_list all{{0, view.geometry().size()}};
    const auto free = subtract(intersect(rest, all), used.value().bytes);
    tell(told, free, owner_kind::free_space);
    rest = subtract(rest, free);
  }
  tell(told, rest, owner_kind::unknown);
  std::ranges::sort(told, {}, [](const plan::range_owner& o) { return o.where.offset; });
  return told;
}

}  // namespace umbra::fs
