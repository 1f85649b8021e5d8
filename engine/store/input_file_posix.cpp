// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "engine/store/posix_files.h"

namespace umbra::store::posix {
namespace {

class posix_input_file final : public input_file {
 public:
  posix_input_file(unique_fd fd, std::string path, std::uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  ~posix_input_file() override {
    if (mapped_ != nullptr) ::munmap(mapped_, static_cast<std::size_t>(size_));
  }

  std::uint64_t size() const override { return size_; }

  result<void> read(std::uint64_t offset, byte_span out) override {
    if (!fits(offset, out.size(), size_)) return too_short(offset, out.size());
    while (!out.empty()) {
      const auto got = uninterrupted([&] { return ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset)); });
      if (got < 0) return failure(errc::io_read, "read", fmt::format("{} at {}", path_, offset));
      if (got == 0) return too_short(offset, out.size());  // cut while it is open
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return success();
  }

  byte_view map() override {
    std::call_once(map_once_, [&] {
      if (size_ == 0 || size_ > SIZE_MAX) return;
      void* memory = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_SHARED, fd_.get(), 0);
      if (memory != MAP_FAILED) mapped_ = memory;
    });
    if (mapped_ == nullptr) return {};
    return {static_cast<const std::byte*>(mapped_), static_cast<std::size_t>(size_)};
  }

 private:
  error too_short(std::uint64_t offset, std::size_t size) const {
    return {errc::damaged, fmt::format("{}: {} bytes wanted at {}, the file has {}", path_, size, offset, size_)};
  }

  unique_fd fd_;
  std::string path_;
  std::uint64_t size_;
  std::once_flag map_once_;
  void* mapped_ = nullptr;
};

}  // namespace

result<std::unique_ptr<input_file>> open_input_file(const std::string& path) {
  // O_NONBLOCK: opening a pipe that somebody put there must not wait for its other end; regular files do not care.
  unique_fd fd(uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }));
  if (!fd.is_open()) return failure(errc::io_read, "open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return failure(errc::io_read, "examine", path);
  if (!S_ISREG(status.st_mode)) return error(errc::usage, path + " is not a regular file");
  return std::make_unique<posix_input_file>(std::move(fd), path, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace umbra::store::posix
