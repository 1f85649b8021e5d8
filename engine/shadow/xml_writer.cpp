// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/xml_writer.h"

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct character {
  std::size_t size = 1;     // bytes it takes
  bool is_allowed = false;  // in XML
};

// The character at the text's beginning; one byte, not allowed, if it is no UTF-8.
character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead >= 0x20 || lead == '\t' || lead == '\n' || lead == '\r'};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  unsigned code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool too_long = (size == 3 && code < 0x800) || (size == 4 && (code < 0x10000 || code > 0x10FFFF));
  if (too_long || (code >= 0xD800 && code < 0xE000)) return {};
  return {size, code != 0xFFFE && code != 0xFFFF};
}

// White space is kept from being normalised by its number.
std::string_view escape_of(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    case '\r': return "&#13;";
    default: return {};
  }
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto [size, is_allowed] = first_character(text);
    const auto escape = escape_of(text.front());
    if (!is_allowed) {
      out += replacement;
    } else if (!escape.empty()) {
      out += escape;
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
}

}  // namespace

void xml_writer::end_tag() {
  if (in_tag_) text_ += ">\n";
  in_tag_ = false;
}

void xml_writer::open(std::string_view element) {
  end_tag();
  text_.append(open_.size() * 2, ' ').append("<").append(element);
  open_.emplace_back(element);
  in_tag_ = true;
}

void xml_writer::attribute(std::string_view name, std::string_view value) {
  text_.append(" ").append(name).append("=\"");
  append_escaped(text_, value);
  text_ += '"';
}

void xml_writer::attribute_if(std::string_view name, std::string_view value) {
  if (!value.empty()) attribute(name, value);
}

void xml_writer::close() {
  const auto element = std::move(open_.back());
  open_.pop_back();
  if (in_tag_) {
    text_ += "/>\n";
    in_tag_ = false;
    return;
  }
  text_.append(open_.size() * 2, ' ').append("</").append(element).append(">\n");
}

}  // namespace umbra::shadow
