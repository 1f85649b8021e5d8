// SPDX-License-Identifier: GPL-3.0-or-later
// Where identifiers and secrets come from. Passed in, so that the same seed gives the same bytes (tests, goldens).
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/bytes.h"

namespace umbra {

class random_source {
 public:
  virtual ~random_source() = default;
  // Fills `out`. One thread at a time.
  virtual void fill(byte_span out) = 0;

  template <class Id>
  Id make() {
    Id id;
    fill(id.bytes);
    return id;
  }
};

// The operating system's generator (getrandom).
std::unique_ptr<random_source> system_random();
// A reproducible stream for tests; never for secrets that matter.
std::unique_ptr<random_source> seeded_random(std::uint64_t seed);

}  // namespace umbra
