// SPDX-License-Identifier: GPL-3.0-or-later
// Enumerations whose values are sets of bits: each of them specialises is_flags beside its declaration.
#pragma once

#include <cstdint>
#include <type_traits>

namespace umbra::shadow {

template <class E>
struct is_flags : std::false_type {};

template <class E>
concept flags = is_flags<E>::value;

template <flags E>
constexpr E operator|(E a, E b) {
  return static_cast<E>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
template <flags E>
constexpr E operator&(E a, E b) {
  return static_cast<E>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
template <flags E>
constexpr E operator~(E a) {
  return static_cast<E>(~static_cast<std::uint32_t>(a));
}
template <flags E>
constexpr E& operator|=(E& a, E b) {
  return a = a | b;
}
template <flags E>
constexpr bool has(E set, E bits) {
  return (set & bits) == bits;
}

}  // namespace umbra::shadow
