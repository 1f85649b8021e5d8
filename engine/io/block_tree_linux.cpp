// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/block_tree_linux.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "engine/io/small_file_posix.h"
#include "engine/io/unique_fd.h"

namespace umbra::io {
namespace {

device_number number_of(dev_t device) { return {major(device), minor(device)}; }

struct file_identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const file_identity&) const = default;
};

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

// By the kernel's word: right even if the backing file was renamed or belongs to another mount namespace.
std::optional<file_identity> loop_identity(const std::string& node) {
  const unique_fd fd(::open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  loop_info64 info{};
  if (!fd.is_open() || ::ioctl(fd.get(), LOOP_GET_STATUS64, &info) != 0) return std::nullopt;
  return file_identity{info.lo_device, info.lo_inode};
}

std::uint64_t number_in(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Adds what `next` finds for each device until nothing new comes. A device is asked once, so rings in /sys do no harm.
template <class Next>
device_set closure(const device_set& start, Next next) {
  device_set all;
  std::vector<device_number> to_do(start.begin(), start.end());
  while (!to_do.empty()) {
    const auto device = to_do.back();
    to_do.pop_back();
    if (!all.insert(device).second) continue;
    const device_set found = next(device);
    to_do.insert(to_do.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace

std::string block_tree::folder(device_number device) const {
  return fmt::format("{}/dev/block/{}:{}", sys_, device.major, device.minor);
}

// The devices whose folders (or links to them) lie in `where`; with `required`, only those that have this attribute.
device_set block_tree::members_of(const std::string& where, const std::string& required) const {
  device_set found;
  for (const auto& name : names_in(where)) {
    const auto entry = where + "/" + name;
    if (!required.empty() && read_text(entry + "/" + required).empty()) continue;
    if (const auto number = parse_device_number(read_text(entry + "/dev"))) found.insert(*number);
  }
  return found;
}

device_set block_tree::partitions(device_number device) const { return members_of(folder(device), "partition"); }

std::string block_tree::backing_file(device_number loop) const {
  auto path = read_text(folder(loop) + "/loop/backing_file");
  if (path.ends_with('\n')) path.pop_back();
  return path;
}

std::vector<device_number> block_tree::loops() const {
  const auto bound = members_of(sys_ + "/block", "loop/backing_file");
  return {bound.begin(), bound.end()};
}

device_set block_tree::loops_over(const std::string& path) const {
  device_set found;
  const auto wanted = status_of(path);
  if (!wanted) return found;
  for (const auto loop : loops()) {
    const auto backing = status_of(backing_file(loop));
    const bool same = backing && backing->st_dev == wanted->st_dev && backing->st_ino == wanted->st_ino;
    if (same || loop_identity(node_name(loop)) == file_identity{wanted->st_dev, wanted->st_ino}) found.insert(loop);
  }
  return found;
}

// The part of the backing file that it shows.
range block_tree::window_of(device_number loop) const {
  const auto where = folder(loop) + "/loop/";
  const auto offset = number_in(read_text(where + "offset"));
  const auto limit = number_in(read_text(where + "sizelimit"));
  const auto most = std::numeric_limits<std::uint64_t>::max() - offset;
  return {offset, limit == 0 ? most : std::min(limit, most)};
}

device_set block_tree::with_overlapping_loops(device_number device) const {
  device_set found{device};
  const auto backing = backing_file(device);
  if (backing.empty()) return found;
  const auto mine = window_of(device);
  for (const auto loop : loops_over(backing)) {
    const auto other = window_of(loop);
    if (mine.offset < other.end() && other.offset < mine.end()) found.insert(loop);
  }
  return found;
}

device_set block_tree::with_all_above(device_set devices) const {
  // Loop devices are nobody's holders, so ask each what it lies on.
  std::vector<std::pair<device_number, device_number>> loops_on_nodes;
  for (const auto loop : loops()) {
    const auto backing = status_of(backing_file(loop));
    if (backing && S_ISBLK(backing->st_mode)) loops_on_nodes.emplace_back(number_of(backing->st_rdev), loop);
  }
  return closure(devices, [&](device_number device) {
    auto found = partitions(device);
    found.merge(members_of(folder(device) + "/holders", ""));
    for (const auto& [below, loop] : loops_on_nodes) {
      if (below == device) found.insert(loop);
    }
    return found;
  });
}

device_set block_tree::with_all_below(device_set devices) const {
  return closure(devices, [&](device_number device) {
    auto found = members_of(folder(device) + "/slaves", "");
    if (!partition_number(device).empty()) {
      if (const auto disk = parse_device_number(read_text(folder(device) + "/../dev"))) found.insert(*disk);
    }
    if (const auto backing = status_of(backing_file(device))) {
      found.insert(number_of(S_ISBLK(backing->st_mode) ? backing->st_rdev : backing->st_dev));
    }
    return found;
  });
}

device_set block_tree::btrfs_members(device_number member) const {
  const auto all = sys_ + "/fs/btrfs";
  for (const auto& name : names_in(all)) {
    auto members = members_of(all + "/" + name + "/devices", "");
    if (members.contains(member)) return members;
  }
  return {member};
}

std::string block_tree::node_name(device_number device) const {
  const auto text = read_text(folder(device) + "/uevent");
  constexpr std::string_view key = "DEVNAME=";
  const auto at = text.starts_with(key) ? 0 : text.find("\n" + std::string(key));
  if (at == std::string::npos) return fmt::format("{}:{}", device.major, device.minor);
  const auto begin = text.find('=', at) + 1;
  return "/dev/" + text.substr(begin, text.find('\n', begin) - begin);
}

std::string block_tree::disk_attribute(device_number device, const std::string& attribute) const {
  const auto disk = partition_number(device).empty() ? folder(device) : folder(device) + "/..";
  return trimmed(read_text(disk + "/" + attribute));
}

std::string block_tree::partition_number(device_number device) const { return trimmed(read_text(folder(device) + "/partition")); }

}  // namespace umbra::io
