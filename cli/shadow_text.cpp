// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/shadow_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "engine/base/clock.h"
#include "engine/shadow/enum_names.h"

namespace umbra::cli {
namespace {

std::string member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

nlohmann::json list_in(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : nlohmann::json::array();
}

std::string describe_volume(const nlohmann::json& volume) {
  const auto provider = member(volume, "provider");
  return fmt::format("  {}, {}{}\n", member(volume, "volume"), member(volume, "consistency"),
                     provider.empty() ? "" : ", copied by " + provider);
}

std::string describe_writer_of_image(const nlohmann::json& writer) {
  const auto failure = member(writer, "failure");
  if (failure.empty()) return fmt::format("  writer {}: took part\n", member(writer, "name"));
  // Then its data were in order at the instant.
  const bool is_late = member(writer, "state") == shadow::name_of(shadow::writer_state::failed_at_backup_complete);
  return fmt::format("  writer {}: {}, {} {}\n", member(writer, "name"),
                     is_late ? "took part, and failed when the image was complete" : "failed", failure, member(writer, "text"));
}

std::string describe_hold(const nlohmann::json& description) {
  const auto held = description.find("held_microseconds");
  if (held == description.end() || !held->is_number()) return {};
  return fmt::format("; writes were held for {:.1f} ms", held->get<double>() / 1000.0);
}

}  // namespace

nlohmann::json to_json(const shadow::snapshot_prop& copy) {
  return {{"snapshot_id", shadow::to_string(copy.snapshot_id)},
          {"snapshot_set_id", shadow::to_string(copy.snapshot_set_id)},
          {"snapshots_count", copy.snapshots_count},
          {"snapshot_device_object", copy.snapshot_device_object},
          {"original_volume_name", copy.original_volume_name},
          {"originating_machine", copy.originating_machine},
          {"service_machine", copy.service_machine},
          {"exposed_name", copy.exposed_name},
          {"exposed_path", copy.exposed_path},
          {"provider_id", shadow::to_string(copy.provider_id)},
          {"attributes", shadow::name_of(copy.attributes)},
          {"created", utc_iso(shadow::unix_seconds_of(copy.creation_timestamp))},
          {"status", shadow::name_of(copy.status)}};
}

nlohmann::json to_json(const shadow::provider_prop& provider) {
  return {{"provider_id", shadow::to_string(provider.provider_id)},
          {"name", provider.provider_name},
          {"type", shadow::name_of(provider.type)},
          {"version", provider.provider_version}};
}

nlohmann::json to_json(const shadow::diff_area_prop& area) {
  nlohmann::json out{{"volume", area.volume_name},
                     {"storage", area.diff_area_volume_name},
                     {"allocated_bytes", area.allocated_space},
                     {"used_bytes", area.used_space},
                     {"fault", shadow::name_of(area.fault)}};
  out["maximum_bytes"] =
      area.maximum_space == shadow::diff_area_prop::no_limit ? nlohmann::json() : nlohmann::json(area.maximum_space);
  return out;
}

nlohmann::json to_json(const shadow::writer_status& writer) {
  return {{"name", writer.name},
          {"class_id", shadow::to_string(writer.class_id)},
          {"instance_id", shadow::to_string(writer.instance_id)},
          {"state", shadow::name_of(writer.state)},
          {"last_error", writer.failure == shadow::result_code::s_ok ? "" : shadow::to_string(writer.failure)},
          {"text", writer.text}};
}

std::string describe_copy(const shadow::snapshot_prop& copy) {
  return fmt::format("{}  {}  {}{}\n", shadow::to_string(copy.snapshot_id),
                     utc_text(shadow::unix_seconds_of(copy.creation_timestamp)), printable(copy.original_volume_name),
                     copy.exposed_name.empty() ? "" : "  exposed at " + printable(copy.exposed_name));
}

std::string describe_fully(const shadow::snapshot_prop& copy) {
  const auto fields = to_json(copy);
  std::string lines;
  for (const auto& [name, value] : fields.items()) {
    lines += fmt::format("{:<24} {}\n", name, printable(value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return lines;
}

std::string describe_writer(const shadow::writer_status& writer) {
  const bool failed = writer.failure != shadow::result_code::s_ok;
  return fmt::format("{}  {}  {}{}\n", shadow::to_string(writer.class_id), printable(writer.name), shadow::name_of(writer.state),
                     failed ? fmt::format("  {} {}", shadow::to_string(writer.failure), printable(writer.text)) : "");
}

std::string describe_origin(const nlohmann::json& description) {
  const auto mode = member(description, "mode");
  if (mode.empty()) return {};
  if (mode == "offline") return "consistency  offline: nothing was mounted for writing\n";
  std::string lines = "consistency  none: mounted for writing, and imaged as it was\n";
  if (mode != "none") lines = fmt::format("consistency  one instant{}\n", describe_hold(description));
  for (const auto& v : list_in(description, "volumes")) lines += describe_volume(v);
  for (const auto& w : list_in(description, "writers")) lines += describe_writer_of_image(w);
  return lines;
}

}  // namespace umbra::cli
