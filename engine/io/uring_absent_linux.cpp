// SPDX-License-Identifier: GPL-3.0-or-later
// Built instead of uring_queue_linux.cpp where liburing is not found.
#include "engine/io/uring_queue_linux.h"

namespace umbra::io {

result<std::unique_ptr<transfer_queue>> make_uring_queue(const uring_target& target, unsigned) {
  return error(errc::unsupported, target.target.name() + ": built without io_uring");
}

}  // namespace umbra::io
