// SPDX-License-Identifier: GPL-3.0-or-later
// A transfer queue over io_uring. uring_queue_linux.cpp defines it where liburing is found, uring_absent_linux.cpp elsewhere.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/io/device.h"

namespace umbra::io {

// What the ring works on. Transfers that it cannot take go through read() and write() of `target`.
struct uring_target {
  device& target;
  int fd = -1;                             // open for the whole life of the queue
  bool direct = false;                     // fd has O_DIRECT: only transfers that keep to the alignment go to the ring
  std::uint64_t least_direct = 0;          // of these, only transfers of so many bytes at least
  std::uint32_t largest_piece = 1u << 30;  // a request of the kernel moves at most this; a multiple of the alignment
};

// errc::unsupported where the kernel or a policy refuses io_uring, with the errno.
result<std::unique_ptr<transfer_queue>> make_uring_queue(const uring_target& target, unsigned depth);

}  // namespace umbra::io
