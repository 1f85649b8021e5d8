// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/lvm_text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

constexpr unsigned deepest_section = 8;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
         c == '+';
}

class lvm_parser {
 public:
  explicit lvm_parser(std::string_view text) : text_(text) {}

  result<lvm_section> run() {
    lvm_section all;
    CHECK(parse_section(all, 0));
    return all;
  }

 private:
  error wrong(const char* what) const {
    const auto lines = std::ranges::count(text_.substr(0, at_), '\n') + 1;
    return {errc::decode, fmt::format("its metadata, line {}: {}", lines, what)};
  }

  // The next character that counts, '\0' at the end.
  char peek() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      if (!is_space(text_[at_]) && text_[at_] != '#') return text_[at_];
    }
    return '\0';
  }

  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  std::string word() {
    const auto begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Up to the brace that closes it, which the outermost section has not.
  result<void> parse_section(lvm_section& out, unsigned depth) {
    if (depth > deepest_section) return wrong("too many sections in each other");
    while (true) {
      const auto next = peek();
      if (next == '\0' && depth == 0) return success();
      if (next == '}' && depth != 0) return success();
      auto name = is_word(next) ? word() : std::string();
      if (name.empty()) return wrong("a name is missing");
      if (take('{')) {
        auto& inner = out.sections.emplace_back();
        inner.name = std::move(name);
        CHECK(parse_section(inner, depth + 1));
        if (!take('}')) return wrong("a section has no end");
      } else if (take('=')) {
        auto& value = out.values.emplace_back();
        value.name = std::move(name);
        CHECK(parse_value(value.items));
      } else {
        return wrong("neither a section nor a value");
      }
    }
  }

  result<void> parse_value(std::vector<lvm_item>& items) {
    if (!take('[')) return parse_item(items);
    while (!take(']')) {
      CHECK(parse_item(items));
      take(',');
    }
    return success();
  }

  result<void> parse_item(std::vector<lvm_item>& items) {
    const auto next = peek();
    auto& item = items.emplace_back();
    if (next == '"') return parse_text(item.text);
    item.text = is_word(next) ? word() : std::string();
    if (item.text.empty()) return wrong("a value is missing");
    const auto* end = item.text.data() + item.text.size();
    const auto [stop, fault] = std::from_chars(item.text.data(), end, item.number);
    item.is_number = fault == std::errc() && stop == end;
    if (item.is_number) item.text.clear();
    return success();
  }

  result<void> parse_text(std::string& out) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return success();
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    return wrong("a string has no end");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const lvm_section* lvm_section::section(std::string_view wanted) const {
  const auto found = std::ranges::find(sections, wanted, &lvm_section::name);
  return found == sections.end() ? nullptr : &*found;
}

const std::vector<lvm_item>& lvm_section::items(std::string_view wanted) const {
  static const std::vector<lvm_item> none;
  const auto found = std::ranges::find(values, wanted, &lvm_value::name);
  return found == values.end() ? none : found->items;
}

std::optional<std::uint64_t> lvm_section::number(std::string_view wanted) const {
  const auto& list = items(wanted);
  if (list.size() != 1 || !list.front().is_number) return std::nullopt;
  return list.front().number;
}

std::string lvm_section::text(std::string_view wanted) const {
  const auto& list = items(wanted);
  return list.size() == 1 ? list.front().text : std::string();
}

bool lvm_section::has_word(std::string_view list, std::string_view word) const {
  return std::ranges::any_of(items(list), [&](const lvm_item& i) { return i.text == word; });
}

result<lvm_section> parse_lvm_text(std::string_view text) {
  if (text.size() > lvm_text_limit) return error(errc::decode, "its metadata are too long");
  return lvm_parser(text).run();
}

}  // namespace umbra::fs
