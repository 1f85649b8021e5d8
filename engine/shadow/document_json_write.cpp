// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/shadow/document_json.h"
#include "engine/shadow/document_members.h"
#include "engine/shadow/enum_names.h"
#include "engine/shadow/timestamp_text.h"

namespace umbra::shadow {
namespace {

using json = nlohmann::ordered_json;

json value_of(const std::string& text) { return text; }
json value_of(bool flag) { return flag; }
json value_of(std::uint32_t number) { return number; }
json value_of(const guid& id) { return to_string(id); }

json value_of(result_code code) {
  if (const auto* known = find_result_code(code)) return known->name;
  return fmt::format("0x{:08x}", static_cast<std::uint32_t>(code));
}

template <class E>
requires(std::is_enum_v<E> && !flags<E>) json value_of(E value) { return name_of(value); }

// The single bits' names: what name_of() joins by "|".
template <flags E>
json value_of(E set) {
  json bits = json::array();
  for (auto rest = static_cast<std::uint32_t>(set); rest != 0; rest &= rest - 1)
    bits.push_back(name_of(static_cast<E>(rest & (~rest + 1))));
  return bits;
}

template <class T>
requires std::is_class_v<T> json value_of(const T& structure);

template <class T>
json value_of(const std::vector<T>& items) {
  json array = json::array();
  for (const auto& item : items) array.push_back(value_of(item));
  return array;
}

class writer_of_members {
 public:
  explicit writer_of_members(json& object) : object_(object) {}

  template <class T>
  void required(const char* name, const T& member) {
    object_[name] = value_of(member);
  }
  template <class T>
  void optional(const char* name, const T& member, const std::type_identity_t<T>& absent) {
    if (!(member == absent)) required(name, member);
  }
  void time(const char* name, timestamp member) { optional(name, to_text(member), {}); }

 private:
  json& object_;
};

template <class T>
requires std::is_class_v<T> json value_of(const T& structure) {
  json object = json::object();
  writer_of_members visitor(object);
  members(visitor, structure);
  return object;
}

std::string text_of(const json& document) { return document.dump(-1, ' ', false, json::error_handler_t::replace); }

template <class T>
std::string document_of(const T& structure) {
  json object = json::object();
  object["version"] = document_version;
  writer_of_members visitor(object);
  members(visitor, structure);
  return text_of(object);
}

}  // namespace

std::string to_json(const writer_metadata& metadata) { return document_of(metadata); }
std::string to_json(const backup_document& document) { return document_of(document); }
std::string to_json(const writer_components& components) { return text_of(value_of(components)); }

}  // namespace umbra::shadow
