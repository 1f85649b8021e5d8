// SPDX-License-Identifier: GPL-3.0-or-later
// What a header of ours declares, read from its text: enough C++ for the house style, no more.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace umbra::test {

struct header_names {
  // Public names, qualified by the classes and enumerations around them but not by namespaces: "writer", "writer::handle",
  // "writer_state::stable", "to_json". Names inside functions are not among them.
  std::set<std::string, std::less<>> all;
  // Enumerators of each enumeration, in order.
  std::map<std::string, std::vector<std::string>, std::less<>> enumerators;

  void add(std::string_view header);
};

}  // namespace umbra::test
