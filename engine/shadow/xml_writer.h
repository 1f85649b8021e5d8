// SPDX-License-Identifier: GPL-3.0-or-later
// Writes XML 1.0 in UTF-8: elements with attributes, indented, nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace umbra::shadow {

// Names are the caller's and must be names of XML; values may be any bytes. What XML cannot hold (most control characters, what
// is not UTF-8) becomes U+FFFD.
class xml_writer {
 public:
  void open(std::string_view element);
  // Of the element opened last, before anything is opened in it.
  void attribute(std::string_view name, std::string_view value);
  void attribute(std::string_view name, bool value) { attribute(name, value ? std::string_view("yes") : std::string_view("no")); }
  void attribute(std::string_view name, const char* value) { attribute(name, std::string_view(value)); }
  // Leaves it out if the value is empty.
  void attribute_if(std::string_view name, std::string_view value);
  void close();
  // Every element is closed.
  std::string finish() && { return std::move(text_); }

 private:
  void end_tag();

  std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  std::vector<std::string> open_;
  bool in_tag_ = false;
};

}  // namespace umbra::shadow
