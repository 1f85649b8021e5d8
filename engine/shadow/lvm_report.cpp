// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/lvm_report.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace umbra::shadow {
namespace {

using nlohmann::json;

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_in(const json& object, const char* name) {
  const auto text = text_in(object, name);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::optional<double> percent_in(const json& object, const char* name) {
  const auto text = text_in(object, name);
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text + at) {
    if (c != at) {
      part += c;
    } else if (!part.empty()) {
      parts.push_back(std::move(part));
      part.clear();
    }
  }
  return parts;
}

logical_volume volume_in(const json& o) {
  logical_volume v;
  v.group = text_in(o, "vg_name");
  v.name = text_in(o, "lv_name");
  v.origin = text_in(o, "origin");
  v.pool = text_in(o, "pool_lv");
  v.thin_id = number_in(o, "thin_id");
  v.segment_type = text_in(o, "segtype");
  v.attributes = text_in(o, "lv_attr");
  v.size = number_in(o, "lv_size");
  v.data_percent = percent_in(o, "data_percent");
  v.group_free = number_in(o, "vg_free");
  v.extent_size = number_in(o, "vg_extent_size");
  v.tags = split(text_in(o, "lv_tags"), ',');
  return v;
}

}  // namespace

std::string logical_volume::tag(std::string_view prefix) const {
  for (const auto& t : tags) {
    if (t.starts_with(prefix)) return t.substr(prefix.size());
  }
  return {};
}

result<std::vector<logical_volume>> parse_lvs(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  const error wrong(errc::decode, "the answer of lvs");
  if (!document.is_object()) return wrong;
  const auto reports = document.find("report");
  if (reports == document.end() || !reports->is_array() || reports->size() != 1) return wrong;
  const auto& report = reports->front();
  const auto volumes = report.is_object() ? report.find("lv") : report.end();
  if (volumes == report.end() || !volumes->is_array()) return wrong;
  std::vector<logical_volume> list;
  for (const auto& o : *volumes) {
    if (!o.is_object()) return wrong;
    auto v = volume_in(o);
    if (v.group.empty() || v.name.empty()) return wrong;
    // A volume of several segments has a line for each.
    if (!list.empty() && list.back().full_name() == v.full_name()) continue;
    list.push_back(std::move(v));
  }
  return list;
}

}  // namespace umbra::shadow
