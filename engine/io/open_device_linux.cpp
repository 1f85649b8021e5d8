// SPDX-License-Identifier: GPL-3.0-or-later
// open_device(): looks before it opens (opening a tape or a watchdog is an act), then asks the device for its geometry.
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/io/file_device.h"
#include "engine/io/file_device_linux.h"

namespace umbra::io {
namespace {

using access = open_options::access;

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISSOCK(mode)) return "a socket";
  return "something else";
}

result<void> check_kind(const std::string& path, const struct stat& status) {
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) return success();
  return error(errc::usage, fmt::format("{} is {}, not a disk or file", path, kind_of(status.st_mode)));
}

result<void> check_path(const std::string& path) {
  if (path.empty()) return error(errc::usage, "a device needs a name, this one is empty");
  if (path.find('\0') != std::string::npos) return error(errc::usage, "a name with a zero byte in it leads nowhere");
  return success();
}

bool creates(access mode) { return mode == access::create || mode == access::create_or_replace; }

// What lies at `path` now; empty if nothing does and the options allow that.
result<std::optional<struct stat>> look(const std::string& path, const open_options& options) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT && creates(options.mode)) return std::nullopt;
    return os_failure(errc::io_read, path);
  }
  CHECK(check_kind(path, status));
  if (options.mode == access::create) return os_failure(errc::exists, path, EEXIST);
  return status;
}

int flags_for(const open_options& options, bool present, bool block) {
  int flags = O_CLOEXEC | O_NOCTTY;
  flags |= options.mode == access::read ? O_RDONLY : O_RDWR;
  if (!present) flags |= O_CREAT | O_EXCL;
  if (present && block && options.exclusive && options.mode != access::read) flags |= O_EXCL;
  return flags;
}

// Smaller files do not matter. Small pieces of large ones are better off in the page cache, which gathers them; and ext4 sets
// space aside around each piece that comes past it, until the file is closed: scattered small ones fill a disk with nothing.
constexpr std::uint64_t direct_from = 16_MiB;
constexpr std::uint64_t least_direct_piece = 128_KiB;

// An image of a disk holds everything the disk held: for its owner's eyes only.
constexpr mode_t creation_mode = S_IRUSR | S_IWUSR;

result<unique_fd> open_plain(const std::string& path, int flags) {
  for (;;) {
    unique_fd fd(::open(path.c_str(), flags, creation_mode));
    if (fd.is_open()) return fd;
    if (errno != EINTR) return os_failure(errc::io_read, path);
  }
}

// The same file once more, past the page cache. Through /proc it is surely the same; where /proc is missing, compare.
result<unique_fd> open_direct(const opened_file& file) {
  const int flags = O_CLOEXEC | O_NOCTTY | O_DIRECT | (file.geometry.read_only ? O_RDONLY : O_RDWR);
  unique_fd fd(::open(fmt::format("/proc/self/fd/{}", file.plain.get()).c_str(), flags));
  if (fd.is_open()) return fd;
  if (errno == ENOENT) fd.reset(::open(file.path.c_str(), flags));
  if (!fd.is_open()) return error(errc::unsupported, file.path + ": direct I/O", errno);
  struct stat a {};
  struct stat b {};
  if (::fstat(file.plain.get(), &a) != 0 || ::fstat(fd.get(), &b) != 0) return os_failure(errc::io_read, file.path);
  if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) return fd;
  return error(errc::source_changed, file.path + ": it was replaced while it was opened");
}

template <class T>
T ask(int fd, unsigned long request, T otherwise) {
  T answer{};
  return ::ioctl(fd, request, &answer) == 0 ? answer : otherwise;
}

std::uint32_t sector_size(std::int64_t told) {
  return told >= 512 && is_power_of_two(static_cast<std::uint64_t>(told)) ? static_cast<std::uint32_t>(told) : 512;
}

// The size is the device's, never what a file system on it says.
result<device_geometry> block_geometry(const std::string& path, int fd) {
  device_geometry g;
  g.block_device = true;
  if (::ioctl(fd, BLKGETSIZE64, &g.size) != 0) return os_failure(errc::io_read, path);
  g.logical_sector = sector_size(ask<int>(fd, BLKSSZGET, 512));
  g.physical_sector = std::max(g.logical_sector, sector_size(ask<unsigned>(fd, BLKPBSZGET, 512)));
  g.rotational = ask<unsigned short>(fd, BLKROTATIONAL, 0) != 0;
  g.read_only = ask<int>(fd, BLKROGET, 0) != 0;
  return g;
}

result<device_geometry> file_geometry(const std::string& path, int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return os_failure(errc::io_read, path);
  device_geometry g;
  g.size = static_cast<std::uint64_t>(status.st_size);
  g.read_only = false;
  return g;
}

// What direct transfers must be multiples of. Kernels before 6.1 do not tell.
std::uint32_t direct_alignment(const opened_file& file) {
  std::uint64_t unit = file.geometry.logical_sector;
  // See file_device_linux.cpp: a page of a regular file is never used through both ways at once.
  if (!file.geometry.block_device) unit = std::max<std::uint64_t>(unit, static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  struct statx told {};
  if (::statx(file.direct.get(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &told) == 0 && (told.stx_mask & STATX_DIOALIGN) != 0) {
    for (const std::uint64_t wanted : {told.stx_dio_offset_align, told.stx_dio_mem_align}) {
      if (is_power_of_two(wanted)) unit = std::max(unit, wanted);
    }
  }
  return static_cast<std::uint32_t>(unit);
}

// Some file systems open a file for direct transfers and refuse them later.
bool takes_direct_transfers(const unique_fd& fd, std::uint32_t alignment) {
  buffer page(alignment);
  return ::pread(fd.get(), page.data(), page.size(), 0) >= 0 || errno != EINVAL;
}

// A new file is written from end to end and read by nobody for now: its pages would only push others out of memory, and copying
// them there takes longer than the medium does.
bool is_worth_while(const opened_file& file, const open_options& options) {
  return file.geometry.block_device || (creates(options.mode) && file.geometry.size >= direct_from);
}

result<void> choose_direct(opened_file& file, const open_options& options) {
  using direct = open_options::direct;
  const auto wish = options.direct_io;
  if (wish == direct::off || (wish == direct::automatic && !is_worth_while(file, options))) return success();
  auto fd = open_direct(file);
  if (fd.has_error()) {
    if (wish == direct::automatic && fd.error().code() == errc::unsupported) return success();
    return std::move(fd).assume_error();
  }
  file.direct = std::move(fd).assume_value();
  const auto alignment = direct_alignment(file);
  if (wish == direct::automatic && !takes_direct_transfers(file.direct, alignment)) {
    file.direct.reset();
    return success();
  }
  file.geometry.alignment = alignment;
  if (!file.geometry.block_device && wish == direct::automatic) file.least_direct = least_direct_piece;
  return success();
}

// Old bytes go first: what is not written later must read as zeros.
result<void> set_size(const opened_file& file, std::uint64_t size) {
  const bool possible = size <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  const int fd = file.plain.get();
  if (possible && ::ftruncate(fd, 0) == 0 && ::ftruncate(fd, static_cast<off_t>(size)) == 0) return success();
  return os_failure(errc::io_write, fmt::format("{}: making it {} bytes long", file.path, size), possible ? errno : EFBIG);
}

result<void> read_geometry(opened_file& file, const open_options& options, bool block) {
  if (block) {
    TRY(file.geometry, block_geometry(file.path, file.plain.get()));
  } else {
    TRY(file.geometry, file_geometry(file.path, file.plain.get()));
  }
  if (options.mode != access::read && file.geometry.read_only) {
    return error(errc::denied, file.path + ": the device is read-only");
  }
  if (options.mode == access::read) file.geometry.read_only = true;
  return success();
}

result<std::unique_ptr<device>> finish(opened_file file, const open_options& options) {
  struct stat status {};
  if (::fstat(file.plain.get(), &status) != 0) return os_failure(errc::io_read, file.path);
  CHECK(check_kind(file.path, status));
  const bool block = S_ISBLK(status.st_mode);
  if (!block && creates(options.mode)) CHECK(set_size(file, options.size));
  CHECK(read_geometry(file, options, block));
  CHECK(choose_direct(file, options));
  if (options.mode == access::read && !options.label.empty()) file.path = options.label;
  if (!block && file.geometry.read_only) ::posix_fadvise(file.plain.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return make_file_device(std::move(file));
}

}  // namespace

result<std::unique_ptr<device>> open_device(const std::string& path, const open_options& options) {
  CHECK(check_path(path));
  TRY(const auto present, look(path, options));
  opened_file file;
  file.path = path;
  file.engine = options.engine;
  file.created = !present;
  TRY(file.plain, open_plain(path, flags_for(options, present.has_value(), present && S_ISBLK(present->st_mode))));
  auto opened = finish(std::move(file), options);
  if (opened.has_error() && !present) ::unlink(path.c_str());
  return opened;
}

}  // namespace umbra::io
