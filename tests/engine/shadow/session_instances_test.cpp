// SPDX-License-Identifier: GPL-3.0-or-later
// Several instances of one writer class at a restore: each gets what was saved of it, and nothing of another one is lost.
#include "engine/shadow/document_json.h"
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

constexpr auto class_id = "{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}";

sh::guid id(int number) {
  sh::guid g;
  g.bytes[15] = static_cast<std::byte>(number);
  return g;
}

sh::component_info known_component(const std::string& name) {
  sh::component_info c;
  c.name = name;
  c.selectable = true;
  c.files = {{"/" + name, "*", true, "", sh::file_spec_backup_type::standard}};
  return c;
}

// A writer of the class, of this instance, that knows these components.
void add_instance(shadow_world& world, int instance, const std::vector<std::string>& components) {
  auto& w = world.add_writer("w" + std::to_string(instance));
  w.document.identity.class_id = sh::parse_guid(class_id).value();
  w.document.identity.instance_id = id(instance);
  w.document.components.clear();
  for (const auto& c : components) w.document.components.push_back(known_component(c));
}

// A document saved of instances of the class, with one component of each.
std::string saved(const std::vector<std::pair<int, std::string>>& parts) {
  sh::backup_document d;
  d.session_id = id(99);
  d.type = sh::backup_type::copy;
  for (const auto& [instance, name] : parts) {
    sh::backup_component c;
    c.name = name;
    d.writers.push_back({sh::parse_guid(class_id).value(), id(instance), {c}});
  }
  return sh::to_json(d);
}

using placed = std::vector<std::pair<sh::guid, std::string>>;

// Instance and component, for each component that a writer got.
placed given_out(shadow_world& world, const std::string& document) {
  const auto s = world.session();
  const auto read = s->initialize_for_restore(document);
  EXPECT_TRUE(read.has_value()) << (read.has_error() ? read.assume_error().message() : "");
  must_finish(s->gather_writer_metadata());
  placed found;
  const auto parts = s->get_writer_components();
  for (const auto& part : parts.assume_value())
    for (const auto& c : part.components) found.emplace_back(part.instance_id, c.name);
  return found;
}

TEST(shadow_instances, each_gets_what_was_saved_of_it) {
  shadow_world world;
  add_instance(world, 1, {});
  add_instance(world, 2, {});
  EXPECT_EQ(given_out(world, saved({{2, "two"}, {1, "one"}})), (placed{{id(1), "one"}, {id(2), "two"}}));
}

TEST(shadow_instances, are_known_by_their_components_after_a_restart) {
  shadow_world world;
  add_instance(world, 11, {"one"});
  add_instance(world, 12, {"two"});
  EXPECT_EQ(given_out(world, saved({{2, "two"}, {1, "one"}})), (placed{{id(11), "one"}, {id(12), "two"}}));
}

TEST(shadow_instances, one_that_knows_nothing_takes_what_is_left) {
  shadow_world world;
  add_instance(world, 11, {});
  add_instance(world, 12, {"one"});
  EXPECT_EQ(given_out(world, saved({{1, "one"}, {2, "two"}})), (placed{{id(11), "two"}, {id(12), "one"}}));
}

TEST(shadow_instances, what_belongs_to_an_absent_one_goes_to_nobody) {
  shadow_world world;
  add_instance(world, 12, {"two"});
  const auto document = saved({{1, "one"}, {2, "two"}});
  EXPECT_EQ(given_out(world, document), (placed{{id(12), "two"}}));

  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_restore(document).has_value());
  must_finish(s->gather_writer_metadata());
  sh::component_name absent;
  absent.writer_class = sh::parse_guid(class_id).value();
  absent.name = "one";
  EXPECT_EQ(code_of_call(s->set_selected_for_restore(absent, true)), sh::result_code::e_object_not_found);
}

TEST(shadow_instances, the_document_keeps_one_part_for_each) {
  shadow_world world;
  add_instance(world, 11, {"one"});
  add_instance(world, 12, {"two"});
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_restore(saved({{2, "two"}, {1, "one"}, {3, "three"}})).has_value());
  must_finish(s->gather_writer_metadata());
  must_finish(s->pre_restore());
  const auto kept = sh::backup_document_from_json(s->save_as_json().assume_value());
  ASSERT_TRUE(kept.has_value()) << kept.assume_error().message();
  placed found;
  for (const auto& part : kept.assume_value().writers)
    for (const auto& c : part.components) found.emplace_back(part.instance_id, c.name);
  EXPECT_EQ(found, (placed{{id(12), "two"}, {id(11), "one"}, {id(3), "three"}}));
}

}  // namespace
}  // namespace umbra::test
