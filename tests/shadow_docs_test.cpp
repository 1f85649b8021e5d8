// SPDX-License-Identifier: GPL-3.0-or-later
// docs/shadow-api.md against the headers and tables of engine/shadow: every entry of the reference once, every name that stands
// for one is there, values of enumerations and result codes as in the code.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/shadow/enum_names.h"
#include "engine/shadow/result_code.h"
#include "tests/support/header_names.h"
#include "tests/support/markdown.h"

namespace {

namespace fs = std::filesystem;
using namespace umbra;
using test::row;
using test::table;
using rows = std::vector<row>;

const fs::path root(UMBRA_SOURCE_DIR);

const std::string& page() {
  static const std::string text = test::read_text(root / "docs/shadow-api.md");
  return text;
}

const test::header_names& declared() {
  static const test::header_names names = [] {
    test::header_names found;
    for (const auto& e : fs::directory_iterator(root / "engine/shadow"))
      if (e.path().extension() == ".h") found.add(test::read_text(e.path()));
    return found;
  }();
  return names;
}

std::string without_ticks(const std::string& cell) {
  static const std::regex code("^`([^`]+)`$");
  std::smatch found;
  return std::regex_match(cell, found, code) ? found[1].str() : "(not in backticks: " + cell + ")";
}

// The tables with one entry of the reference in each row, by kind; methods under "method", all of them.
const std::map<std::string, rows>& entries_by_kind() {
  static const auto kinds = [] {
    std::map<std::string, rows> found;
    for (const char* kind : {"class", "function", "data type", "structure", "enumeration", "interface"})
      found[kind] = table(page(), "", {kind, "here"});
    static const std::regex heading(R"(\n(### `(\w+)` \((\d+)\))\n)");
    for (std::sregex_iterator it(page().begin(), page().end(), heading), end; it != end; ++it) {
      const auto methods = table(page(), (*it)[1], {"method", "here"});
      EXPECT_EQ(std::to_string(methods.size()), (*it)[3]) << (*it)[1];
      for (auto method : methods) {
        method[0] = "`" + (*it)[2].str() + "::" + without_ticks(method[0]) + "`";
        found["method"].push_back(method);
      }
    }
    return found;
  }();
  return kinds;
}

// Names in backticks that begin with "shadow::", without that.
std::set<std::string> names_in(const std::string& text) {
  static const std::regex name(R"(`shadow::([a-z_:0-9]+)`)");
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) found.insert((*it)[1]);
  return found;
}

TEST(shadow_docs, has_as_many_entries_of_each_kind_as_the_reference) {
  const auto& kinds = entries_by_kind();
  EXPECT_EQ(kinds.at("class").size(), 3U);
  EXPECT_EQ(kinds.at("data type").size(), 3U);
  EXPECT_EQ(kinds.at("enumeration").size(), 30U);
  EXPECT_EQ(kinds.at("function").size(), 8U);
  EXPECT_EQ(kinds.at("interface").size(), 35U);
  EXPECT_EQ(kinds.at("structure").size(), 11U);
  EXPECT_EQ(kinds.at("method").size(), 277U);

  const rows said = table(page(), "## Kinds", {"kind", "in the reference"});
  ASSERT_EQ(said.size(), 7U);
  for (const row& r : said) {
    const auto kind = r[0] == "classes" ? "class" : r[0].substr(0, r[0].size() - 1);
    EXPECT_EQ(r[1], std::to_string(kinds.at(kind).size())) << r[0];
  }
}

TEST(shadow_docs, names_each_entry_of_the_reference_once) {
  static const std::regex spelling(R"(~?\w+(::~?\w+)?)");
  std::set<std::string> seen;
  for (const auto& [kind, entries] : entries_by_kind())
    for (const row& r : entries) {
      EXPECT_TRUE(seen.insert(without_ticks(r[0])).second) << r[0] << " occurs twice";
      EXPECT_TRUE(std::regex_match(without_ticks(r[0]), spelling)) << r[0];
    }
  for (const row& r : table(page(), "", {"member", "here"})) EXPECT_TRUE(seen.insert(without_ticks(r[0])).second) << r[0];
}

TEST(shadow_docs, methods_belong_to_the_classes_and_interfaces_of_the_page) {
  std::set<std::string> owners;
  for (const char* kind : {"class", "interface"})
    for (const row& r : entries_by_kind().at(kind)) owners.insert(without_ticks(r[0]));
  std::set<std::string> with_methods;
  for (const row& r : entries_by_kind().at("method")) {
    const auto name = without_ticks(r[0]);
    with_methods.insert(name.substr(0, name.find("::")));
  }
  with_methods.insert("IVssWriterComponentsExt");  // has none of its own
  EXPECT_EQ(with_methods, owners);
}

TEST(shadow_docs, every_entry_has_its_counterpart_or_a_reason) {
  auto kinds = entries_by_kind();
  kinds["member"] = table(page(), "", {"member", "here"});
  ASSERT_GT(kinds["member"].size(), 30U);
  for (const auto& [kind, entries] : kinds)
    for (const row& r : entries) {
      ASSERT_GE(r.size(), 3U) << kind << ' ' << r[0];
      const bool has_name = !names_in(r[1]).empty();
      EXPECT_NE(has_name, r[1] == "—") << r[0] << ": " << r[1];
      EXPECT_TRUE(has_name || !r.back().empty()) << r[0] << " has neither a counterpart nor a reason";
    }
}

TEST(shadow_docs, every_name_is_declared_in_a_header) {
  const auto names = names_in(page());
  EXPECT_GT(names.size(), 150U);
  for (const auto& name : names) EXPECT_TRUE(declared().all.contains(name)) << "shadow::" << name;
}

TEST(shadow_docs, a_name_that_is_not_there_would_be_seen) {
  const auto& names = declared().all;
  for (const char* there : {"writer", "writer::handle", "writer_state", "writer_state::stable", "to_json", "name_of", "timestamp",
                            "backup_components::deletion::not_deleted", "environment::find_volume", "provider::hold::none"})
    EXPECT_TRUE(names.contains(there)) << there;
  for (const char* not_there : {"writers", "writer::handles", "writer_state::stables", "handle", "stable", "writer::what",
                                "return", "component_tree::metadata_", "component_tree::overlaps_nothing", "umbra", "shadow", ""})
    EXPECT_FALSE(names.contains(not_there)) << not_there;
}

TEST(header_names, reads_what_headers_hold) {
  test::header_names names;
  names.add(R"(
    #include <not_this>
    namespace a::b {
    // class comment {
    constexpr int limit = 8 << 20;
    enum class color : int { red = 1, green, blue = red };
    template <class T> struct holder : base<T> { T value{}; };
    template <class T> T make(const T& from = {}, int n = f(1)) { int inside = 0; return from; }
    std::function<result<int>(const std::string& argument)> call = a::call;
    class thing : public base {
     public:
      explicit thing(int x) : x_(x) {}
      virtual std::vector<int> list() const = 0;
      bool operator==(const thing&) const = default;
      struct part { int size = 0; };
     private:
      int x_;
      int hidden() const;
    };
    using other = thing;
    class later;
    }
  )");
  const std::set<std::string, std::less<>> expected{
      "limit", "color",        "color::red",  "color::green", "color::blue",       "holder", "holder::value", "make", "call",
      "thing", "thing::thing", "thing::list", "thing::part",  "thing::part::size", "other"};
  EXPECT_EQ(names.all, expected);
  EXPECT_EQ(names.enumerators["color"], (std::vector<std::string>{"red", "green", "blue"}));
}

std::map<std::string, std::span<const shadow::enum_entry>> tables_of_names() {
  using namespace shadow;
  return {
      {"object_type", entries(object_type{})},
      {"snapshot_state", entries(snapshot_state{})},
      {"volume_snapshot_attributes", entries(volume_snapshot_attributes{})},
      {"snapshot_context", entries(snapshot_context{})},
      {"snapshot_property_id", entries(snapshot_property_id{})},
      {"snapshot_compatibility", entries(snapshot_compatibility{})},
      {"provider_type", entries(provider_type{})},
      {"provider_capabilities", entries(provider_capabilities{})},
      {"hardware_options", entries(hardware_options{})},
      {"recovery_options", entries(recovery_options{})},
      {"mgmt_object_type", entries(mgmt_object_type{})},
      {"protection_level", entries(protection_level{})},
      {"protection_fault", entries(protection_fault{})},
      {"writer_state", entries(writer_state{})},
      {"application_level", entries(application_level{})},
      {"usage_type", entries(usage_type{})},
      {"source_type", entries(source_type{})},
      {"subscribe_mask", entries(subscribe_mask{})},
      {"alternate_writer_state", entries(alternate_writer_state{})},
      {"backup_type", entries(backup_type{})},
      {"backup_schema", entries(backup_schema{})},
      {"component_type", entries(component_type{})},
      {"component_flags", entries(component_flags{})},
      {"file_spec_backup_type", entries(file_spec_backup_type{})},
      {"restore_type", entries(restore_type{})},
      {"restore_method", entries(restore_method{})},
      {"writer_restore", entries(writer_restore{})},
      {"restore_target", entries(restore_target{})},
      {"file_restore_status", entries(file_restore_status{})},
      {"rollforward_type", entries(rollforward_type{})},
  };
}

// "none 0, persistent 1, no_writers 0x10"
std::vector<std::pair<std::string, std::int64_t>> values_in(const std::string& cell) {
  static const std::regex one(R"((\w+) (-?\w+))");
  std::vector<std::pair<std::string, std::int64_t>> found;
  for (std::sregex_iterator it(cell.begin(), cell.end(), one), end; it != end; ++it)
    found.emplace_back((*it)[1], std::stoll((*it)[2], nullptr, 0));
  return found;
}

TEST(shadow_docs, enumerations_have_the_values_of_the_page) {
  const rows of_page = table(page(), "", {"of", "values"});
  const auto of_code = tables_of_names();
  ASSERT_EQ(of_page.size(), 30U);
  ASSERT_EQ(of_code.size(), 30U);
  std::set<std::string> seen;
  for (const row& r : of_page) {
    const auto names = names_in(r[0]);
    ASSERT_EQ(names.size(), 1U) << r[0];
    ASSERT_TRUE(of_code.contains(*names.begin())) << r[0];
    EXPECT_TRUE(seen.insert(*names.begin()).second) << r[0];
    std::vector<std::pair<std::string, std::int64_t>> expected;
    for (const auto& e : of_code.at(*names.begin())) expected.emplace_back(e.name, e.value);
    EXPECT_EQ(values_in(r[1]), expected) << r[0];
  }
}

// The tables of names cannot miss an enumerator unnoticed: each enumeration's declaration has the same, in the same order.
TEST(shadow_docs, tables_of_names_have_every_enumerator) {
  for (const auto& [enumeration, names] : tables_of_names()) {
    std::vector<std::string> expected;
    for (const auto& e : names) expected.emplace_back(e.name);
    ASSERT_TRUE(declared().enumerators.contains(enumeration)) << enumeration;
    EXPECT_EQ(declared().enumerators.at(enumeration), expected) << enumeration;
  }
}

TEST(shadow_docs, result_codes_equal_the_code) {
  rows expected;
  for (const auto& info : shadow::all_result_codes()) {
    const auto text = shadow::to_string(info.code);  // "NAME (0x80042301)"
    const auto number = text.substr(info.name.size() + 2, 10);
    expected.push_back(
        {"`" + std::string(info.name) + "`", "`" + number + "`", std::string(info.meaning), std::string(info.advice)});
  }
  EXPECT_EQ(table(page(), "## Result codes", {"code", "number", "meaning", "what to do"}), expected);
}

TEST(shadow_docs, table_of_result_codes_has_every_enumerator) {
  static const std::map<std::string, std::string> without_prefix{{"S_OK", "s_ok"},
                                                                 {"S_FALSE", "s_false"},
                                                                 {"E_NOTIMPL", "e_notimpl"},
                                                                 {"E_FAIL", "e_fail"},
                                                                 {"E_UNEXPECTED", "e_unexpected_failure"},
                                                                 {"E_ACCESSDENIED", "e_accessdenied"},
                                                                 {"E_OUTOFMEMORY", "e_outofmemory"},
                                                                 {"E_INVALIDARG", "e_invalidarg"}};
  std::vector<std::string> names;
  for (const auto& info : shadow::all_result_codes()) {
    std::string name(info.name);
    if (const auto found = without_prefix.find(name); found != without_prefix.end()) {
      names.push_back(found->second);
      continue;
    }
    ASSERT_TRUE(name.starts_with("VSS_")) << name;
    name.erase(0, 4);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    names.push_back(name);
  }
  EXPECT_EQ(declared().enumerators.at("result_code"), names);
}

}  // namespace
