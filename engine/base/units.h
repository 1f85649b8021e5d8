// SPDX-License-Identifier: GPL-3.0-or-later
// Byte units and checked arithmetic. Offsets and sizes are bytes everywhere unless a name says otherwise.
#pragma once

#include <cstdint>
#include <optional>

namespace umbra {

inline namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long n) { return n << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long n) { return n << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long n) { return n << 30; }
constexpr std::uint64_t operator""_TiB(unsigned long long n) { return n << 40; }
}  // namespace literals

// `unit` must be a power of two.
constexpr std::uint64_t align_down(std::uint64_t n, std::uint64_t unit) { return n & ~(unit - 1); }
constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t unit) { return align_down(n + unit - 1, unit); }
constexpr bool is_aligned(std::uint64_t n, std::uint64_t unit) { return (n & (unit - 1)) == 0; }
constexpr bool is_power_of_two(std::uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }
constexpr std::uint64_t div_up(std::uint64_t n, std::uint64_t unit) { return n / unit + (n % unit != 0 ? 1 : 0); }

// Sums and products of numbers from outside: empty on overflow.
constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}
constexpr std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// True if [offset, offset + size) lies inside [0, limit).
constexpr bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

}  // namespace umbra
