// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/document_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/shadow/result_code.h"
#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

// What check() says after `change`.
template <class Change>
std::string verdict(Change change) {
  auto metadata = test::full_metadata();
  change(metadata);
  const auto checked = check(metadata);
  if (checked) return "right";
  EXPECT_EQ(code_of(checked.error()), result_code::e_invalidarg);
  return checked.error().text();
}

std::string verdict_on(const file_spec& files) {
  const auto checked = check(files);
  return checked ? "right" : checked.error().text();
}

using testing::HasSubstr;

TEST(document_rules, takes_what_is_right) {
  EXPECT_EQ(verdict([](writer_metadata&) {}), "right");
  EXPECT_TRUE(check(test::my_writer()));
}

TEST(document_rules, a_writer_has_a_name_and_a_class) {
  EXPECT_EQ(verdict([](auto& m) { m.identity.name.clear(); }), "the writer has no name");
  EXPECT_EQ(verdict([](auto& m) { m.identity.class_id = {}; }), "the writer has no class");
}

TEST(document_rules, components_have_names_that_are_their_own) {
  EXPECT_EQ(verdict([](auto& m) { m.components[1].name.clear(); }), "a component has no name");
  EXPECT_THAT(verdict([](auto& m) { m.components[1].name = "a\\b"; }), HasSubstr("component 'a\\b': its name has a backslash"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].name.assign(name_size_limit + 1, 'x'); }), HasSubstr("longer than 1024"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].logical_path.assign(name_size_limit + 1, 'x'); }),
              HasSubstr("longer than 1024"));
  EXPECT_EQ(verdict([](auto& m) { m.components[1].name.assign(name_size_limit, 'x'); }), "right");
  EXPECT_THAT(verdict([](auto& m) { m.components.push_back(m.components[1]); }), HasSubstr("it is there twice"));
  EXPECT_EQ(verdict([](auto& m) {
              m.components.push_back(m.components[1]);
              m.components.back().logical_path = "elsewhere";
            }),
            "right");
}

TEST(document_rules, components_are_file_groups_or_databases) {
  EXPECT_THAT(verdict([](auto& m) { m.components[0].type = component_type::undefined; }), HasSubstr("it has no type"));
  EXPECT_THAT(verdict([](auto& m) {
                m.components[0].database_files.push_back({"/x", "*", false, "", {}});
              }),
              HasSubstr("a file group has 'files' only"));
  EXPECT_THAT(verdict([](auto& m) {
                m.components[0].log_files.push_back({"/x", "*", false, "", {}});
              }),
              HasSubstr("a file group has 'files' only"));
  EXPECT_THAT(verdict([](auto& m) {
                m.components[1].files.push_back({"/x", "*", false, "", {}});
              }),
              HasSubstr("a database has 'database_files' and 'log_files' only"));
}

TEST(document_rules, files_of_a_database_are_neither_recursive_nor_elsewhere) {
  EXPECT_THAT(verdict([](auto& m) { m.components[1].database_files[0].recursive = true; }), HasSubstr("cannot be recursive"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].log_files[0].recursive = true; }), HasSubstr("cannot be recursive"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].log_files[0].alternate_location = "/x"; }), HasSubstr("alternate path"));
}

TEST(document_rules, dependencies_name_a_component_of_a_writer) {
  EXPECT_THAT(verdict([](auto& m) { m.components[0].dependencies[0].writer_id = {}; }), HasSubstr("a dependency names no"));
  EXPECT_THAT(verdict([](auto& m) { m.components[0].dependencies[0].component_name = ""; }), HasSubstr("a dependency names no"));
}

TEST(document_rules, paths_are_absolute_and_lead_nowhere_else) {
  for (const auto* good : {"/", "/srv", "/srv/", "//srv//x", "/a..b/..c/d..", "C:\\Data", "\\\\server\\share"})
    EXPECT_EQ(verdict_on({good, "*", false, "", {}}), "right") << good;
  for (const auto* bad : {"", "srv", "./srv", "C:", "~/x"})
    EXPECT_THAT(verdict_on({bad, "*", false, "", {}}), HasSubstr("is not absolute")) << bad;
  for (const auto* bad : {"/..", "/srv/..", "/srv/../etc", "/../srv", "C:\\x\\..\\y"})
    EXPECT_THAT(verdict_on({bad, "*", false, "", {}}), HasSubstr("has '..' in it")) << bad;
  EXPECT_THAT(verdict_on({"/srv", "*", false, "elsewhere", {}}), HasSubstr("'elsewhere' is not absolute"));
  EXPECT_EQ(verdict_on({std::string(path_size_limit, '/'), "*", false, "", {}}), "right");
  EXPECT_THAT(verdict_on({std::string(path_size_limit + 1, '/'), "*", false, "", {}}), HasSubstr("longer than 4096"));
}

TEST(document_rules, a_specification_is_a_name_or_a_pattern) {
  for (const auto* good : {"*", "a", "*.log", "?", "back\\slash", "..."})
    EXPECT_EQ(verdict_on({"/", good, false, "", {}}), "right");
  for (const auto* bad : {"", "/", "a/b", "../x"})
    EXPECT_THAT(verdict_on({"/", bad, false, "", {}}), HasSubstr("is not a file name or a pattern of one")) << bad;
  EXPECT_EQ(verdict_on({"/", std::string(spec_size_limit, 'x'), false, "", {}}), "right");
  EXPECT_NE(verdict_on({"/", std::string(spec_size_limit + 1, 'x'), false, "", {}}), "right");
}

TEST(document_rules, every_list_of_files_is_looked_at) {
  EXPECT_THAT(verdict([](auto& m) { m.components[0].files[1].path = "x"; }), HasSubstr("component 'cluster\\data\\tables"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].database_files[0].path = "x"; }), HasSubstr("component 'Datenbank"));
  EXPECT_THAT(verdict([](auto& m) { m.components[1].log_files[0].path = "x"; }), HasSubstr("component 'Datenbank"));
  EXPECT_THAT(verdict([](auto& m) { m.excluded[0].path = "x"; }), HasSubstr("excluded: "));
  EXPECT_THAT(verdict([](auto& m) { m.excluded_from_snapshot[0].path = "x"; }), HasSubstr("excluded_from_snapshot: "));
  EXPECT_THAT(verdict([](auto& m) { m.alternate_locations[0].path = "x"; }), HasSubstr("alternate_locations: "));
}

TEST(document_rules, a_restore_has_what_its_method_needs) {
  EXPECT_THAT(verdict([](auto& m) { m.restore.service.clear(); }), HasSubstr("names no service"));
  EXPECT_THAT(verdict([](auto& m) {
                m.restore.method = restore_method::restore_stop_start;
                m.restore.service.clear();
              }),
              HasSubstr("names no service"));
  EXPECT_EQ(verdict([](auto& m) {
              m.restore.method = restore_method::custom;
              m.restore.service.clear();
            }),
            "right");
  EXPECT_THAT(verdict([](auto& m) { m.alternate_locations[0].alternate_location.clear(); }), HasSubstr("has no target"));
  EXPECT_THAT(verdict([](auto& m) {
                m.restore.method = restore_method::restore_to_alternate_location;
                m.alternate_locations.clear();
              }),
              HasSubstr("no alternate location to restore to"));
}

TEST(document_rules, a_chosen_component_has_a_name_of_its_own) {
  auto part = test::full_document().writers.at(0);
  EXPECT_TRUE(check(part));
  part.components.push_back(part.components[0]);
  EXPECT_THAT(check(part).error().text(), HasSubstr("component 'cluster\\data\\tables': it is there twice"));
  part.components[1].logical_path.clear();
  EXPECT_TRUE(check(part));
  part.components[1].name.clear();
  EXPECT_EQ(check(part).error().text(), "a component has no name");
}

TEST(document_rules, a_backup_document_names_each_writer_once) {
  auto document = test::full_document();
  EXPECT_TRUE(check(document));
  document.writers.push_back(document.writers[0]);
  EXPECT_THAT(check(document).error().text(), HasSubstr("writer {5a000000-0000-0000-0000-000000000001}: it is there twice"));
  document.writers[1].instance_id = test::numbered_guid(77);
  EXPECT_TRUE(check(document));
  document.writers[1].components[0].name.clear();
  EXPECT_THAT(check(document).error().text(),
              HasSubstr("writer {5a000000-0000-0000-0000-000000000001}: a component has no name"));
}

}  // namespace
}  // namespace umbra::shadow
