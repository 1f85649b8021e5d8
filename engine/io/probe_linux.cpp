// SPDX-License-Identifier: GPL-3.0-or-later
// Only this process's mount namespace is seen: opening a node exclusively is the last word on what others mount.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "engine/io/block_tree_linux.h"
#include "engine/io/mounts_linux.h"
#include "engine/io/probe.h"
#include "engine/io/small_file_posix.h"

namespace umbra::io {
namespace {

device_number number_of(dev_t device) { return {major(device), minor(device)}; }

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

result<struct stat> existing(const std::string& path) {
  if (path.empty()) return error(errc::usage, "a path is needed, this one is empty");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os_failure(errc::io_read, path);
  return status;
}

bool is_same(const struct stat& a, const struct stat& b) {
  if (S_ISBLK(a.st_mode) && S_ISBLK(b.st_mode)) return a.st_rdev == b.st_rdev;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool touch(const device_set& a, const device_set& b) {
  return std::ranges::any_of(a, [&](device_number d) { return b.contains(d); });
}

// What the disk or file at `path` is as block devices: itself with its doubles, or the loop devices over it.
device_set devices_of(const block_tree& tree, const std::string& path, const struct stat& status) {
  if (S_ISBLK(status.st_mode)) return tree.with_overlapping_loops(number_of(status.st_rdev));
  if (S_ISREG(status.st_mode)) return tree.loops_over(path);
  return {};
}

// The path, or the nearest folder above it that exists: where it would be made.
std::string nearest_existing(std::string path) {
  struct stat status {};
  while (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    path.resize(std::max<std::size_t>(slash, 1));
  }
  return path;
}

void add_mounts(const block_tree& tree, const device_set& above, std::vector<mount_use>& uses) {
  for (const auto& mount : mounts()) {
    const auto lies = devices_of(tree, mount);
    const auto hit = std::ranges::find_if(lies, [&](device_number d) { return above.contains(d); });
    if (hit != lies.end()) uses.push_back({tree.node_name(*hit), mount.mount_point, mount.read_only});
  }
}

void add_swaps(const device_set& above, const struct stat& target, std::vector<mount_use>& uses) {
  for (const auto& path : parse_swaps(read_text("/proc/swaps"))) {
    const auto status = status_of(path);
    if (!status) continue;
    const bool on_device = S_ISBLK(status->st_mode) && above.contains(number_of(status->st_rdev));
    if (on_device || is_same(*status, target)) uses.push_back({path, "swap", false});
  }
}

// The first attribute that says something names the hardware.
constexpr const char* identity_attributes[] = {"wwid", "device/wwid", "serial", "device/serial", "dm/uuid", "md/uuid"};

}  // namespace

result<std::vector<mount_use>> mounts_of(const std::string& path) {
  TRY(const auto status, existing(path));
  const block_tree tree;
  const auto above = tree.with_all_above(devices_of(tree, path, status));
  std::vector<mount_use> uses;
  add_mounts(tree, above, uses);
  add_swaps(above, status, uses);
  return uses;
}

result<bool> lies_on(const std::string& inside, const std::string& disk) {
  const auto place = nearest_existing(inside);
  TRY(const auto inside_status, existing(place));
  TRY(const auto disk_status, existing(disk));
  const block_tree tree;
  device_set carriers{number_of(inside_status.st_dev)};
  if (major(inside_status.st_dev) == 0) {
    const auto mount = mount_of(place);
    carriers = mount ? devices_of(tree, *mount) : device_set{};
  }
  return touch(tree.with_all_below(carriers), devices_of(tree, disk, disk_status));
}

result<volume_path> path_in_volume(const std::string& path) {
  const auto place = nearest_existing(path);
  CHECK(existing(place));
  const auto mount = mount_of(place);
  if (!mount) return error(errc::io_read, path + ": on no mount that is listed");
  std::error_code failed;
  const auto full = std::filesystem::weakly_canonical(path, failed);
  if (failed) return error(errc::io_read, path, failed.value());
  const auto inside = full.lexically_relative(mount->mount_point);
  const block_tree tree;
  const auto devices = devices_of(tree, *mount);
  volume_path found;
  if (!devices.empty()) found.device = tree.node_name(*devices.begin());
  found.path = (std::filesystem::path(mount->root) / inside).lexically_normal().string();
  return found;
}

std::vector<std::string> active_swap_files() {
  auto paths = parse_swaps(read_text("/proc/swaps"));
  std::erase_if(paths, [](const auto& path) {
    const auto status = status_of(path);
    return !status || !S_ISREG(status->st_mode);
  });
  return paths;
}

bool same_file(const std::string& a, const std::string& b) {
  const auto first = status_of(a);
  const auto second = status_of(b);
  return first && second && is_same(*first, *second);
}

std::string hardware_id(const std::string& path) {
  const auto status = status_of(path);
  if (!status || !S_ISBLK(status->st_mode)) return {};
  const block_tree tree;
  const auto device = number_of(status->st_rdev);
  for (const auto* attribute : identity_attributes) {
    const auto id = tree.disk_attribute(device, attribute);
    if (id.empty()) continue;
    const auto part = tree.partition_number(device);
    return part.empty() ? id : id + "-part" + part;
  }
  return {};
}

}  // namespace umbra::io
