// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/block_tree_linux.h"
#include "engine/io/probe.h"
#include "engine/shadow/file_copy_linux.h"
#include "engine/shadow/reflink_linux.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {
namespace {

error in_use(const std::string& file, const std::string& why) {
  return failure(result_code::e_volume_in_use, fmt::format("{}: {}", file, why));
}

bool overlap(range a, range b) { return a.offset < b.end() && b.offset < a.end(); }

result<void> check_unmounted(const std::string& file, range window) {
  TRY(const auto volumes, volumes_on(file));
  for (const auto& [v, offset] : volumes) {
    if (!offset || overlap({*offset, v.size}, window)) return in_use(file, "it is mounted on " + v.mount_point);
  }
  TRY(const auto uses, io::mounts_of(file));
  const auto swap = std::ranges::find(uses, "swap", &io::mount_use::mount_point);
  if (swap != uses.end()) return in_use(file, "it is used as swap space");
  return success();
}

// Virtual machines hold locks on their disks.
result<void> check_unlocked(const std::string& file, int fd) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return success();
  return in_use(file, "another program has a lock on it");
}

// The loop devices over the file that show a part of the window, claimed: nobody mounts them while this is held.
result<std::vector<unique_fd>> claim_loops(const std::string& file, range window) {
  const io::block_tree tree;
  std::vector<unique_fd> claimed;
  for (const auto loop : tree.loops_over(file)) {
    const auto place = tree.place_in_file(loop);
    if (place && !overlap({place->offset, tree.size_of(loop)}, window)) continue;
    const auto node = tree.node_name(loop);
    unique_fd fd(::open(node.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
    if (!fd.is_open() && errno == EBUSY) return in_use(file, node + " is in use");
    if (!fd.is_open()) return os_failure(errc::io_read, node);
    claimed.push_back(std::move(fd));
  }
  return claimed;
}

// What the kernel keeps of a node: dirty pages go down now, and all of it is read anew later.
void forget_pages(const std::vector<unique_fd>& nodes) {
  for (const auto& node : nodes) ::ioctl(node.get(), BLKFLSBUF, 0);
}

result<void> copy_window(int from, int to, range window) {
  for (std::uint64_t at = window.offset; at < window.end();) {
    auto source = static_cast<off64_t>(at);
    auto target = source;
    const auto n = ::copy_file_range(from, &source, to, &target, static_cast<std::size_t>(window.end() - at), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return copy_failure("copying it back", n == 0 ? EIO : errno);
    at += static_cast<std::uint64_t>(n);
  }
  return success();
}

result<std::uint64_t> size_of(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return os_failure(errc::io_read, name);
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

result<file_revert> file_revert::begin(int copy, const std::string& volume_file, range window) {
  file_revert r;
  r.copy_ = copy;
  r.name_ = volume_file;
  r.window_ = window;
  r.target_.reset(::open(volume_file.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!r.target_.is_open()) return os_failure(errc::io_write, volume_file);
  CHECK(check_unmounted(volume_file, window));
  CHECK(check_unlocked(volume_file, r.target_.get()));
  TRY(r.nodes_, claim_loops(volume_file, window));
  TRY(const auto old_size, size_of(copy, "the shadow copy"));
  TRY(const auto new_size, size_of(r.target_.get(), volume_file));
  if (fits(window.offset, window.size, std::min(old_size, new_size))) return r;
  return error(errc::geometry_mismatch, volume_file + " became shorter since the shadow copy was made");
}

result<void> file_revert::run() {
  forget_pages(nodes_);
  TRY(const auto old_size, size_of(copy_, "the shadow copy"));
  TRY(const auto new_size, size_of(target_.get(), name_));
  if (window_ == range{0, new_size} && old_size == new_size) {
    if (const int why = clone_file(copy_, target_.get()); why != 0) return copy_failure(name_, why);
  } else {
    CHECK(within(name_, copy_window(copy_, target_.get(), window_)));
  }
  if (::fsync(target_.get()) != 0) return copy_failure(name_, errno);
  forget_pages(nodes_);
  return success();
}

}  // namespace umbra::shadow
