// SPDX-License-Identifier: GPL-3.0-or-later
// Views of raw bytes and their spelling in hex.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace umbra {

using byte_view = std::span<const std::byte>;
using byte_span = std::span<std::byte>;

// The object representation of a trivially copyable structure.
template <class T>
byte_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const std::byte*>(&value), sizeof(T)};
}

// A structure read from the first sizeof(T) bytes; the caller has checked the length.
template <class T>
T read_struct(byte_view bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

inline byte_view as_bytes(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
inline std::string_view as_text(byte_view bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// An opaque identifier of N bytes with a total order. All zero means "none".
template <std::size_t N, class Tag>
struct opaque_id {
  std::array<std::byte, N> bytes{};
  static constexpr std::size_t size = N;
  auto operator<=>(const opaque_id&) const = default;
  bool operator==(const opaque_id&) const = default;
  bool is_none() const { return *this == opaque_id{}; }
  byte_view view() const { return bytes; }
};

// Lower-case hex, two digits a byte.
std::string to_hex(byte_view bytes);
// Fills `out` from exactly 2 * out.size() hex digits of either case; false if the text is anything else.
bool from_hex(std::string_view text, byte_span out);

template <class Id>
std::optional<Id> id_from_hex(std::string_view text) {
  Id id;
  if (!from_hex(text, id.bytes)) return std::nullopt;
  return id;
}

}  // namespace umbra
