// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <linux/major.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "engine/io/block_tree_linux.h"
#include "engine/io/mount_table.h"
#include "engine/io/small_file_posix.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/mounting.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

std::vector<io::mount_entry> mounts() { return io::parse_mountinfo(io::read_text("/proc/self/mountinfo")); }

std::optional<io::device_number> number_of(const std::string& node) {
  struct stat s = {};
  if (::stat(node.c_str(), &s) != 0 || !S_ISBLK(s.st_mode)) return std::nullopt;
  return io::device_number{major(s.st_rdev), minor(s.st_rdev)};
}

struct attempt {
  const char* type;
  const char* options;
};
// In the order of how common they are. A journal that is not empty stays as it is: the copy never changes.
constexpr attempt attempts[] = {{"ext4", "noload"},
                                {"xfs", "norecovery,nouuid"},
                                {"btrfs", "rescue=nologreplay"},
                                {"ext4", ""},
                                {"xfs", "nouuid"},
                                {"btrfs", ""},
                                {"ext2", ""},
                                {"vfat", ""}};

// Of this mount, not of the file system.
unsigned long flags_of(const std::string& folder) {
  constexpr std::pair<unsigned long, unsigned long> flags[] = {{ST_RDONLY, MS_RDONLY},   {ST_NOSUID, MS_NOSUID},
                                                               {ST_NODEV, MS_NODEV},     {ST_NOEXEC, MS_NOEXEC},
                                                               {ST_NOATIME, MS_NOATIME}, {ST_NODIRATIME, MS_NODIRATIME}};
  struct statvfs s {};
  if (::statvfs(folder.c_str(), &s) != 0) return 0;
  unsigned long found = 0;
  for (const auto& [told, wanted] : flags) found |= (s.f_flag & told) != 0 ? wanted : 0;
  return found;
}

// A loop device that only the mount keeps would go with it. Others stay, and LVM must find its own closed.
unique_fd open_loop(const std::string& node) {
  const auto number = number_of(node);
  if (!number || number->major != LOOP_MAJOR) return {};
  return unique_fd(::open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

class unmounted final : public unmounted_volume {
 public:
  explicit unmounted(io::mount_entry entry)
      : entry_(std::move(entry)), flags_(flags_of(entry_.mount_point)), node_(open_loop(entry_.source)) {}
  result<void> mount_again() override {
    std::string options;
    for (const auto& o : entry_.super_options) {
      if (o == "rw" || o == "ro") continue;
      options += (options.empty() ? "" : ",") + o;
    }
    if (::mount(entry_.source.c_str(), entry_.mount_point.c_str(), entry_.type.c_str(), flags_, options.c_str()) == 0)
      return success();
    return os_failure(errc::io_write, "mount " + entry_.mount_point);
  }

 private:
  io::mount_entry entry_;
  unsigned long flags_;
  unique_fd node_;
};

}  // namespace

result<void> mount_read_only(const std::string& node, const std::string& folder) {
  int first_problem = 0;
  for (const auto& a : attempts) {
    if (::mount(node.c_str(), folder.c_str(), a.type, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOATIME, a.options) == 0)
      return success();
    if (first_problem == 0 || (errno != EINVAL && errno != ENODEV)) first_problem = errno;
  }
  return os_failure(errc::io_read, fmt::format("mount {} at {}", node, folder), first_problem);
}

result<void> unmount(const std::string& folder) {
  if (::umount2(folder.c_str(), UMOUNT_NOFOLLOW) == 0) return success();
  return os_failure(errc::busy, "unmount " + folder);
}

// Mounted nowhere: the mount is its descriptor, and ends with it.
result<std::string> mount_for_writers(const std::string& node, const std::string& file_system, std::size_t) {
  if (file_system == "btrfs") return error(errc::unsupported, "btrfs cannot be mounted beside the volume");
  const unique_fd context(::fsopen(file_system.c_str(), FSOPEN_CLOEXEC));
  bool done = context.is_open() && ::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", node.c_str(), 0) == 0;
  if (file_system == "xfs") done = done && ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "nouuid", nullptr, 0) == 0;
  done = done && ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  constexpr unsigned flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME;
  const int mount = done ? ::fsmount(context.get(), FSMOUNT_CLOEXEC, flags) : -1;
  if (mount < 0) return os_failure(errc::io_write, "mount " + node);
  return fmt::format("/proc/{}/fd/{}", ::getpid(), mount);
}

// Whoever looks at every new mount needs an instant; a writer that stays does so for good.
result<void> unmount_from_writers(const std::string& folder) {
  constexpr std::chrono::milliseconds pause{50};
  constexpr int tries = 100;
  struct stat root {};
  if (::stat(folder.c_str(), &root) != 0) return os_failure(errc::io_write, folder);
  const auto node = io::block_tree().node_name({major(root.st_dev), minor(root.st_dev)});
  ::close(std::atoi(folder.c_str() + folder.rfind('/') + 1));
  for (int i = 0; i < tries; ++i) {
    // Nobody has what is mounted for himself.
    const unique_fd free(::open(node.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
    if (free.is_open() || errno != EBUSY) return success();
    std::this_thread::sleep_for(pause);
  }
  return failure(result_code::e_volume_in_use, folder + ": a writer goes on using the copy after post_snapshot");
}

std::string mount_point_of(const std::string& node) {
  const auto number = number_of(node);
  if (!number) return {};
  const auto table = mounts();
  const auto found = std::ranges::find_if(table, [&](const auto& m) { return m.device == *number || m.source == node; });
  return found == table.end() ? "" : found->mount_point;
}

result<std::unique_ptr<unmounted_volume>> unmount_for_now(const std::string& folder) {
  const auto table = mounts();
  const auto found = std::find_if(table.rbegin(), table.rend(), [&](const auto& m) { return m.mount_point == folder; });
  if (found == table.rend()) return error(errc::not_found, folder + ": nothing is mounted there");
  auto volume = std::make_unique<unmounted>(*found);
  CHECK(unmount(folder));
  return std::unique_ptr<unmounted_volume>(std::move(volume));
}

}  // namespace umbra::shadow
