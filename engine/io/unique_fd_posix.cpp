// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include "engine/io/unique_fd.h"

namespace umbra {

void unique_fd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace umbra
