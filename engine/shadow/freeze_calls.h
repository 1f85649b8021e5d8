// SPDX-License-Identifier: GPL-3.0-or-later
// What a freezer asks of the kernel, as plain functions: the guardian calls them after a fork, when nothing else is
// safe. Tests put their own in.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/result.h"
#include "engine/shadow/freezer.h"

namespace umbra::shadow {

struct freeze_calls {
  // Each takes a descriptor of the file system's root and answers 0 or an errno.
  int (*sync)(int fd) = nullptr;
  int (*freeze)(int fd) = nullptr;
  int (*thaw)(int fd) = nullptr;
  // Nanoseconds of a clock that nobody sets.
  std::int64_t (*now)() = nullptr;
};

// syncfs, FIFREEZE, FITHAW, CLOCK_MONOTONIC.
freeze_calls kernel_freeze_calls() noexcept;

result<std::unique_ptr<freezer>> make_freezer(const freeze_request& request, const freeze_calls& calls);

}  // namespace umbra::shadow
