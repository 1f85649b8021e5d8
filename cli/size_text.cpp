// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/size_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::cli {
namespace {

constexpr std::string_view letters = "KMGTPE";

error bad_size(const std::string& text) {
  return {errc::usage, fmt::format("'{}' is not a size: write bytes, or a number with K, M, G or T (64K, 1.5G)", text)};
}

// Unit behind the number; 0 if it is none.
std::uint64_t unit_of(std::string suffix) {
  for (auto& c : suffix) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  if (suffix.empty() || suffix == "B") return 1;
  const auto power = letters.find(suffix[0]);
  if (power == std::string_view::npos) return 0;
  const auto rest = suffix.substr(1);
  if (!rest.empty() && rest != "IB" && rest != "I") return 0;
  return std::uint64_t{1} << (10 * (power + 1));
}

}  // namespace

result<std::uint64_t> parse_size(const std::string& text) {
  std::size_t at = 0;
  std::uint64_t whole = 0;
  for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
    const auto grown = checked_mul(whole, 10);
    const auto sum = grown ? checked_add(*grown, static_cast<std::uint64_t>(text[at] - '0')) : std::nullopt;
    if (!sum) return bad_size(text);
    whole = *sum;
  }
  if (at == 0) return bad_size(text);
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
  if (at < text.size() && text[at] == '.') {
    const auto first = ++at;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      if (denominator >= 1'000'000) return bad_size(text);
      numerator = numerator * 10 + static_cast<std::uint64_t>(text[at] - '0');
      denominator *= 10;
    }
    if (at == first) return bad_size(text);
  }
  const auto unit = unit_of(text.substr(at));
  const auto bytes = checked_mul(whole, unit);
  const auto fraction = checked_mul(numerator, unit);
  if (unit == 0 || !bytes || !fraction || *fraction % denominator != 0) return bad_size(text);
  const auto sum = checked_add(*bytes, *fraction / denominator);
  if (!sum) return bad_size(text);
  return *sum;
}

result<std::chrono::milliseconds> parse_time(const std::string& text) {
  constexpr std::uint64_t ten_years = 10ull * 365 * 24 * 3600;
  std::uint64_t number = 0;
  const auto* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  const std::string_view suffix(end, static_cast<std::size_t>(last - end));
  const std::uint64_t unit = suffix.empty() || suffix == "s" ? 1
                             : suffix == "m"                 ? 60
                             : suffix == "h"                 ? 3600
                             : suffix == "d"                 ? 86400
                                                             : 0;
  const auto seconds = checked_mul(number, unit);
  if (problem != std::errc() || unit == 0 || !seconds || *seconds > ten_years) {
    return error(errc::usage, fmt::format("'{}' is not a time: write seconds, or a number with s, m, h or d (90s, 2h)", text));
  }
  return std::chrono::milliseconds(*seconds * 1000);
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t power = 0;
  while (value >= 1023.95 && power < letters.size()) {
    value /= 1024;
    ++power;
  }
  return fmt::format("{:.1f} {}iB", value, letters[power - 1]);
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  return size_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / std::max(seconds, 1e-6))) + "/s";
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace umbra::cli
