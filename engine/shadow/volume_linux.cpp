// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/block_tree_linux.h"
#include "engine/io/mounts_linux.h"
#include "engine/io/probe.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {
namespace {

using io::device_number;
using io::mount_entry;

device_number number_of(dev_t device) { return {major(device), minor(device)}; }

// The kernel's number of the mount that `path` leads into.
std::optional<std::uint64_t> mount_id_of(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID, &status) != 0) return std::nullopt;
  if ((status.stx_mask & STATX_MNT_ID) == 0) return std::nullopt;
  return status.stx_mnt_id;
}

// False if something else is mounted over it.
bool is_reachable(const mount_entry& mount) { return mount_id_of(mount.mount_point).value_or(mount.id) == mount.id; }

// The block devices that a mount's file system lies on; an overlay lies on none of its own.
io::device_set carriers_of(const io::block_tree& tree, const mount_entry& mount) {
  return mount.type == "overlay" ? io::device_set{} : io::devices_of(tree, mount);
}

bool lies_elsewhere_too(const mount_entry& mount, const io::device_set& carriers) {
  return carriers.size() > 1 || !mount.option("logdev").empty() || !mount.option("rtdev").empty();
}

std::string node_of(const io::block_tree& tree, device_number number) {
  struct stat status {};
  auto mapped = "/dev/mapper/" + tree.mapped_name(number);
  if (::stat(mapped.c_str(), &status) == 0 && S_ISBLK(status.st_mode)) return mapped;
  return tree.node_name(number);
}

// Somebody holds the device, and it is nothing that /sys or the mount table shows: a mount in another namespace, mostly.
bool is_held_unseen(const io::block_tree& tree, device_number number, const std::string& node) {
  if (tree.with_all_above({number}).size() > 1) return false;
  const unique_fd fd(::open(node.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK));
  return !fd.is_open() && errno == EBUSY;
}

result<void> find_mount(const io::block_tree& tree, volume& v) {
  bool is_hidden = false;
  for (const auto& mount : io::mounts()) {
    const auto carriers = carriers_of(tree, mount);
    if (!carriers.contains(v.number)) continue;
    if (!is_reachable(mount)) {
      is_hidden = true;
      continue;
    }
    v.mount_point = mount.mount_point;
    v.file_system = mount.type;
    v.read_only = mount.read_only;
    v.is_member = lies_elsewhere_too(mount, carriers);
    return success();
  }
  if (!is_hidden) return success();
  return failure(result_code::e_volume_not_supported,
                 v.device + " is mounted where this process cannot reach it: something else is mounted over it");
}

result<bool> is_written_from_above(const std::string& path) {
  TRY(const auto uses, io::mounts_of(path));
  return std::ranges::any_of(uses, [](const io::mount_use& use) { return !use.read_only; });
}

result<volume> volume_of_device(const io::block_tree& tree, device_number number) {
  volume v;
  v.device = node_of(tree, number);
  v.number = number;
  v.size = tree.size_of(number);
  v.mapped_name = tree.mapped_name(number);
  v.logical_volume = tree.logical_volume(number);
  if (auto place = tree.place_in_file(number)) {
    v.backing_file = std::move(place->file);
    v.backing_window = {place->offset, v.size};
  }
  CHECK(find_mount(tree, v));
  if (!v.is_mounted()) {
    TRY(const bool written, is_written_from_above(v.device));
    v.read_only = !written && !is_held_unseen(tree, number, v.device);
  }
  v.name = v.is_mounted() ? v.mount_point : v.device;
  return v;
}

result<volume> volume_of_mount(const io::block_tree& tree, const mount_entry& mount) {
  const auto carriers = carriers_of(tree, mount);
  if (carriers.empty()) {
    return failure(result_code::e_volume_not_supported,
                   fmt::format("{}: a file system of type {} lies on no block device", mount.mount_point, mount.type));
  }
  // Of several, the one that was named when it was mounted.
  struct stat source {};
  const bool named = ::stat(mount.source.c_str(), &source) == 0 && S_ISBLK(source.st_mode);
  const auto number = named && carriers.contains(number_of(source.st_rdev)) ? number_of(source.st_rdev) : *carriers.begin();
  return volume_of_device(tree, number);
}

result<volume> volume_of_folder(const io::block_tree& tree, const std::string& path) {
  std::error_code failed;
  const auto full = std::filesystem::canonical(path, failed).string();
  if (failed) return error(errc::not_found, path, failed.value());
  const auto mount = io::mount_of(full);
  if (!mount || mount->mount_point != full) {
    return error(errc::usage, fmt::format("{} is a folder of {}, not a mount point, disk or file", path,
                                          mount ? mount->mount_point : "an unknown file system"));
  }
  return volume_of_mount(tree, *mount);
}

result<volume> volume_of_file(const io::block_tree& tree, const std::string& path, const struct stat& status) {
  const auto size = static_cast<std::uint64_t>(status.st_size);
  for (const auto loop : tree.loops_over(path)) {
    TRY(auto v, volume_of_device(tree, loop));
    const bool whole = v.backing_window.offset == 0 && v.size == align_down(size, 512);
    if (whole && v.is_mounted()) return v;
  }
  volume v;
  std::error_code ignored;
  v.device = v.name = std::filesystem::canonical(path, ignored).string();
  v.size = size;
  TRY(const bool written, is_written_from_above(path));
  v.read_only = !written;
  return v;
}

// A disk as block devices show it, in coordinates of the file below it if there is one, else in its own.
struct disk_view {
  io::device_places starts;  // where each device that shows some of it begins
  range extent;              // the disk itself
};

disk_view view_of_device(const io::block_tree& tree, device_number disk) {
  disk_view view{{}, {0, tree.size_of(disk)}};
  const auto own = tree.place_in_file(disk);
  if (own) view.extent.offset = own->offset;
  view.starts.emplace(disk, view.extent.offset);
  // Loop devices beside it, over the same bytes.
  for (const auto other : tree.with_overlapping_loops(disk)) {
    const auto place = tree.place_in_file(other);
    view.starts.emplace(other, own && place ? std::optional(place->offset) : std::nullopt);
  }
  return view;
}

result<disk_view> view_of(const io::block_tree& tree, const std::string& disk, const struct stat& status) {
  if (S_ISBLK(status.st_mode)) return view_of_device(tree, number_of(status.st_rdev));
  if (!S_ISREG(status.st_mode)) return error(errc::usage, disk + " is neither a disk nor a file");
  disk_view view{{}, {0, static_cast<std::uint64_t>(status.st_size)}};
  for (const auto loop : tree.loops_over(disk)) {
    const auto place = tree.place_in_file(loop);
    view.starts.emplace(loop, place ? std::optional(place->offset) : std::nullopt);
  }
  return view;
}

// Whether something of `size` bytes at `place` can lie on the disk.
bool overlaps(const disk_view& view, std::optional<std::uint64_t> place, std::uint64_t size) {
  return !place || (*place < view.extent.end() && view.extent.offset < *place + size);
}

std::optional<std::uint64_t> offset_on_disk(const disk_view& view, std::optional<std::uint64_t> place, std::uint64_t size) {
  if (!place || *place < view.extent.offset || *place + size > view.extent.end()) return std::nullopt;
  return *place - view.extent.offset;
}

result<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (path.empty()) return error(errc::usage, "a path is needed, this one is empty");
  if (::stat(path.c_str(), &status) != 0) return os_failure(errc::io_read, path);
  return status;
}

}  // namespace

result<volume> find_volume(const std::string& path) {
  TRY(const auto status, status_of(path));
  const io::block_tree tree;
  if (S_ISDIR(status.st_mode)) return volume_of_folder(tree, path);
  if (S_ISBLK(status.st_mode)) return volume_of_device(tree, number_of(status.st_rdev));
  if (S_ISREG(status.st_mode)) return volume_of_file(tree, path, status);
  return error(errc::usage, path + " is neither a mount point nor a disk nor a file");
}

result<std::vector<placed_volume>> volumes_on(const std::string& disk) {
  TRY(const auto status, status_of(disk));
  const io::block_tree tree;
  TRY(const auto view, view_of(tree, disk, status));
  const auto places = tree.places_above(view.starts);
  std::vector<placed_volume> found;
  for (const auto& mount : io::mounts()) {
    const auto carriers = carriers_of(tree, mount);
    for (const auto number : carriers) {
      const auto place = places.find(number);
      const auto is_known = [&](const placed_volume& p) { return p.what.number == number; };
      if (place == places.end() || std::ranges::any_of(found, is_known)) continue;
      TRY(auto v, volume_of_device(tree, number));
      if (!overlaps(view, place->second, v.size)) continue;
      const auto offset = offset_on_disk(view, lies_elsewhere_too(mount, carriers) ? std::nullopt : place->second, v.size);
      found.push_back({std::move(v), offset});
    }
  }
  return found;
}

// The kernel lists mounts as they were made.
std::vector<std::string> mount_points() {
  std::vector<std::string> points;
  for (auto& mount : io::mounts()) points.push_back(std::move(mount.mount_point));
  return points;
}

}  // namespace umbra::shadow
