// SPDX-License-Identifier: GPL-3.0-or-later
// N threads running one function. The first error wins and stops the others.
#pragma once

#include <functional>
#include <stop_token>

#include "engine/base/result.h"

namespace umbra::flow {

// Runs body(worker, stop) for worker = 0 .. count-1, count >= 1, each on its own thread (count == 1: on the caller's), and
// waits for all. `stop` fires when `outer` does or when any worker has failed. Returns the first error in time, if any;
// errc::cancelled gives way to any other error. What a worker throws (memory is gone) is thrown here, after all have ended.
result<void> run_crew(unsigned count, std::stop_token outer,
                      const std::function<result<void>(unsigned worker, std::stop_token stop)>& body);

// Threads to use when nobody says: the CPUs of this machine, at least 1.
unsigned default_threads();

}  // namespace umbra::flow
