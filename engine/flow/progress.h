// SPDX-License-Identifier: GPL-3.0-or-later
// Counters that a job raises and a front end reads from another thread. Nothing prints here.
#pragma once

#include <atomic>
#include <cstdint>

namespace umbra::flow {

struct progress {
  std::atomic<std::uint64_t> total{0};         // bytes the job expects to go through, 0 while unknown
  std::atomic<std::uint64_t> done{0};          // bytes gone through (read, skipped or known)
  std::atomic<std::uint64_t> moved{0};         // bytes really read or written
  std::atomic<std::uint64_t> stored{0};        // bytes added to the store
  std::atomic<const char*> stage{"starting"};  // static strings only
};

}  // namespace umbra::flow
