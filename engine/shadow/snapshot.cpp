// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot.h"

#include <limits>

namespace umbra::shadow {
namespace {

constexpr std::int64_t ticks_per_second = 10'000'000;
constexpr std::int64_t unix_epoch = 11'644'473'600;  // seconds from 1601-01-01 to 1970-01-01
constexpr auto earliest = std::numeric_limits<timestamp>::min();
constexpr auto latest = std::numeric_limits<timestamp>::max();

}  // namespace

timestamp timestamp_of(std::int64_t unix_seconds) {
  timestamp t = 0;
  if (__builtin_add_overflow(unix_seconds, unix_epoch, &t) || __builtin_mul_overflow(t, ticks_per_second, &t))
    return unix_seconds < 0 ? earliest : latest;
  return t;
}

std::int64_t unix_seconds_of(timestamp t) {
  const auto rest = t % ticks_per_second;
  return t / ticks_per_second - (rest < 0 ? 1 : 0) - unix_epoch;
}

}  // namespace umbra::shadow
