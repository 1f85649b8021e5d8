// SPDX-License-Identifier: GPL-3.0-or-later
// Counts what is asked of a store.
#pragma once

#include <atomic>
#include <memory>

#include "engine/store/store.h"

namespace umbra::bench {

struct store_counts {
  std::atomic<unsigned> opened{0};  // objects opened, or got whole
  std::atomic<unsigned> reads{0};   // reads of opened objects
  std::atomic<unsigned> lists{0};
};

// Both must outlive the answer.
std::unique_ptr<store::store> make_counting_store(store::store& inner, store_counts& counts);

}  // namespace umbra::bench
