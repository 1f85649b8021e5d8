// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>

#include <cstdio>

#include "engine/store/posix_files.h"

namespace umbra::store::posix {

void start_write_back(int fd, std::uint64_t offset, std::uint64_t size) noexcept {
  // Only SYNC_FILE_RANGE_WRITE: the waiting flags would fetch, and so hide from fdatasync(), an error of the medium.
  const int saved = errno;
  (void)::sync_file_range(fd, static_cast<off64_t>(offset), static_cast<off64_t>(size), SYNC_FILE_RANGE_WRITE);
  errno = saved;
}

int open_direct(int fd) noexcept {
  char path[32];
  (void)std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return ::open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
}

}  // namespace umbra::store::posix
