// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/device.h"

#include "engine/io/bounds.h"

namespace umbra::io {

result<std::unique_ptr<transfer_queue>> device::open_queue(unsigned depth) {
  CHECK(check_depth(*this, depth));
  return make_thread_queue(*this, depth);
}

}  // namespace umbra::io
