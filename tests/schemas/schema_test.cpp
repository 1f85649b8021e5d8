// SPDX-License-Identifier: GPL-3.0-or-later
// The published schemas (docs/schemas) against the code that reads and writes documents: members, which of them are required,
// their types and defaults, and the names of enumerations.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/shadow/document_members.h"
#include "engine/shadow/enum_names.h"

namespace umbra::shadow {
namespace {

using nlohmann::json;

json schema_in(const std::string& name) {
  std::ifstream in(UMBRA_SOURCE_DIR "/docs/schemas/" + name + ".schema.json");
  EXPECT_TRUE(in) << name;
  return json::parse(in);
}

// The name under which a schema defines a structure or enumeration: its own.
template <class T>
struct definition;
#define DEFINED(type)                          \
  template <>                                  \
  struct definition<type> {                    \
    static constexpr const char* name = #type; \
  }
DEFINED(result_code);
DEFINED(snapshot_state);
DEFINED(volume_snapshot_attributes);
DEFINED(snapshot_context);
DEFINED(backup_type);
DEFINED(rollforward_type);
DEFINED(application_level);
DEFINED(file_spec_backup_type);
DEFINED(backup_schema);
DEFINED(usage_type);
DEFINED(source_type);
DEFINED(restore_method);
DEFINED(writer_restore);
DEFINED(component_type);
DEFINED(restore_target);
DEFINED(file_restore_status);
DEFINED(component_flags);
DEFINED(file_spec);
DEFINED(component_dependency);
DEFINED(component_info);
DEFINED(restore_plan_of_writer);
DEFINED(writer_metadata);
DEFINED(partial_file);
DEFINED(differenced_file);
DEFINED(new_target);
DEFINED(directed_target);
DEFINED(restore_subcomponent);
DEFINED(component_failure);
DEFINED(backup_component);
DEFINED(writer_components);
DEFINED(snapshot_prop);
DEFINED(backup_document);
#undef DEFINED

std::string reference_to(const char* name) { return std::string("#/$defs/") + name; }

// Compares a schema's definitions with the structures that a document consists of, beginning with one.
class comparison {
 public:
  explicit comparison(const json& schema) : definitions_(schema.at("$defs")) {}

  template <class T>
  void compare_structure() {
    if (!seen_.insert(definition<T>::name).second) return;
    SCOPED_TRACE(definition<T>::name);
    ASSERT_TRUE(definitions_.contains(definition<T>::name));
    const auto& told = definitions_.at(definition<T>::name);
    EXPECT_EQ(told.at("type"), "object");
    member_visitor visitor{*this, told};
    T example;
    members(visitor, example);
    visitor.finish();
  }

  template <class E>
  void compare_enumeration() {
    if (!seen_.insert(definition<E>::name).second) return;
    SCOPED_TRACE(definition<E>::name);
    json names = json::array();
    for (const auto& e : entries(E{})) names.push_back(e.name);
    const auto& told = definitions_.at(definition<E>::name);
    EXPECT_EQ(is_flags<E>::value ? told.at("anyOf").at(0).at("enum") : told.at("enum"), names);
  }

  void compare_result_codes() {
    seen_.insert("result_code");
    json names = json::array();
    for (const auto& info : all_result_codes()) names.push_back(info.name);
    EXPECT_EQ(definitions_.at("result_code").at("anyOf").at(0).at("enum"), names);
  }

  // Every definition was asked for by the code; those of plain texts have no structure to compare.
  void finish() {
    for (const auto& [name, told] : definitions_.items()) {
      EXPECT_TRUE(seen_.contains(name) || name == "guid" || name == "time") << name << " is nothing that the code knows";
    }
  }

 private:
  struct member_visitor {
    comparison& whole;
    const json& told;
    std::set<std::string> known{};
    std::set<std::string> required_names{};

    template <class T>
    void required(const char* name, T& member) {
      required_names.insert(name);
      if (const auto* property = property_of(name)) {
        EXPECT_FALSE(property->contains("default"));
        whole.compare_type(*property, member);
      }
    }
    template <class T>
    void optional(const char* name, T&, const std::type_identity_t<T>& absent) {
      if (const auto* property = property_of(name)) {
        whole.compare_type(*property, absent);
        compare_default(*property, absent);
      }
    }
    void time(const char* name, timestamp) {
      if (const auto* property = property_of(name)) {
        EXPECT_EQ(property->at("$ref"), reference_to("time"));
      }
    }
    void finish() {
      if (told.at("properties").contains("version")) known.insert("version");
      std::set<std::string> told_names;
      for (const auto& [name, property] : told.at("properties").items()) told_names.insert(name);
      EXPECT_EQ(told_names, known);
      EXPECT_EQ(told.at("required").get<std::set<std::string>>(), required_names);
    }

    const json* property_of(const std::string& name) {
      known.insert(name);
      const auto found = told.at("properties").find(name);
      if (found != told.at("properties").end()) return &*found;
      ADD_FAILURE() << name << " is not in the schema";
      return nullptr;
    }

    static void expect_default(const json& property, const json& value) {
      ASSERT_TRUE(property.contains("default")) << property;
      EXPECT_EQ(property.at("default"), value);
    }
    template <class T>
    static void compare_default(const json& property, const T& absent) {
      if constexpr (std::is_same_v<T, result_code>) {
        expect_default(property, find_result_code(absent)->name);
      } else if constexpr (is_flags<T>::value) {
        const bool empty = absent == T{};
        expect_default(property, empty ? json::array() : json::array({entry_name(absent)}));
      } else if constexpr (std::is_enum_v<T>) {
        expect_default(property, name_of(absent));
      } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
        expect_default(property, absent);
      }
    }
    // The entry itself, also of several bits: "standard".
    template <class E>
    static std::string_view entry_name(E value) {
      for (const auto& e : entries(value)) {
        if (e.value == static_cast<std::int64_t>(value)) return e.name;
      }
      return "";
    }
  };

  void compare_type(const json& property, const std::string&) { EXPECT_EQ(property.at("type"), "string"); }
  void compare_type(const json& property, bool) { EXPECT_EQ(property.at("type"), "boolean"); }
  void compare_type(const json& property, std::uint32_t) {
    EXPECT_EQ(property.at("type"), "integer");
    EXPECT_EQ(property.at("minimum"), 0);
    EXPECT_EQ(property.at("maximum"), 0xFFFFFFFFU);
  }
  void compare_type(const json& property, const guid&) { EXPECT_EQ(property.at("$ref"), reference_to("guid")); }
  template <class T>
  void compare_type(const json& property, const std::vector<T>&) {
    EXPECT_EQ(property.at("type"), "array");
    EXPECT_EQ(property.at("items").at("$ref"), reference_to(definition<T>::name));
    compare_structure<T>();
  }
  template <class T>
  void compare_type(const json& property, const T&) {
    if constexpr (is_flags<T>::value) {
      EXPECT_EQ(property.at("type"), "array");
      EXPECT_EQ(property.at("items").at("$ref"), reference_to(definition<T>::name));
      compare_enumeration<T>();
    } else {
      EXPECT_EQ(property.at("$ref"), reference_to(definition<T>::name));
      if constexpr (std::is_same_v<T, result_code>) {
        compare_result_codes();
      } else if constexpr (std::is_enum_v<T>) {
        compare_enumeration<T>();
      } else {
        compare_structure<T>();
      }
    }
  }

  const json& definitions_;
  std::set<std::string> seen_;
};

TEST(schema, of_writer_metadata_says_what_the_code_does) {
  const auto schema = schema_in("writer-metadata");
  EXPECT_EQ(schema.at("$ref"), "#/$defs/writer_metadata");
  comparison c(schema);
  c.compare_structure<writer_metadata>();
  c.finish();
}

TEST(schema, of_backup_components_says_what_the_code_does) {
  const auto schema = schema_in("backup-components");
  EXPECT_EQ(schema.at("$ref"), "#/$defs/backup_document");
  EXPECT_EQ(schema.at("required"), json::array({"version"}));
  comparison c(schema);
  c.compare_structure<backup_document>();
  c.finish();
}

TEST(schema, of_every_document_names_its_version) {
  EXPECT_EQ(schema_in("writer-metadata").at("$defs").at("writer_metadata").at("properties").at("version").at("const"), 1);
  EXPECT_EQ(schema_in("backup-components").at("$defs").at("backup_document").at("properties").at("version").at("const"), 1);
}

}  // namespace
}  // namespace umbra::shadow
