// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/mounts_linux.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "engine/io/small_file_posix.h"

namespace umbra::io {
namespace {

device_number number_of(dev_t device) { return {major(device), minor(device)}; }

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

bool is_below(const std::string& path, const std::string& mount_point) {
  if (mount_point == "/" || path == mount_point) return true;
  return path.starts_with(mount_point) && path[mount_point.size()] == '/';
}

}  // namespace

device_set devices_of(const block_tree& tree, const mount_entry& mount) {
  if (mount.device.major != 0) return {mount.device};
  device_set found;
  if (const auto source = status_of(mount.source); source && S_ISBLK(source->st_mode)) {
    found = tree.btrfs_members(number_of(source->st_rdev));
  }
  if (mount.type != "overlay") return found;
  for (const std::string_view key : {"upperdir", "lowerdir"}) {
    const auto layer = mount.option(key);
    const auto status = status_of(std::string(layer.substr(0, layer.find(':'))));
    if (status && major(status->st_dev) != 0) found.insert(number_of(status->st_dev));
  }
  return found;
}

std::vector<mount_entry> mounts() { return parse_mountinfo(read_text("/proc/self/mountinfo")); }

std::optional<mount_entry> mount_of(const std::string& path) {
  struct statx status {};
  const bool told = ::statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &status) == 0 && (status.stx_mask & STATX_MNT_ID) != 0;
  std::error_code ignored;
  const auto full = std::filesystem::weakly_canonical(path, ignored).string();
  std::optional<mount_entry> best;
  for (auto& mount : mounts()) {
    if (told && mount.id == status.stx_mnt_id) return std::move(mount);
    const bool longer = !best || mount.mount_point.size() >= best->mount_point.size();
    if (is_below(full, mount.mount_point) && longer) best = std::move(mount);
  }
  return best;
}

}  // namespace umbra::io
