// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/component_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/shadow/result_code.h"
#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names_of(const std::vector<const component_info*>& components) {
  std::vector<std::string> names;
  for (const auto* c : components) names.push_back(c->full_name());
  return names;
}

class component_rules : public testing::Test {
 protected:
  writer_metadata metadata = test::my_writer();
  component_tree tree{metadata};
  writer_components chosen;

  // "a\b\c" is the component c with the logical path a\b.
  static std::pair<std::string, std::string> split(const std::string& full) {
    const auto cut = full.rfind('\\');
    if (cut == std::string::npos) return {"", full};
    return {full.substr(0, cut), full.substr(cut + 1)};
  }
  const component_info& at(const std::string& full) const {
    const auto [path, name] = split(full);
    const auto* c = tree.find(path, name);
    EXPECT_NE(c, nullptr) << full;
    return *c;
  }
  void choose(const std::string& full) {
    auto& c = chosen.components.emplace_back();
    std::tie(c.logical_path, c.name) = split(full);
  }
  result<void> may_add(const std::string& full) const {
    const auto [path, name] = split(full);
    return tree.may_add(chosen, component_type::filegroup, path, name);
  }
  result_code code_of_adding(const std::string& full) const {
    const auto r = may_add(full);
    return r ? result_code::s_ok : code_of(r.error());
  }
  std::vector<std::string> included() const { return names_of(tree.included(chosen)); }
};

// The documented example, row for row: how each component can get into a backup, and which selectable one is above it.
TEST_F(component_rules, the_documented_example_of_my_writer) {
  struct row {
    std::string component;
    inclusion rule;
    std::string ancestor;
  };
  const std::vector<row> rows = {
      {"Executables", inclusion::required, ""},
      {"Executables\\ConfigFiles", inclusion::required, ""},
      {"LicenseInfo", inclusion::optional, ""},
      {"Security", inclusion::optional, ""},
      {"Security\\UserInfo", inclusion::implicit, "Security"},
      {"Security\\Certificates", inclusion::implicit, "Security"},
      {"writerData", inclusion::optional, ""},
      {"writerData\\Set1", inclusion::implicit, "writerData"},
      {"writerData\\Set1\\Jan", inclusion::implicit, "writerData"},
      {"writerData\\Set1\\Dec", inclusion::implicit, "writerData"},
      {"writerData\\Set2", inclusion::implicit, "writerData"},
      {"writerData\\Set2\\Jan", inclusion::implicit, "writerData"},
      {"writerData\\Set2\\Dec", inclusion::implicit, "writerData"},
      {"writerData\\QueryLogs\\Query", inclusion::implicit, "writerData"},
      {"writerData\\Usage", inclusion::optional_or_implicit, "writerData"},
      {"writerData\\Usage\\Jan", inclusion::implicit, "writerData\\Usage"},
      {"writerData\\Usage\\Dec", inclusion::implicit, "writerData\\Usage"},
  };
  ASSERT_EQ(metadata.components.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& c = metadata.components[i];
    EXPECT_EQ(c.full_name(), rows[i].component);
    EXPECT_EQ(tree.rule(c), rows[i].rule) << c.full_name() << ": " << explain(tree.rule(c));
    const auto* up = tree.selectable_ancestor(c);
    EXPECT_EQ(up == nullptr ? "" : up->full_name(), rows[i].ancestor) << c.full_name();
  }
}

TEST_F(component_rules, a_set_is_a_selectable_component_with_all_below_it) {
  EXPECT_THAT(names_of(tree.set_of(at("Security"))), ElementsAre("Security", "Security\\UserInfo", "Security\\Certificates"));
  EXPECT_EQ(tree.set_of(at("writerData")).size(), 11u);
  EXPECT_THAT(names_of(tree.set_of(at("writerData\\Usage"))),
              ElementsAre("writerData\\Usage", "writerData\\Usage\\Jan", "writerData\\Usage\\Dec"));
  EXPECT_THAT(names_of(tree.set_of(at("Executables"))), ElementsAre("Executables"));
  EXPECT_THAT(names_of(tree.set_of(at("LicenseInfo"))), ElementsAre("LicenseInfo"));
}

TEST_F(component_rules, a_common_beginning_of_names_makes_no_ancestor) {
  auto& c = metadata.components.emplace_back();
  c.logical_path = "Security2";
  c.name = "Keys";
  const component_tree grown(metadata);
  EXPECT_EQ(grown.rule(*grown.find("Security2", "Keys")), inclusion::required);
  EXPECT_EQ(grown.set_of(*grown.find("", "Security")).size(), 3u);
}

TEST_F(component_rules, each_rule_has_an_explanation_of_its_own) {
  std::set<std::string_view> all;
  for (const auto rule : {inclusion::required, inclusion::optional, inclusion::implicit, inclusion::optional_or_implicit})
    all.insert(explain(rule));
  EXPECT_EQ(all.size(), 4u);
}

TEST_F(component_rules, what_can_be_added_at_first) {
  for (const auto* good :
       {"Executables", "Executables\\ConfigFiles", "LicenseInfo", "Security", "writerData", "writerData\\Usage"})
    EXPECT_EQ(code_of_adding(good), result_code::s_ok) << good;
  for (const auto* bad : {"Security\\UserInfo", "writerData\\Set1", "writerData\\QueryLogs\\Query", "writerData\\Usage\\Jan"})
    EXPECT_EQ(code_of_adding(bad), result_code::e_invalidarg) << bad;
  for (const auto* bad : {"writerData\\QueryLogs", "Jan", "", "security"})
    EXPECT_EQ(code_of_adding(bad), result_code::e_object_not_found) << bad;
}

TEST_F(component_rules, a_refusal_names_what_to_add_instead) {
  EXPECT_THAT(may_add("writerData\\Usage\\Jan").error().text(), HasSubstr("only comes with 'writerData\\Usage'; add that"));
}

TEST_F(component_rules, nothing_is_added_twice) {
  choose("LicenseInfo");
  EXPECT_EQ(code_of_adding("LicenseInfo"), result_code::e_object_already_exists);
  EXPECT_EQ(code_of_adding("Security"), result_code::s_ok);
}

TEST_F(component_rules, nothing_is_added_that_comes_along_anyway) {
  choose("writerData");
  EXPECT_EQ(code_of_adding("writerData\\Usage"), result_code::e_invalidarg);
  EXPECT_THAT(may_add("writerData\\Usage").error().text(), HasSubstr("comes with 'writerData'"));
}

TEST_F(component_rules, nothing_is_added_that_would_bring_what_is_added) {
  choose("writerData\\Usage");
  EXPECT_EQ(code_of_adding("writerData"), result_code::e_invalidarg);
  EXPECT_THAT(may_add("writerData").error().text(), HasSubstr("brings 'writerData\\Usage'"));
}

TEST_F(component_rules, a_required_component_below_a_chosen_one_that_is_not_selectable_is_added_besides) {
  choose("Executables");
  EXPECT_EQ(code_of_adding("Executables\\ConfigFiles"), result_code::s_ok);
  EXPECT_THAT(included(), ElementsAre("Executables"));
}

TEST_F(component_rules, the_type_must_be_right) {
  EXPECT_EQ(code_of(tree.may_add(chosen, component_type::database, "", "LicenseInfo").error()), result_code::e_invalidarg);
}

TEST_F(component_rules, required_components_must_all_be_there_once_any_is) {
  EXPECT_TRUE(tree.is_complete(chosen));
  choose("LicenseInfo");
  const auto first = tree.is_complete(chosen);
  ASSERT_FALSE(first);
  EXPECT_EQ(code_of(first.error()), result_code::e_invalidarg);
  EXPECT_THAT(first.error().text(), HasSubstr("'Executables': must be added, as something else of 'MyWriter' is"));
  choose("Executables");
  const auto second = tree.is_complete(chosen);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("'Executables\\ConfigFiles': must be added"));
  choose("Executables\\ConfigFiles");
  EXPECT_TRUE(tree.is_complete(chosen));
}

TEST_F(component_rules, what_is_chosen_brings_its_set) {
  EXPECT_THAT(included(), IsEmpty());
  choose("Security");
  choose("writerData\\Usage");
  EXPECT_THAT(included(), ElementsAre("Security", "Security\\UserInfo", "Security\\Certificates", "writerData\\Usage",
                                      "writerData\\Usage\\Jan", "writerData\\Usage\\Dec"));
}

TEST_F(component_rules, a_nested_set_comes_with_the_outer_one) {
  choose("writerData");
  EXPECT_EQ(included(), names_of(tree.set_of(at("writerData"))));
}

TEST_F(component_rules, what_the_writer_no_longer_has_brings_nothing) {
  choose("gone");
  EXPECT_THAT(included(), IsEmpty());
}

// --- Restore.

class component_rules_at_restore : public component_rules {
 protected:
  component_rules_at_restore() {
    for (auto& c : metadata.components)
      c.selectable_for_restore = c.full_name() == "writerData\\Set1\\Jan" || c.full_name() == "writerData\\Usage";
    component.name = "writerData";
    component.selected_for_restore = true;
  }
  result_code code_of_restoring(const std::string& full) const {
    const auto [path, name] = split(full);
    const auto r = tree.may_restore(component, {path, name});
    return r ? result_code::s_ok : code_of(r.error());
  }
  void add(const std::string& full) {
    const auto [path, name] = split(full);
    component.restore_subcomponents.push_back({path, name});
  }
  std::vector<std::string> restored() const { return names_of(tree.restored(component)); }

  backup_component component;
};

TEST_F(component_rules_at_restore, takes_subcomponents_that_are_selectable_for_restore) {
  EXPECT_EQ(code_of_restoring("writerData\\Set1\\Jan"), result_code::s_ok);
  EXPECT_EQ(code_of_restoring("writerData\\Usage"), result_code::s_ok);
  EXPECT_EQ(code_of_restoring("writerData\\Set1\\Dec"), result_code::e_invalidarg);
}

TEST_F(component_rules_at_restore, takes_none_from_elsewhere) {
  EXPECT_EQ(code_of_restoring("Security\\UserInfo"), result_code::e_object_not_found);
  EXPECT_EQ(code_of_restoring("writerData"), result_code::e_object_not_found);
  EXPECT_EQ(code_of_restoring("writerData\\Set9"), result_code::e_object_not_found);
  component.name = "gone";
  EXPECT_EQ(code_of_restoring("writerData\\Set1\\Jan"), result_code::e_object_not_found);
}

TEST_F(component_rules_at_restore, the_component_above_must_be_selected_first) {
  component.selected_for_restore = false;
  EXPECT_EQ(code_of_restoring("writerData\\Usage"), result_code::e_invalidarg);
  EXPECT_THAT(restored(), IsEmpty());
}

TEST_F(component_rules_at_restore, without_subcomponents_the_whole_set_is_restored) {
  EXPECT_EQ(restored(), names_of(tree.set_of(at("writerData"))));
  component.name = "LicenseInfo";
  EXPECT_THAT(restored(), ElementsAre("LicenseInfo"));
}

TEST_F(component_rules_at_restore, with_subcomponents_only_they_are_restored) {
  add("writerData\\Set1\\Jan");
  EXPECT_THAT(restored(), ElementsAre("writerData\\Set1\\Jan"));
}

TEST_F(component_rules_at_restore, a_subcomponent_that_is_a_set_brings_it) {
  add("writerData\\Usage");
  add("writerData\\Set1\\Jan");
  EXPECT_THAT(restored(),
              ElementsAre("writerData\\Set1\\Jan", "writerData\\Usage", "writerData\\Usage\\Jan", "writerData\\Usage\\Dec"));
}

}  // namespace
}  // namespace umbra::shadow
