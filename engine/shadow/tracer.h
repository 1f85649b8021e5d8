// SPDX-License-Identifier: GPL-3.0-or-later
// Passes trace entries on, but not while file systems hold still: then nothing may write, so they wait.
#pragma once

#include <mutex>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/trace.h"

namespace umbra::shadow {

// Safe from many threads.
class tracer {
 public:
  explicit tracer(trace_sink sink) : sink_(std::move(sink)) {}

  void add(trace_entry::side who, std::string name, std::string what, const result<void>& outcome = success());
  // Entries are kept from hold() on; release() passes them on.
  void hold();
  void release();

 private:
  trace_sink sink_;
  std::mutex mutex_;
  bool held_ = false;
  std::vector<trace_entry> waiting_;
};

}  // namespace umbra::shadow
