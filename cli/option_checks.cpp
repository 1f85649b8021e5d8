// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/option_checks.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cli/size_text.h"
#include "engine/base/units.h"
#include "formats/native/layout.h"

namespace umbra::cli {
namespace {

template <class Number>
bool is_number(const std::string& text, Number lowest, Number highest) {
  Number value{};
  const auto* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, value);
  // Written so that "nan" is outside any bounds.
  return problem == std::errc() && end == last && value >= lowest && value <= highest;
}

template <class T>
std::string problem_of(const result<T>& r) {
  return r.has_error() ? r.assume_error().message() : std::string();
}

}  // namespace

CLI::Validator whole_number(std::uint64_t lowest, std::uint64_t highest) {
  const auto check = [=](const std::string& text) {
    if (is_number(text, lowest, highest)) return std::string();
    return fmt::format("'{}' is not a whole number from {} to {}", text, lowest, highest);
  };
  return {check, "N"};
}

CLI::Validator percentage() {
  const auto check = [](const std::string& text) {
    return is_number(text, 0.0, 100.0) ? std::string() : fmt::format("'{}' is not a percentage from 0 to 100", text);
  };
  return {check, "PERCENT"};
}

CLI::Validator one_of(const std::vector<std::string>& choices) {
  const auto check = [choices](const std::string& text) {
    if (std::ranges::find(choices, text) != choices.end()) return std::string();
    return fmt::format("'{}' is none of {}", text, fmt::join(choices, ", "));
  };
  return {check, fmt::format("{}", fmt::join(choices, "|"))};
}

CLI::Validator size_value() {
  return {[](const std::string& text) { return problem_of(parse_size(text)); }, "SIZE"};
}

CLI::Validator time_value() {
  return {[](const std::string& text) { return problem_of(parse_time(text)); }, "TIME"};
}

CLI::Validator block_size_value() {
  return {[](const std::string& text) { return problem_of(parse_block_size(text)); }, "SIZE"};
}

result<std::uint32_t> parse_block_size(const std::string& text) {
  TRY(const auto size, parse_size(text));
  if (is_power_of_two(size) && size >= native::min_block_size && size <= native::max_block_size) {
    return static_cast<std::uint32_t>(size);
  }
  return error(errc::usage, fmt::format("'{}' is not a power of two from 4K to 4M", text));
}

void add_threads_option(CLI::App& verb, unsigned& threads) {
  verb.add_option("--threads", threads, "default: one a CPU")->check(whole_number(0, 256))->group("Tuning");
}

// One value each time it is given: `umbra verify --parent mondays tuesday.umbra` means what it looks like.
void add_parent_places_option(CLI::App& verb, std::vector<std::string>& places) {
  verb.add_option("--parent", places, "file or folder where a single-file image's parents lie, beside its own folder")
      ->allow_extra_args(false)
      ->type_name("PLACE");
}

void add_codec_options(CLI::App& verb, std::string& name, codec::encoder_options& options) {
  verb.add_option("--codec", name, "how blocks are compressed")
      ->check(one_of({"lz4", "zstd", "none"}))
      ->capture_default_str()
      ->group("Tuning");
  verb.add_option("--level", options.level, "0: the codec's fast default; lz4 3 to 12, zstd 1 to 19")
      ->check(whole_number(0, 19))
      ->capture_default_str()
      ->group("Tuning");
  verb.add_option("--acceleration", options.acceleration, "lz4 at level 0: 1 to 65537, larger is faster")
      ->check(whole_number(1, 65537))
      ->capture_default_str()
      ->group("Tuning");
}

result<codec::encoder_options> chosen_codec(const std::string& name, codec::encoder_options options) {
  const auto codec = codec::codec_named(name);
  if (!codec) return error(errc::usage, fmt::format("there is no codec '{}'", name));
  options.id = *codec;
  CHECK(codec::validate(options));
  return options;
}

}  // namespace umbra::cli
