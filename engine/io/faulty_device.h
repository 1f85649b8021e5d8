// SPDX-License-Identifier: GPL-3.0-or-later
// A decorator that fails on purpose: bad sectors, failing writes, a source that changes its mind.
#pragma once

#include <memory>

#include "engine/io/device.h"

namespace umbra::io {

struct fault_plan {
  range_list unreadable;                // reads that touch one of these fail with EIO
  range_list unwritable;                // the same for writes and zero()
  std::uint64_t fail_write_at = ~0ull;  // this many writes succeed, all later ones fail with `write_errno`
  int write_errno = 5;                  // EIO
  std::uint64_t transient_reads = 0;    // the first N reads that touch `unreadable` fail, later ones succeed; 0: all fail
  std::uint64_t shrinks_after = ~0ull;  // after this many reads the device says errc::source_changed
  bool flush_fails = false;
};

// Owns `inner`. Thread-safe like it.
std::unique_ptr<device> make_faulty(std::unique_ptr<device> inner, fault_plan plan);

}  // namespace umbra::io
