// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_tree.h"

#include <vector>

namespace umbra::fs {
namespace {

constexpr std::size_t longest_path = 64 << 10;
constexpr std::size_t waiting_limit = 64 << 20;  // bytes

class tree_walk {
 public:
  tree_walk(ext_view& view, ext_tree_visitor& visitor) : reader_(view.fs(), view.reader()), visitor_(visitor) {}

  result<void> run() {
    if (visitor_.enters("/")) waiting_.push_back({EXT2_ROOT_INO, EXT2_ROOT_INO, "/"});
    while (!waiting_.empty() && !enough_) {
      const auto next = std::move(waiting_.back());
      waiting_.pop_back();
      memory_ -= cost_of(next.path);
      TRY(const auto* inode, reader_.inode(next.inode));
      if (inode->i_flags & EXT4_ENCRYPT_FL) continue;
      const auto prefix = next.path == "/" ? next.path : next.path + "/";
      CHECK(reader_.read(next.inode, next.parent, [&](const ext_entry& e) { return see(next.inode, prefix, e); }));
    }
    return success();
  }

 private:
  struct folder {
    ext2_ino_t inode;
    ext2_ino_t parent;
    std::string path;
  };

  static std::size_t cost_of(const std::string& path) { return sizeof(folder) + path.size(); }

  result<void> see(ext2_ino_t in, const std::string& prefix, ext_entry e) {
    if (enough_) return success();
    const auto path = prefix + std::string(e.name);
    if (path.size() > longest_path) return error(errc::decode, "a path is too long");
    enough_ = !visitor_.sees(path, e);
    if (e.kind != ext_entry_kind::directory && e.kind != ext_entry_kind::unknown) return success();
    if (e.inode == EXT2_ROOT_INO) return error(errc::decode, "the root lies in another folder");
    if (!visitor_.enters(path)) return success();
    if (e.kind == ext_entry_kind::unknown) {
      TRY(const auto* inode, reader_.inode(e.inode));
      if (!LINUX_S_ISDIR(inode->i_mode)) return success();
    }
    memory_ += cost_of(path);
    if (memory_ > waiting_limit) return error(errc::decode, "too many folders");
    waiting_.push_back({e.inode, in, path});
    return success();
  }

  ext_directory_reader reader_;
  ext_tree_visitor& visitor_;
  std::vector<folder> waiting_;
  std::size_t memory_ = cost_of("/");
  bool enough_ = false;
};

}  // namespace

result<void> walk_tree(ext_view& view, ext_tree_visitor& visitor) { return tree_walk(view, visitor).run(); }

}  // namespace umbra::fs
