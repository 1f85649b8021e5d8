// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/tracer.h"

namespace umbra::shadow {

void tracer::add(trace_entry::side who, std::string name, std::string what, const result<void>& outcome) {
  if (!sink_) return;
  trace_entry entry{who, std::move(name), std::move(what), outcome.has_error() ? outcome.assume_error().message() : ""};
  const std::scoped_lock lock(mutex_);
  if (held_) {
    waiting_.push_back(std::move(entry));
  } else {
    sink_(entry);
  }
}

void tracer::hold() {
  const std::scoped_lock lock(mutex_);
  waiting_.reserve(64);
  held_ = true;
}

void tracer::release() {
  const std::scoped_lock lock(mutex_);
  held_ = false;
  for (const auto& entry : waiting_) sink_(entry);
  waiting_.clear();
}

}  // namespace umbra::shadow
