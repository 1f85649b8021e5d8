// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/reflink_linux.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "engine/shadow/file_copy_linux.h"

namespace umbra::shadow {
namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;
// Writes to the source wait while a step is shared: some milliseconds, even if it is all in pieces.
constexpr off_t share_step = 16 << 20;

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

// btrfs clones only between files that both have checksums, or both have none.
void copy_no_cow_flag(int source, int target) {
  int flags = 0;
  if (::ioctl(source, FS_IOC_GETFLAGS, &flags) != 0 || (flags & FS_NOCOW_FL) == 0) return;
  int own = 0;
  if (::ioctl(target, FS_IOC_GETFLAGS, &own) != 0) return;
  own |= FS_NOCOW_FL;
  ::ioctl(target, FS_IOC_SETFLAGS, &own);
}

// XFS compares the extents of both files since Linux 5.9, and leaves alone what is the same. btrfs makes all of them anew.
bool passes_over_shared_blocks(int file) noexcept {
  struct statfs place {};
  utsname kernel{};
  if (::fstatfs(file, &place) != 0 || place.f_type != XFS_SUPER_MAGIC || ::uname(&kernel) != 0) return false;
  char* rest = nullptr;
  const auto major = std::strtoul(kernel.release, &rest, 10);
  const auto minor = *rest == '.' ? std::strtoul(rest + 1, nullptr, 10) : 0;
  return major > 5 || (major == 5 && minor >= 9);
}

error no_space_for(const std::string& file) { return copy_failure("a clone of " + file, ENOSPC); }

}  // namespace

result<std::string> why_no_reflink(const std::string& file) {
  const unique_fd source(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!source.is_open()) return os_failure(errc::io_read, file);
  struct statfs place {};
  if (::fstatfs(source.get(), &place) != 0) return os_failure(errc::io_read, file);
  // Others clone too, but do not promise that it is one instant.
  if (place.f_type != XFS_SUPER_MAGIC && place.f_type != BTRFS_SUPER_MAGIC) return "it does not lie on XFS or btrfs";
  auto target = make_clone_target(source.get(), folder_of(file), "");
  if (target.has_error() && target.error().code() == errc::no_space) return no_space_for(file);
  if (target.has_error()) return target.error().message();
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return os_failure(errc::io_read, file);
  file_clone_range first{};
  first.src_fd = source.get();
  // Zero means to the end; a block of the file system otherwise.
  first.src_length = status.st_size > status.st_blksize ? static_cast<__u64>(status.st_blksize) : 0;
  if (::ioctl(target.value().get(), FICLONERANGE, &first) == 0) return std::string();
  if (errno == EOPNOTSUPP) return "its file system was made without reflink";
  if (errno == ENOSPC) return no_space_for(file);
  return os_failure(errc::unsupported, "a trial clone failed").message();
}

result<unique_fd> make_clone_target(int source, const std::string& folder, const std::string& name) {
  const auto path = name.empty() ? folder : folder + "/" + name;
  const int how = name.empty() ? O_TMPFILE : O_CREAT | O_EXCL;
  unique_fd target(::open(path.c_str(), how | O_RDWR | O_CLOEXEC, owner_only));
  if (!target.is_open()) return os_failure(errc::io_write, path);
  copy_no_cow_flag(source, target.get());
  return target;
}

void share_ahead(int source, int target) noexcept {
  if (!passes_over_shared_blocks(source)) return;
  for (off_t at = 0;;) {
    // Holes need no sharing: the target has none but holes there.
    at = ::lseek(source, at, SEEK_DATA);
    struct stat status {};
    if (at < 0 || ::fstat(source, &status) != 0) return;
    at -= at % share_step;
    file_clone_range piece{};
    piece.src_fd = source;
    piece.src_offset = piece.dest_offset = static_cast<__u64>(at);
    // Zero means to the end.
    piece.src_length = status.st_size - at > share_step ? static_cast<__u64>(share_step) : 0;
    if (::ioctl(target, FICLONERANGE, &piece) != 0 || piece.src_length == 0) return;
    at += share_step;
  }
}

int clone_file(int source, int target) noexcept {
  struct stat from {};
  struct stat to {};
  if (::fstat(source, &from) != 0 || ::fstat(target, &to) != 0) return errno;
  // The target keeps what is longer than the source.
  if (to.st_size > from.st_size && ::ftruncate(target, from.st_size) != 0) return errno;
  return ::ioctl(target, FICLONE, source) == 0 ? 0 : errno;
}

result<std::uint64_t> unshared_bytes(int file) {
  constexpr std::uint32_t batch = 512;
  std::vector<std::uint64_t> memory((sizeof(fiemap) + batch * sizeof(fiemap_extent)) / sizeof(std::uint64_t) + 1);
  auto* const map = reinterpret_cast<fiemap*>(memory.data());
  std::uint64_t total = 0;
  for (std::uint64_t from = 0;;) {
    std::ranges::fill(memory, 0);
    map->fm_start = from;
    map->fm_length = std::numeric_limits<std::uint64_t>::max() - from;
    map->fm_extent_count = batch;
    if (::ioctl(file, FS_IOC_FIEMAP, map) != 0) return os_failure(errc::io_read, "the extents of a shadow copy");
    for (std::uint32_t i = 0; i < map->fm_mapped_extents; ++i) {
      const auto& e = map->fm_extents[i];
      if ((e.fe_flags & FIEMAP_EXTENT_SHARED) == 0) total += e.fe_length;
      from = e.fe_logical + e.fe_length;
      if ((e.fe_flags & FIEMAP_EXTENT_LAST) != 0) return total;
    }
    if (map->fm_mapped_extents == 0) return total;
  }
}

}  // namespace umbra::shadow
