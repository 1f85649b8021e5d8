// SPDX-License-Identifier: GPL-3.0-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "engine/io/unique_fd.h"
#include "engine/store/file_system.h"
#include "engine/store/posix_files.h"

namespace umbra::store {
namespace {

using posix::failure;
using posix::uninterrupted;

struct close_directory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using directory_stream = std::unique_ptr<DIR, close_directory>;

// flock() belongs to the open file, so it ends with the last descriptor: at the latest when the process does.
class posix_file_lock final : public file_lock {
 public:
  explicit posix_file_lock(unique_fd fd) : fd_(std::move(fd)) {}

 private:
  unique_fd fd_;
};

bool is_same_file(const std::string& a, const std::string& b) {
  struct stat first {};
  struct stat second {};
  if (::lstat(a.c_str(), &first) != 0 || ::lstat(b.c_str(), &second) != 0) return false;
  return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// Empty for an entry that is gone, or a link to nowhere. Links to folders count as folders: users move packs to other disks.
result<std::optional<directory_entry>> describe(DIR* directory, const char* name, const std::string& path) {
  struct stat status {};
  if (::fstatat(::dirfd(directory), name, &status, 0) != 0) {
    if (errno == ENOENT) return std::optional<directory_entry>();
    return failure(errc::io_read, "examine", path + "/" + name);
  }
  const bool is_directory = S_ISDIR(status.st_mode);
  const auto size = is_directory ? 0 : static_cast<std::uint64_t>(status.st_size);
  return std::optional(directory_entry{name, is_directory, size});
}

bool is_dot(std::string_view name) { return name == "." || name == ".."; }

class posix_file_system final : public file_system {
 public:
  result<std::unique_ptr<output_file>> create(const std::string& path) override { return posix::create_output_file(path); }

  result<std::unique_ptr<input_file>> open(const std::string& path) override { return posix::open_input_file(path); }

  result<void> link(const std::string& from, const std::string& to) override {
    if (uninterrupted([&] { return ::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0); }) == 0) return success();
    const int why = errno;
    // NFS repeats a call whose answer was lost and then finds its own link.
    if (why == EEXIST && is_same_file(from, to)) return success();
    // What FAT and many network file systems answer.
    if (why == EPERM) return error(errc::unsupported, "cannot link " + to + ": the file system has no hard links", why);
    errno = why;
    return failure(errc::io_write, "link", to);
  }

  result<void> remove(const std::string& path) override {
    if (uninterrupted([&] { return ::unlink(path.c_str()); }) != 0) return failure(errc::io_write, "remove", path);
    return success();
  }

  result<void> sync_directory(const std::string& path) override {
    const unique_fd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd.is_open()) return failure(errc::io_write, "open folder", path);
    if (uninterrupted([&] { return ::fsync(fd.get()); }) == 0) return success();
    // File systems without this call (CIFS, some FUSE ones) leave nothing else to ask for.
    if (errno == EINVAL || errno == EOPNOTSUPP) return success();
    return failure(errc::io_write, "sync folder", path);
  }

  result<void> make_directory(const std::string& path) override {
    constexpr mode_t owner_only = 0700;
    if (uninterrupted([&] { return ::mkdir(path.c_str(), owner_only); }) == 0) return success();
    if (errno != EEXIST) return failure(errc::io_write, "make folder", path);
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return success();
    return error(errc::usage, path + " is in the way: it is not a folder");
  }

  result<std::vector<directory_entry>> list(const std::string& path) override {
    unique_fd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd.is_open()) return failure(errc::io_read, "open folder", path);
    const directory_stream directory(::fdopendir(fd.get()));
    if (!directory) return failure(errc::io_read, "open folder", path);
    (void)fd.release();  // the stream's now

    std::vector<directory_entry> entries;
    while (true) {
      errno = 0;
      const dirent* found = ::readdir(directory.get());
      if (found == nullptr) break;
      if (is_dot(found->d_name)) continue;
      TRY(auto entry, describe(directory.get(), found->d_name, path));
      if (entry) entries.push_back(std::move(*entry));
    }
    if (errno != 0) return failure(errc::io_read, "list folder", path);
    std::ranges::sort(entries, {}, &directory_entry::name);
    return entries;
  }

  result<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    // Network file systems want a writable descriptor for an exclusive lock; directories and read-only files have none.
    unique_fd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY); }));
    if (!fd.is_open() && (errno == EISDIR || errno == EACCES || errno == EROFS))
      fd.reset(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
    if (!fd.is_open()) return failure(errc::io_write, "open", path);
    if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return error(errc::busy, path);
      if (errno == ENOLCK) return error(errc::unsupported, "cannot lock " + path, ENOLCK);
      return failure(errc::io_write, "lock", path);
    }
    return std::make_unique<posix_file_lock>(std::move(fd));
  }
};

}  // namespace

std::unique_ptr<file_system> system_file_system() { return std::make_unique<posix_file_system>(); }

}  // namespace umbra::store
