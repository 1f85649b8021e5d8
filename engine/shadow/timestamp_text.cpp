// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/timestamp_text.h"

#include <chrono>

#include <fmt/format.h>

namespace umbra::shadow {
namespace {

constexpr timestamp ticks_per_second = 10'000'000;
constexpr timestamp seconds_per_day = 86'400;
constexpr std::chrono::sys_days first_day{std::chrono::year{1601} / 1 / 1};

// Eats its text from the front; `ok` turns false at the first thing that does not fit, and stays so.
struct cursor {
  std::string_view rest;
  bool ok = true;

  bool next_is_digit() const { return !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; }
  int digit() {
    if (!next_is_digit()) ok = false;
    if (!ok) return 0;
    const int value = rest.front() - '0';
    rest.remove_prefix(1);
    return value;
  }
  int two_digits(int limit) {
    const int tens = digit();
    const int value = tens * 10 + digit();
    ok = ok && value < limit;
    return value;
  }
  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok = take(c) && ok; }
};

timestamp fraction_in(cursor& in) {
  if (!in.take('.')) return 0;
  timestamp value = 0;
  int digits = 0;
  for (; in.next_is_digit() && digits < 9; ++digits) {
    const int d = in.digit();
    if (digits < 7) value = value * 10 + d;
  }
  in.ok = in.ok && digits > 0;
  for (; digits < 7; ++digits) value *= 10;
  return value;
}

// Seconds east of Greenwich.
timestamp offset_in(cursor& in) {
  if (in.take('Z')) return 0;
  const bool west = in.take('-');
  if (!west) in.expect('+');
  const int hours = in.two_digits(24);
  in.expect(':');
  const int seconds = (hours * 60 + in.two_digits(60)) * 60;
  return west ? -seconds : seconds;
}

std::chrono::year_month_day date_in(cursor& in) {
  int year = 0;
  for (int i = 0; i < 4; ++i) year = year * 10 + in.digit();
  if (in.next_is_digit()) year = year * 10 + in.digit();
  in.expect('-');
  const auto month = static_cast<unsigned>(in.two_digits(13));
  in.expect('-');
  const auto day = static_cast<unsigned>(in.two_digits(32));
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  in.ok = in.ok && date.ok();
  return date;
}

}  // namespace

std::string to_text(timestamp t) {
  if (t <= 0) return {};
  const timestamp seconds = t / ticks_per_second;
  const std::chrono::year_month_day date{first_day + std::chrono::days(seconds / seconds_per_day)};
  const timestamp of_day = seconds % seconds_per_day;
  auto text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), of_day / 3600, of_day / 60 % 60, of_day % 60);
  if (const timestamp fraction = t % ticks_per_second; fraction != 0) {
    text += fmt::format(".{:07}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

std::optional<timestamp> parse_timestamp(std::string_view text) {
  cursor in{text};
  const auto date = date_in(in);
  in.expect('T');
  timestamp seconds = in.two_digits(24) * 3600;
  in.expect(':');
  seconds += in.two_digits(60) * 60;
  in.expect(':');
  seconds += in.two_digits(60);
  const timestamp fraction = fraction_in(in);
  seconds -= offset_in(in);
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  seconds += (std::chrono::sys_days{date} - first_day).count() * seconds_per_day;
  timestamp ticks = 0;
  if (__builtin_mul_overflow(seconds, ticks_per_second, &ticks) || __builtin_add_overflow(ticks, fraction, &ticks))
    return std::nullopt;
  if (ticks < 0) return std::nullopt;
  return ticks;
}

}  // namespace umbra::shadow
