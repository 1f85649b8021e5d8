// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/exclusions.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "cli/size_text.h"
#include "engine/io/file_device.h"
#include "engine/io/probe.h"
#include "formats/registry/volume_formats.h"

namespace umbra::cli {
namespace {

using registry::exclusion_rule;
using registry::exclusion_rules;

constexpr std::size_t described_at_most = 200;
constexpr std::size_t printed_at_most = 5;

std::string literal(const std::string& path) {
  std::string pattern;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

// By what the volume on this node is known again in an image of its disk.
result<std::string> volume_id(const std::string& node) {
  TRY(const auto device, io::open_device(node, {}));
  TRY(const auto formats, registry::recognise_volume(*device));
  if (formats.size() != 1 || formats.front()->facts().id.empty())
    return error(errc::unsupported, node + ": its file system has no id");
  return formats.front()->facts().id;
}

// A rule for one path of the running system, bound to the volume that holds it.
result<exclusion_rule> rule_for_path(const std::string& path, const std::string& why) {
  TRY(const auto place, io::path_in_volume(path));
  if (place.device.empty()) return error(errc::unsupported, path + ": lies on no block device");
  exclusion_rule rule;
  TRY(rule.volume_id, volume_id(place.device));
  rule.pattern = literal(place.path);
  rule.why = why;
  return rule;
}

void add_destination(exclusion_rules& rules, const std::string& destination, context& c, const output_options& output) {
  auto rule = rule_for_path(destination, "the destination itself");
  if (rule.has_error()) {
    warn(c, output, fmt::format("{}: cannot be left out of its own image: {}", destination, rule.error().message()));
    return;
  }
  auto below = rule.value();
  below.pattern += "/**";
  below.asked_for = true;
  rules.push_back(std::move(rule).assume_value());
  rules.push_back(std::move(below));
}

void add_active_swap(exclusion_rules& rules) {
  for (const auto& path : io::active_swap_files()) {
    auto rule = rule_for_path(path, "swap file");
    if (rule.has_error()) continue;  // then it is imaged: larger, not wrong
    rule.value().swap_only = true;
    rules.push_back(std::move(rule).assume_value());
  }
}

// Metadata come from outside: a member of another type counts as none.
std::string word(const nlohmann::json& one, const char* name) {
  const auto found = one.find(name);
  return found != one.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

std::uint64_t bytes_of(const nlohmann::json& one) {
  const auto found = one.find("bytes");
  return found != one.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string line_of(const nlohmann::json& one) {
  const auto volume = word(one, "volume");
  const auto path = word(one, "path");
  auto text = size_text(bytes_of(one));
  if (!volume.empty()) text += ", " + volume;
  if (!path.empty()) text += (volume.empty() ? ", " : ": ") + path;
  return fmt::format("{} ({})", text, word(one, "why"));
}

}  // namespace

registry::exclusion_rules rules_of_exclusion(const exclusion_options& options, const std::string& destination,
                                             bool destination_too, context& c, const output_options& output) {
  exclusion_rules rules;
  for (const auto& pattern : options.patterns) {
    exclusion_rule rule;
    rule.pattern = pattern;
    rule.why = "--exclude-file " + pattern;
    rule.asked_for = true;
    rules.push_back(std::move(rule));
  }
  if (options.nothing) return rules;
  if (destination_too) add_destination(rules, destination, c, output);
  add_active_swap(rules);
  for (auto& rule : registry::usual_exclusions()) rules.push_back(std::move(rule));
  return rules;
}

nlohmann::json describe_left_out(const plan::allocation& map) {
  auto files = map.left_out;
  std::ranges::stable_sort(files, std::ranges::greater{}, &plan::left_out_file::bytes);
  auto list = nlohmann::json::array();
  std::uint64_t rest = 0;
  for (const auto& f : files) {
    if (list.size() < described_at_most) {
      list.push_back({{"volume", f.volume}, {"path", f.path}, {"why", f.why}, {"bytes", f.bytes}});
    } else {
      rest += f.bytes;
    }
  }
  if (rest != 0) {
    list.push_back({{"why", fmt::format("{} more files", files.size() - described_at_most)}, {"bytes", rest}});
  }
  return list;
}

std::string left_out_text(const nlohmann::json& list, const std::string& head) {
  std::string text;
  std::size_t printed = 0;
  std::uint64_t rest = 0;
  for (const auto& one : list) {
    if (!one.is_object()) continue;
    if (printed < printed_at_most) {
      ++printed;
      text += head + line_of(one) + '\n';
    } else {
      rest += bytes_of(one);
    }
  }
  if (rest != 0) text += fmt::format("{}{} in others\n", head, size_text(rest));
  return text;
}

void add_exclusion_options(CLI::App& verb, exclusion_options& options) {
  verb.add_option("--exclude-file", options.patterns,
                  "leave out the data of these files, which then read as zeros: /path or a\n"
                  "name, with * ? **; again for more")
      ->allow_extra_args(false)
      ->type_name("GLOB");
  verb.add_flag("--exclude-nothing", options.nothing,
                "image swap, paging and hibernation files, the storage of Windows' shadow\n"
                "copies and the destination, too, which are left out otherwise");
}

}  // namespace umbra::cli
