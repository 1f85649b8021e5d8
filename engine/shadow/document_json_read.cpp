// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/shadow/document_json.h"
#include "engine/shadow/document_members.h"
#include "engine/shadow/document_rules.h"
#include "engine/shadow/enum_names.h"
#include "engine/shadow/timestamp_text.h"

namespace umbra::shadow {
namespace {

using nlohmann::json;

error corrupt(std::string why) { return failure(result_code::e_corrupt_xml_document, "document: " + std::move(why)); }
error invalid(std::string why) { return failure(result_code::e_invalid_xml_document, "document: " + std::move(why)); }

// Watches the parser go by, and stops it before a tree of the text could take much more memory than the text.
class limits_watcher final : public json::json_sax_t {
 public:
  explicit limits_watcher(std::string_view text) : text_(text) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(json::number_integer_t) override { return count(); }
  bool number_unsigned(json::number_unsigned_t) override { return count(); }
  bool number_float(json::number_float_t, const json::string_t&) override { return count(); }
  bool string(json::string_t&) override { return count(); }
  bool binary(json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return enter(); }
  bool key(json::string_t&) override { return true; }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    const auto before = text_.substr(0, position);
    problem_ = fmt::format("no JSON, or not in UTF-8: line {}", std::ranges::count(before, '\n') + 1);
    return false;
  }

  const std::string& problem() const { return problem_; }

 private:
  bool count() {
    if (++values_ <= document_values_limit) return true;
    problem_ = fmt::format("more than {} values", document_values_limit);
    return false;
  }
  bool enter() {
    if (++depth_ <= document_depth_limit) return count();
    problem_ = fmt::format("nested deeper than {}", document_depth_limit);
    return false;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::string_view text_;
  std::size_t values_ = 0;
  std::size_t depth_ = 0;
  std::string problem_;
};

result<json> object_in(std::string_view text) {
  if (text.size() > document_size_limit) return corrupt(fmt::format("longer than {} bytes", document_size_limit));
  limits_watcher watcher(text);
  if (!json::sax_parse(text, &watcher)) return corrupt(watcher.problem());
  auto tree = json::parse(text, nullptr, false);
  if (!tree.is_object()) return invalid("no JSON object");
  return tree;
}

// --- Values. Each answers what is wrong with it, nothing if it was taken; `where` names it.

using complaint = std::string;

complaint take(const json& from, const std::string& where, std::string& to) {
  const auto* text = from.get_ptr<const std::string*>();
  if (text == nullptr) return where + " must be a text";
  // Paths end up in calls that would stop at it, and read something else than was checked.
  if (text->find('\0') != std::string::npos) return where + " must not hold a NUL";
  to = *text;
  return {};
}

complaint take(const json& from, const std::string& where, bool& to) {
  const auto* flag = from.get_ptr<const bool*>();
  if (flag == nullptr) return where + " must be true or false";
  to = *flag;
  return {};
}

complaint take(const json& from, const std::string& where, std::uint32_t& to) {
  const auto* number = from.get_ptr<const json::number_unsigned_t*>();
  if (number == nullptr || *number > std::numeric_limits<std::uint32_t>::max())
    return where + " must be a number from 0 to 4294967295";
  to = static_cast<std::uint32_t>(*number);
  return {};
}

complaint take(const json& from, const std::string& where, guid& to) {
  const auto* text = from.get_ptr<const std::string*>();
  const auto id = text == nullptr ? std::nullopt : parse_guid(*text);
  if (!id) return where + " must be an identifier, like {75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}";
  to = *id;
  return {};
}

std::optional<std::uint32_t> hex_in(std::string_view text) {
  if (!text.starts_with("0x") || text.size() > 10) return std::nullopt;
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + 2, end, value, 16);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

complaint take(const json& from, const std::string& where, result_code& to) {
  const auto* text = from.get_ptr<const std::string*>();
  if (text != nullptr) {
    for (const auto& known : all_result_codes()) {
      if (known.name == *text) return to = known.code, complaint{};
    }
    if (const auto number = hex_in(*text)) return to = static_cast<result_code>(*number), complaint{};
  }
  return where + " must be a result code, like VSS_E_WRITERERROR_RETRYABLE or 0x800423f3";
}

template <class E>
std::string names_of_all() {
  std::string all;
  for (const auto& e : entries(E{})) all.append(all.empty() ? "" : ", ").append(e.name);
  return all;
}

template <class E>
requires(std::is_enum_v<E> && !flags<E>) complaint take(const json& from, const std::string& where, E& to) {
  const auto* text = from.get_ptr<const std::string*>();
  const auto value = text == nullptr ? std::nullopt : named<E>(*text);
  if (!value) return where + " must be one of " + names_of_all<E>();
  to = *value;
  return {};
}

template <flags E>
complaint take(const json& from, const std::string& where, E& to) {
  const auto complain = [&] { return where + " must be a list of some of " + names_of_all<E>(); };
  if (!from.is_array()) return complain();
  E set{};
  for (const auto& item : from) {
    const auto* text = item.get_ptr<const std::string*>();
    const bool is_one = text != nullptr && text->find('|') == std::string::npos;
    const auto bit = is_one ? named<E>(*text) : std::nullopt;
    if (!bit) return complain();
    set |= *bit;
  }
  to = set;
  return {};
}

template <class T>
requires std::is_class_v<T> complaint take(const json& from, const std::string& where, T& to);

template <class T>
complaint take(const json& from, const std::string& where, std::vector<T>& to) {
  if (!from.is_array()) return where + " must be a list";
  to.clear();
  to.reserve(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (auto problem = take(from[i], fmt::format("{}[{}]", where, i), to.emplace_back()); !problem.empty()) return problem;
  }
  return {};
}

// Keeps the first complaint; nothing is taken after it.
class reader_of_members {
 public:
  reader_of_members(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  template <class T>
  void required(const char* name, T& member) {
    const auto found = object_.find(name);
    if (found == object_.end()) return complain(place(name) + " is missing");
    if (problem_.empty()) problem_ = take(*found, place(name), member);
  }
  template <class T>
  void optional(const char* name, T& member, const std::type_identity_t<T>& absent) {
    if (object_.contains(name)) return required(name, member);
    member = absent;
  }
  void time(const char* name, timestamp& member) {
    member = 0;
    if (!object_.contains(name)) return;
    std::string text;
    required(name, text);
    const auto parsed = parse_timestamp(text);
    if (!parsed) return complain(place(name) + " must be a time like 2024-05-01T12:00:00Z");
    member = *parsed;
  }

  complaint take_problem() { return std::move(problem_); }

 private:
  std::string place(const char* name) const { return where_.empty() ? name : where_ + "." + name; }
  void complain(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  const json& object_;
  std::string where_;
  complaint problem_;
};

template <class T>
requires std::is_class_v<T> complaint take(const json& from, const std::string& where, T& to) {
  if (!from.is_object()) return where + " must be an object";
  reader_of_members visitor(from, where);
  members(visitor, to);
  return visitor.take_problem();
}

result<void> check_version(const json& object, bool may_be_absent) {
  const auto found = object.find("version");
  if (found == object.end()) {
    if (may_be_absent) return success();
    return invalid("version is missing");
  }
  const auto* version = found->get_ptr<const json::number_unsigned_t*>();
  if (version == nullptr) return invalid("version must be a number");
  if (*version != document_version)
    return invalid(fmt::format("version {} is not known; this build reads version {}", *version, document_version));
  return success();
}

template <class T>
result<T> structure_in(const json& object) {
  T structure;
  if (auto problem = take(object, "", structure); !problem.empty()) return invalid(std::move(problem));
  if (auto checked = check(structure); !checked) return invalid(checked.error().text());
  return structure;
}

}  // namespace

result<writer_metadata> writer_metadata_from_json(std::string_view text) {
  TRY(const auto object, object_in(text));
  CHECK(check_version(object, true));
  return structure_in<writer_metadata>(object);
}

result<backup_document> backup_document_from_json(std::string_view text) {
  TRY(const auto object, object_in(text));
  CHECK(check_version(object, false));
  return structure_in<backup_document>(object);
}

result<writer_components> writer_components_from_json(std::string_view text) {
  TRY(const auto object, object_in(text));
  return structure_in<writer_components>(object);
}

}  // namespace umbra::shadow
