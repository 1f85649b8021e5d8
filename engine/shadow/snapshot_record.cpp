// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot_record.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace umbra::shadow {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint32_t format = 1;
constexpr const char* format_key = "umbra_shadow_copy";

// Visits every member under its key: reading and writing cannot come apart.
template <class Record, class Visit>
void for_each_member(Record& r, Visit visit) {
  visit("snapshot_id", r.prop.snapshot_id);
  visit("snapshot_set_id", r.prop.snapshot_set_id);
  visit("snapshots_count", r.prop.snapshots_count);
  visit("snapshot_device_object", r.prop.snapshot_device_object);
  visit("original_volume_name", r.prop.original_volume_name);
  visit("originating_machine", r.prop.originating_machine);
  visit("service_machine", r.prop.service_machine);
  visit("provider_id", r.prop.provider_id);
  visit("attributes", r.prop.attributes);
  visit("creation_timestamp", r.prop.creation_timestamp);
  visit("status", r.prop.status);
  visit("copy", r.copy);
  visit("source", r.source);
  visit("offset", r.window.offset);
  visit("size", r.window.size);
  visit("file_system", r.file_system);
  visit("seal", r.seal);
}

struct writer {
  json& to;
  void operator()(const char* key, const guid& id) { to[key] = to_string(id); }
  template <class T>
  void operator()(const char* key, const T& value) {
    if constexpr (std::is_enum_v<T>) {
      to[key] = static_cast<std::uint32_t>(value);
    } else {
      to[key] = value;
    }
  }
};

struct reader {
  const json& from;
  const char* wrong = nullptr;

  const json* member(const char* key, bool (json::*is_right)() const noexcept) {
    const auto found = from.find(key);
    if (found != from.end() && ((*found).*is_right)()) return &*found;
    wrong = wrong == nullptr ? key : wrong;
    return nullptr;
  }
  void operator()(const char* key, std::string& text) {
    if (const auto* m = member(key, &json::is_string)) text = m->get<std::string>();
  }
  void operator()(const char* key, guid& id) {
    std::string text;
    (*this)(key, text);
    const auto parsed = parse_guid(text);
    if (parsed) id = *parsed;
    if (!parsed && wrong == nullptr) wrong = key;
  }
  template <class T>
  void operator()(const char* key, T& value) {
    if constexpr (std::is_enum_v<T>) {
      std::uint32_t number = 0;
      (*this)(key, number);
      value = static_cast<T>(number);
    } else {
      const auto* m = member(key, std::is_signed_v<T> ? &json::is_number_integer : &json::is_number_unsigned);
      if (m != nullptr) value = m->template get<T>();
      // What does not fit comes back as another number.
      if (m != nullptr && *m != json(value) && wrong == nullptr) wrong = key;
    }
  }
};

}  // namespace

std::string to_json(const snapshot_record& record) {
  json document;
  document[format_key] = format;
  for_each_member(record, writer{document});
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

result<snapshot_record> parse_snapshot_record(std::string_view text) {
  const auto document = json::parse(text, nullptr, false);
  const auto version = document.is_object() ? document.find(format_key) : document.end();
  if (!document.is_object() || version == document.end() || !version->is_number_unsigned()) {
    return error(errc::decode, "no record of a shadow copy");
  }
  if (version->get<std::uint64_t>() != format) return error(errc::unsupported_version, "a record of a shadow copy");
  snapshot_record record;
  reader read{document};
  for_each_member(record, [&](const char* key, auto& member) { read(key, member); });
  if (read.wrong != nullptr) return error(errc::decode, fmt::format("a record of a shadow copy: {}", read.wrong));
  return record;
}

}  // namespace umbra::shadow
