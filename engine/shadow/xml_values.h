// SPDX-License-Identifier: GPL-3.0-or-later
// Values as the XML documents spell them.
#pragma once

#include <algorithm>
#include <string>

#include "engine/shadow/enum_names.h"
#include "engine/shadow/guid.h"

namespace umbra::shadow {

// Without braces, as the documents have it.
inline std::string xml_id(const guid& id) {
  const auto text = to_string(id);
  return text.substr(1, text.size() - 2);
}

// "USER_DATA" for user_data.
template <class E>
std::string xml_upper(E value) {
  auto name = name_of(value);
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return name;
}

// A set of bits as its number.
template <class E>
std::string xml_number(E value) {
  return std::to_string(static_cast<std::uint32_t>(value));
}

}  // namespace umbra::shadow
