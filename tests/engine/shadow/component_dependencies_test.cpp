// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/component_dependencies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/shadow/result_code.h"
#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// MyWriter's writerData depends on internetData, with the logical path "Connections", of the writer InternetConnector: the
// reference's own example.
class component_dependencies : public testing::Test {
 protected:
  static constexpr std::uint8_t my_class = 0x11;
  static constexpr std::uint8_t connector_class = 0x21;

  component_dependencies() {
    writers = {test::my_writer(), writer("InternetConnector", connector_class)};
    add(writers[1], "Connections", "internetData", true);
    depend(writers[0].components.at(6), connector_class, "Connections", "internetData");
  }

  static writer_metadata writer(std::string name, std::uint8_t n) {
    writer_metadata m;
    m.identity.name = std::move(name);
    m.identity.class_id = test::numbered_guid(n);
    m.identity.instance_id = test::numbered_guid(static_cast<std::uint8_t>(n + 1));
    return m;
  }
  static component_info& add(writer_metadata& m, std::string path, std::string name, bool selectable) {
    auto& c = m.components.emplace_back();
    c.logical_path = std::move(path);
    c.name = std::move(name);
    c.selectable = selectable;
    return c;
  }
  static void depend(component_info& c, std::uint8_t writer, std::string path, std::string name) {
    c.dependencies.push_back({test::numbered_guid(writer), std::move(path), std::move(name)});
  }
  void choose(const writer_metadata& m, std::string path, std::string name) {
    auto* w = document.find(m.identity.class_id, m.identity.instance_id);
    if (w == nullptr) w = &document.writers.emplace_back(writer_components{m.identity.class_id, m.identity.instance_id, {}});
    auto& c = w->components.emplace_back();
    c.logical_path = std::move(path);
    c.name = std::move(name);
  }
  std::vector<std::string> to_add() const {
    const auto r = components_to_add(writers, document);
    EXPECT_TRUE(r) << r.error().message();
    std::vector<std::string> names;
    if (r) {
      for (const auto& c : r.value()) names.push_back(c.logical_path.empty() ? c.name : c.logical_path + "\\" + c.name);
    }
    return names;
  }

  std::vector<writer_metadata> writers;
  backup_document document;
};

TEST_F(component_dependencies, nothing_chosen_needs_nothing) {
  EXPECT_THAT(missing_dependencies(writers, document), IsEmpty());
  EXPECT_THAT(to_add(), IsEmpty());
}

TEST_F(component_dependencies, names_what_is_missing_and_how_to_get_it) {
  choose(writers[0], "", "writerData");
  const auto missing = missing_dependencies(writers, document);
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].writer, "MyWriter");
  EXPECT_EQ(missing[0].component, "writerData");
  EXPECT_EQ(missing[0].on.component_name, "internetData");
  EXPECT_EQ(missing[0].machine, "");
  ASSERT_TRUE(missing[0].add);
  EXPECT_EQ(missing[0].add->writer_class, test::numbered_guid(connector_class));
  EXPECT_EQ(missing[0].add->writer_instance, test::numbered_guid(connector_class + 1));
  EXPECT_EQ(missing[0].add->name, "internetData");
  EXPECT_THAT(to_string(missing[0]), HasSubstr("writer 'MyWriter', component 'writerData' depends on component "
                                               "'Connections\\internetData' of writer {"));
  EXPECT_THAT(to_string(missing[0]), HasSubstr("which is not chosen"));
}

TEST_F(component_dependencies, what_is_not_chosen_needs_nothing) {
  choose(writers[0], "", "LicenseInfo");
  EXPECT_THAT(missing_dependencies(writers, document), IsEmpty());
}

TEST_F(component_dependencies, is_met_by_an_explicit_component) {
  choose(writers[0], "", "writerData");
  choose(writers[1], "Connections", "internetData");
  EXPECT_THAT(missing_dependencies(writers, document), IsEmpty());
}

TEST_F(component_dependencies, holds_for_implicit_components_on_both_sides) {
  writers[0].components.at(6).dependencies.clear();
  depend(writers[0].components.at(8), connector_class, "Connections\\internetData", "cookies");
  add(writers[1], "Connections\\internetData", "cookies", false);
  choose(writers[0], "", "writerData");
  EXPECT_THAT(to_add(), testing::ElementsAre("Connections\\internetData"));
  choose(writers[1], "Connections", "internetData");
  EXPECT_THAT(missing_dependencies(writers, document), IsEmpty());
}

TEST_F(component_dependencies, any_instance_of_the_class_will_do) {
  auto other = writer("InternetConnector", connector_class);
  other.identity.instance_id = test::numbered_guid(0x33);
  add(other, "", "elsewhere", true);
  writers.insert(writers.begin() + 1, other);
  choose(writers[0], "", "writerData");
  const auto missing = missing_dependencies(writers, document);
  ASSERT_THAT(missing, SizeIs(1));
  ASSERT_TRUE(missing[0].add);
  EXPECT_EQ(missing[0].add->writer_instance, test::numbered_guid(connector_class + 1));
}

TEST_F(component_dependencies, follows_chains_and_adds_what_each_writer_requires) {
  writers.push_back(writer("Registry", 0x41));
  add(writers[2], "", "hive", true);
  add(writers[2], "", "index", false);
  depend(writers[1].components[0], 0x41, "", "hive");
  choose(writers[0], "", "writerData");
  EXPECT_THAT(to_add(), testing::ElementsAre("Connections\\internetData", "hive", "index"));
}

TEST_F(component_dependencies, a_circle_comes_to_an_end) {
  depend(writers[1].components[0], my_class, "", "writerData");
  choose(writers[0], "", "writerData");
  EXPECT_THAT(to_add(), testing::ElementsAre("Connections\\internetData"));
  depend(writers[1].components[0], connector_class, "Connections", "internetData");
  EXPECT_THAT(to_add(), testing::ElementsAre("Connections\\internetData"));
}

TEST_F(component_dependencies, what_is_not_here_is_told_and_cannot_be_added) {
  depend(writers[0].components.at(6), 0x77, "", "absent");
  depend(writers[0].components.at(6), connector_class, "", "internetData");
  choose(writers[0], "", "writerData");
  const auto missing = missing_dependencies(writers, document);
  ASSERT_THAT(missing, SizeIs(3));
  EXPECT_FALSE(missing[1].add);
  EXPECT_FALSE(missing[2].add);
  EXPECT_THAT(to_string(missing[1]), HasSubstr("which is not here"));
  EXPECT_THAT(to_add(), testing::ElementsAre("Connections\\internetData"));
}

TEST_F(component_dependencies, another_machines_component_is_told_with_its_machine) {
  writers[0].components.at(6).dependencies.clear();
  depend(writers[0].components.at(6), connector_class, "\\\\backend\\Connections", "internetData");
  depend(writers[0].components.at(6), connector_class, "\\\\backend", "internetData");
  choose(writers[0], "", "writerData");
  const auto missing = missing_dependencies(writers, document);
  ASSERT_THAT(missing, SizeIs(2));
  EXPECT_EQ(missing[0].machine, "backend");
  EXPECT_EQ(missing[1].machine, "backend");
  EXPECT_FALSE(missing[0].add);
  EXPECT_THAT(to_string(missing[0]), HasSubstr("which lies on another machine"));
  EXPECT_THAT(to_add(), IsEmpty());
}

TEST_F(component_dependencies, says_when_a_choice_stands_in_the_way) {
  // "outer" must come along for "inner", but brings "outer\other", which was added by itself.
  writers[0].components.at(6).dependencies.clear();
  depend(writers[0].components.at(6), connector_class, "outer", "inner");
  add(writers[1], "", "outer", true);
  add(writers[1], "outer", "inner", false);
  add(writers[1], "outer", "other", true);
  choose(writers[0], "", "writerData");
  choose(writers[1], "outer", "other");
  const auto r = components_to_add(writers, document);
  ASSERT_FALSE(r);
  EXPECT_EQ(code_of(r.error()), result_code::e_invalidarg);
  EXPECT_THAT(r.error().text(), HasSubstr("InternetConnector: component 'outer': brings 'outer\\other'"));
}

}  // namespace
}  // namespace umbra::shadow
