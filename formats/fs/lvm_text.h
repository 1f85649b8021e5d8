// SPDX-License-Identifier: GPL-3.0-or-later
// The text in which LVM keeps what it knows (lvm.conf(5) has the same syntax): names with values, numbers, strings or lists of
// both, in sections that may lie in each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace umbra::fs {

struct lvm_item {
  bool is_number = false;
  std::uint64_t number = 0;
  std::string text;
};

struct lvm_value {
  std::string name;
  std::vector<lvm_item> items;  // one, unless it is a list
};

struct lvm_section {
  std::string name;
  std::vector<lvm_value> values;
  std::vector<lvm_section> sections;

  const lvm_section* section(std::string_view wanted) const;
  // Empty for none.
  const std::vector<lvm_item>& items(std::string_view wanted) const;
  std::optional<std::uint64_t> number(std::string_view wanted) const;
  std::string text(std::string_view wanted) const;
  // Whether a list of words holds this one.
  bool has_word(std::string_view list, std::string_view word) const;
};

// Longest text that is looked at: thousands of logical volumes.
constexpr std::size_t lvm_text_limit = 4 << 20;

// The sections of a whole text, in one without a name. errc::decode with the line.
result<lvm_section> parse_lvm_text(std::string_view text);

}  // namespace umbra::fs
