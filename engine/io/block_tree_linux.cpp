// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/block_tree_linux.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "engine/base/units.h"

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

constexpr std::uint64_t sys_sector = 512;  // /sys counts in these, whatever the device's own are

std::optional<std::uint64_t> parse_count(const std::string& text) {
  const auto digits = trimmed(text);
  if (digits.empty()) return std::nullopt;
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return n;
}

// "vg--a-root" of device mapper is "vg-a/root": a single dash separates, two stand for one.
std::string split_lvm_name(const std::string& name) {
  std::string plain;
  bool divided = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_pair = name.compare(i, 2, "--") == 0;
    if (is_pair) ++i;
    const bool divides = name[i] == '-' && !is_pair;
    if (divides && divided) return {};  // a third part: LVM's own, below or beside a volume
    divided = divided || divides;
    plain += divides ? '/' : name[i];
  }
  return divided ? plain : std::string();
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

device_places block_tree::placed_on(device_number device, std::optional<std::uint64_t> place, const loops_on_nodes& loops) const {
  const auto at = [&](std::optional<std::uint64_t> more) { return place && more ? checked_add(*place, *more) : std::nullopt; };
  device_places found;
  for (const auto part : partitions(device)) found.emplace(part, at(start_of(part)));
  for (const auto holder : members_of(folder(device) + "/holders", "")) found.emplace(holder, std::nullopt);
  for (const auto& [below, loop] : loops) {
    if (below == device) found.emplace(loop, at(number_in(folder(loop) + "/loop/offset")));
  }
  return found;
}

// The part of the backing file that it shows.
range block_tree::window_of(device_number loop) const {
  const auto where = folder(loop) + "/loop/";
  const auto offset = number_in(where + "offset").value_or(0);
  const auto limit = number_in(where + "sizelimit").value_or(0);
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

device_places block_tree::places_above(const device_places& start) const {
  // Loop devices are nobody's holders, so ask each what it lies on.
  loops_on_nodes on_nodes;
  for (const auto loop : loops()) {
    const auto backing = status_of(backing_file(loop));
    if (backing && S_ISBLK(backing->st_mode)) on_nodes.emplace_back(number_of(backing->st_rdev), loop);
  }
  device_places all;
  std::vector<device_places::value_type> to_do(start.begin(), start.end());
  while (!to_do.empty()) {
    auto [device, place] = to_do.back();
    to_do.pop_back();
    const auto [known, is_new] = all.emplace(device, place);
    if (!is_new) {
      // Reached once more: in another place makes it, and all above, lie in no one place. So each is done twice at most, and
      // rings in /sys do no harm.
      if (!known->second || known->second == place) continue;
      known->second = place = std::nullopt;
    }
    for (const auto& found : placed_on(device, place, on_nodes)) to_do.push_back(found);
  }
  return all;
}

device_set block_tree::with_all_above(const device_set& devices) const {
  device_places start;
  for (const auto device : devices) start.emplace(device, std::nullopt);
  device_set all;
  for (const auto& [device, place] : places_above(start)) all.insert(device);
  return all;
}

std::optional<file_place> block_tree::place_in_file(device_number device) const {
  std::optional<std::uint64_t> start = 0;
  if (!partition_number(device).empty()) {
    start = start_of(device);
    const auto disk = parse_device_number(read_text(folder(device) + "/../dev"));
    if (!disk) return std::nullopt;
    device = *disk;
  }
  const auto path = backing_file(device);
  const auto status = status_of(path);
  if (!status || !S_ISREG(status->st_mode)) return std::nullopt;
  const auto told = loop_identity(node_name(device));
  if (told && *told != file_identity{status->st_dev, status->st_ino}) return std::nullopt;
  const auto offset = number_in(folder(device) + "/loop/offset");
  const auto place = start && offset ? checked_add(*start, *offset) : std::nullopt;
  if (!place) return std::nullopt;
  return file_place{path, *place};
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

std::optional<std::uint64_t> block_tree::number_in(const std::string& path) const { return parse_count(read_text(path)); }

std::optional<std::uint64_t> block_tree::start_of(device_number part) const {
  const auto sectors = number_in(folder(part) + "/start");
  return sectors ? checked_mul(*sectors, sys_sector) : std::nullopt;
}

std::uint64_t block_tree::size_of(device_number device) const {
  return checked_mul(number_in(folder(device) + "/size").value_or(0), sys_sector).value_or(0);
}

std::string block_tree::mapped_name(device_number device) const { return trimmed(read_text(folder(device) + "/dm/name")); }

std::string block_tree::logical_volume(device_number device) const {
  // LVM's volumes have a UUID of these four letters and two times 32 more; what it puts below and beside them has a suffix.
  const auto uuid = trimmed(read_text(folder(device) + "/dm/uuid"));
  if (!uuid.starts_with("LVM-") || uuid.size() != 4 + 64) return {};
  return split_lvm_name(mapped_name(device));
}

std::optional<std::uint64_t> block_tree::sectors_changed(device_number device) const {
  constexpr std::size_t written = 6;
  constexpr std::size_t discarded = 13;
  if (disk_attribute(device, "queue/iostats") == "0") return std::nullopt;
  std::istringstream text(read_text(folder(device) + "/stat"));
  std::array<std::uint64_t, discarded + 1> fields{};
  std::size_t known = 0;
  while (known < fields.size() && text >> fields[known]) ++known;
  if (known <= written) return std::nullopt;
  return fields[written] + fields[discarded];
}

std::string block_tree::disk_attribute(device_number device, const std::string& attribute) const {
  const auto disk = partition_number(device).empty() ? folder(device) : folder(device) + "/..";
  return trimmed(read_text(disk + "/" + attribute));
}

std::string block_tree::partition_number(device_number device) const { return trimmed(read_text(folder(device) + "/partition")); }

}  // namespace umbra::io
