// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_protocol.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/shadow/document_json.h"
#include "engine/shadow/enum_names.h"
#include "engine/shadow/plain_text.h"

namespace umbra::shadow {
namespace {

using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

constexpr std::size_t depth_limit = document_depth_limit;
constexpr std::size_t components_limit = 1000;
constexpr std::size_t text_limit = 500;  // of what a writer says about a failure
constexpr std::chrono::milliseconds shortest_timeout{1};
constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24);

struct code_name {
  std::string_view name;
  result_code code;
};
constexpr std::array<code_name, 7> failure_codes{{
    {"retryable", result_code::e_writererror_retryable},
    {"nonretryable", result_code::e_writererror_nonretryable},
    {"timeout", result_code::e_writererror_timeout},
    {"outofresources", result_code::e_writererror_outofresources},
    {"inconsistentsnapshot", result_code::e_writererror_inconsistentsnapshot},
    {"recovery_failed", result_code::e_writererror_recovery_failed},
    {"partial_failure", result_code::e_writererror_partial_failure},
}};

error bad_answer(std::string text) { return failure(result_code::e_writererror_nonretryable, std::move(text)); }

// A parser that never recurses deeper than this needs to look no further.
bool nests_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_limit) return true;
    } else if (c == '}' || c == ']') {
      depth -= depth > 0 ? 1 : 0;
    }
  }
  return false;
}

// An object, or nothing.
std::optional<json> object_in(std::string_view text) {
  if (text.size() > answer_size_limit || nests_too_deep(text)) return std::nullopt;
  auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  return parsed;
}

std::string dump(const auto& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ordered session_json(const writer_session& s) {
  ordered out;
  out["session_id"] = to_string(s.session_id);
  if (!s.snapshot_set_id.is_none()) out["snapshot_set_id"] = to_string(s.snapshot_set_id);
  out["context"] = name_of(s.context);
  out["backup_type"] = name_of(s.type);
  if (s.restore != restore_type::undefined) out["restore_type"] = name_of(s.restore);
  out["components_selected"] = s.components_selected;
  out["bootable_system_state"] = s.bootable_system_state;
  out["partial_file_support"] = s.partial_file_support;
  out["volumes"] = s.volumes;
  out["snapshot_devices"] = s.snapshot_devices;
  out["snapshot_paths"] = s.snapshot_paths;
  return out;
}

bool carries_components(event what) {
  switch (what) {
    case event::prepare_backup:
    case event::prepare_snapshot:
    case event::post_snapshot:
    case event::backup_complete:
    case event::pre_restore:
    case event::post_restore: return true;
    default: return false;
  }
}

// What a writer may set at an event.
std::span<const std::string_view> editable(event what) {
  static constexpr std::array<std::string_view, 6> at_prepare{
      "backup_metadata", "backup_stamp", "partial_files", "differenced_files", "prepare_for_backup_failure", "failure"};
  static constexpr std::array<std::string_view, 6> after_snapshot{"backup_metadata",   "backup_stamp",          "partial_files",
                                                                  "differenced_files", "post_snapshot_failure", "failure"};
  static constexpr std::array<std::string_view, 5> before_restore{"restore_metadata", "restore_target", "directed_targets",
                                                                  "pre_restore_failure", "failure"};
  static constexpr std::array<std::string_view, 3> after_restore{"restore_metadata", "post_restore_failure", "failure"};
  switch (what) {
    case event::prepare_backup: return at_prepare;
    case event::post_snapshot: return after_snapshot;
    case event::pre_restore: return before_restore;
    case event::post_restore: return after_restore;
    default: return {};
  }
}

// Names a component in an edit; "type" counts only for a new one.
bool is_name_member(std::string_view member) { return member == "name" || member == "logical_path" || member == "type"; }

result<json*> component_to_edit(const json& edit, const writer_session& session, json& all) {
  const auto name = text_member(edit, "name");
  const auto logical_path = text_member(edit, "logical_path");
  if (name.empty()) return bad_answer("an edit of its answer names no component");
  const auto found = std::ranges::find_if(
      all, [&](const json& c) { return text_member(c, "name") == name && text_member(c, "logical_path") == logical_path; });
  if (found != all.end()) return &*found;
  if (session.components_selected) return bad_answer(fmt::format("its answer changes component {}, which nobody selected", name));
  if (all.size() >= components_limit) return bad_answer("its answer names too many components");
  json fresh = {{"name", name}, {"logical_path", logical_path}};
  if (edit.contains("type")) fresh["type"] = edit["type"];
  all.push_back(std::move(fresh));
  return &all.back();
}

result<void> apply_edit(const json& edit, event what, const writer_session& session, json& all) {
  if (!edit.is_object()) return bad_answer("an edit of its answer is no object");
  TRY(json * component, component_to_edit(edit, session, all));
  const auto allowed = editable(what);
  for (const auto& [member, value] : edit.items()) {
    if (is_name_member(member)) continue;
    if (std::ranges::find(allowed, member) == allowed.end())
      return bad_answer(fmt::format("its answer sets {} of a component, which cannot be changed at {}",
                                    one_line(member, text_limit), name_of(what)));
    (*component)[member] = value;
  }
  return success();
}

result<void> read_timeout(const json& object, const char* name, std::chrono::milliseconds& out) {
  const auto found = object.find(name);
  if (found == object.end()) return success();
  if (!found->is_number_unsigned()) return bad_answer(fmt::format("{} is no whole number", name));
  const auto number = found->get<std::uint64_t>();
  if (number > static_cast<std::uint64_t>(longest_timeout.count())) return bad_answer(fmt::format("{} is over a day", name));
  out = std::max(shortest_timeout, std::chrono::milliseconds(number));
  return success();
}

writer_failure failure_in(const json& object) {
  writer_failure out;
  out.text = one_line(text_member(object, "text"), text_limit);
  if (out.text.empty()) out.text = "it gave no reason";
  const auto name = text_member(object, "code");
  const auto found = std::ranges::find(failure_codes, name, &code_name::name);
  if (found != failure_codes.end()) {
    out.code = found->code;
  } else if (!name.empty()) {
    out.text += fmt::format(" (with an unknown code, \"{}\")", one_line(name, text_limit));
  }
  const auto application = object.find("application_code");
  if (application != object.end() && application->is_number_unsigned())
    out.application = static_cast<result_code>(application->get<std::uint32_t>());
  return out;
}

}  // namespace

std::string hello_request() {
  const ordered request = {{"event", "hello"}, {"protocol", writer_protocol_version}};
  return dump(request) + "\n";
}

std::string hello_answer(const writer_identity& self) {
  const ordered answer = {{"event", "hello"},
                          {"ok", true},
                          {"protocol", writer_protocol_version},
                          {"name", self.name},
                          {"class_id", to_string(self.class_id)}};
  return dump(answer);
}

std::string event_request(event what, const writer_session& session, const writer_components* components) {
  ordered request = {{"event", name_of(what)}, {"session", session_json(session)}};
  if (components != nullptr && carries_components(what)) {
    const auto document = ordered::parse(to_json(*components), nullptr, false);
    request["components"] = document.value("components", ordered::array());
  }
  return dump(request) + "\n";
}

result<writer_answer> parse_answer(std::string_view line) {
  const auto object = object_in(line);
  constexpr std::size_t shown = 80;
  if (!object) return bad_answer(fmt::format("printed a line that is no answer: \"{}\"", one_line(line, shown)));
  writer_answer answer;
  answer.about = text_member(*object, "event");
  if (answer.about.empty()) return bad_answer("its answer names no event");
  const auto ok = object->find("ok");
  if (ok == object->end() || !ok->is_boolean())
    return bad_answer(fmt::format("its answer to {} has no \"ok\"", one_line(answer.about, text_limit)));
  answer.ok = ok->get<bool>();
  if (!answer.ok) answer.failure = failure_in(*object);
  answer.body = line;
  return answer;
}

result<writer_hello> hello_in(const writer_answer& answer) {
  const auto object = object_in(answer.body);
  if (!object) return bad_answer("its answer to hello is no object");
  const auto version = object->find("protocol");
  if (version == object->end() || !version->is_number_integer() || version->get<std::int64_t>() != writer_protocol_version)
    return bad_answer(fmt::format("does not speak version {} of the writers' protocol", writer_protocol_version));
  writer_hello hello;
  const auto absent = object->find("absent");
  hello.absent = absent != object->end() && absent->is_boolean() && absent->get<bool>();
  if (hello.absent) return hello;
  CHECK(read_timeout(*object, "freeze_timeout_ms", hello.freeze_timeout));
  CHECK(read_timeout(*object, "event_timeout_ms", hello.event_timeout));
  auto metadata = writer_metadata_from_json(answer.body);
  if (metadata.has_error()) return bad_answer(fmt::format("its answer to hello: {}", metadata.assume_error().text()));
  hello.identity = std::move(metadata).assume_value().identity;
  return hello;
}

result<writer_metadata> metadata_in(const writer_answer& answer, const writer_identity& identity) {
  auto object = object_in(answer.body);
  if (!object) return bad_answer("its answer to identify is no object");
  auto document = object->value("metadata", json::object());
  if (!document.is_object()) return bad_answer("its metadata is no object");
  document["name"] = identity.name;
  document["class_id"] = to_string(identity.class_id);
  auto metadata = writer_metadata_from_json(dump(document));
  if (metadata.has_error()) return bad_answer(fmt::format("its metadata: {}", metadata.assume_error().text()));
  metadata.assume_value().identity = identity;
  return metadata;
}

result<void> apply_edits(const writer_answer& answer, event what, const writer_session& session, writer_components& components) {
  const auto object = object_in(answer.body);
  if (!object || !object->contains("components")) return success();
  const auto& edits = (*object)["components"];
  if (!edits.is_array()) return bad_answer("the components of its answer are no list");
  if (edits.empty()) return success();
  if (editable(what).empty())
    return bad_answer(fmt::format("its answer changes components, which cannot be done at {}", name_of(what)));
  auto document = json::parse(to_json(components), nullptr, false);
  auto& all = document["components"];
  if (!all.is_array()) all = json::array();
  for (const auto& edit : edits) CHECK(apply_edit(edit, what, session, all));
  auto changed = writer_components_from_json(dump(document));
  if (changed.has_error()) return bad_answer(fmt::format("its answer to {}: {}", name_of(what), changed.assume_error().text()));
  components.components = std::move(changed).assume_value().components;
  return success();
}

}  // namespace umbra::shadow
