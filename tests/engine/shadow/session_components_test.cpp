// SPDX-License-Identifier: GPL-3.0-or-later
// What writers say of their components, in the document of a backup that selected none: an image.
#include "engine/shadow/document_json.h"
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

using sh::event;
using sh::result_code;

struct session_components : ::testing::Test {
  session_components() {
    world.add_provider("p");
    auto& w = world.add_writer("w");
    sh::component_info known;
    known.name = "tables";
    known.logical_path = "cluster";
    known.type = sh::component_type::database;
    w.document.components.push_back(known);
  }
  // Adds a component to what it has been told, if it is not among that, and sets something of it.
  void edit(event at, const std::string& name, std::string sh::backup_component::*member, const std::string& value) {
    auto before = writer().at[at].acts;
    writer().at[at].acts = [=](const sh::writer_call& call) {
      if (before) before(call);
      if (call.components.find("cluster", name) == nullptr) {
        sh::backup_component fresh;
        fresh.logical_path = "cluster";
        fresh.name = name;
        call.components.components.push_back(fresh);
      }
      call.components.find("cluster", name)->*member = value;
    };
  }
  scripted_writer& writer() { return *world.writers[0]; }
  std::unique_ptr<sh::backup_components> backup() {
    auto s = world.session();
    EXPECT_TRUE(s->initialize_for_backup().has_value());
    EXPECT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
    must_finish(s->gather_writer_metadata());
    EXPECT_TRUE(s->start_snapshot_set().has_value());
    EXPECT_TRUE(s->add_to_snapshot_set("/a").has_value());
    must_finish(s->prepare_for_backup());
    must_finish(s->do_snapshot_set());
    return s;
  }
  static sh::backup_document document_of(const sh::backup_components& s) {
    return sh::backup_document_from_json(s.save_as_json().assume_value()).assume_value();
  }

  shadow_world world;
};

TEST_F(session_components, that_writers_name_are_in_the_document_though_nobody_selected_them) {
  edit(event::prepare_backup, "tables", &sh::backup_component::backup_stamp, "stamp 1");
  edit(event::post_snapshot, "tables", &sh::backup_component::backup_metadata, "LSN 5");
  edit(event::post_snapshot, "unheard of", &sh::backup_component::backup_metadata, "text");
  const auto s = backup();
  sh::component_name name{writer().identity().class_id, {}, sh::component_type::database, "cluster", "tables"};
  EXPECT_TRUE(s->set_backup_succeeded(name, true).has_value()) << "it is found by its type";
  must_finish(s->backup_complete());
  const auto document = document_of(*s);
  ASSERT_EQ(document.writers.size(), 1U);
  ASSERT_EQ(document.writers[0].components.size(), 2U);
  const auto& tables = document.writers[0].components[0];
  EXPECT_EQ(tables.type, sh::component_type::database) << "as its metadata says";
  EXPECT_EQ(tables.backup_stamp, "stamp 1");
  EXPECT_EQ(tables.backup_metadata, "LSN 5");
  EXPECT_TRUE(tables.backup_succeeded);
  EXPECT_EQ(document.writers[0].components[1].type, sh::component_type::filegroup);
}

TEST_F(session_components, keep_what_a_failing_writer_said_of_them) {
  edit(event::post_snapshot, "tables", &sh::backup_component::post_snapshot_failure, "page 3 is torn");
  writer().at[event::post_snapshot].fails = sh::failure(result_code::e_writererror_partial_failure, "one is broken");
  const auto document = document_of(*backup());
  ASSERT_EQ(document.writers.size(), 1U);
  EXPECT_EQ(document.writers[0].components.at(0).post_snapshot_failure, "page 3 is torn");
}

TEST_F(session_components, go_to_the_writer_again_when_they_are_restored) {
  edit(event::post_snapshot, "tables", &sh::backup_component::backup_metadata, "LSN 5");
  const auto saved = backup()->save_as_json().assume_value();
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_restore(saved).has_value());
  must_finish(s->gather_writer_metadata());
  std::string told;
  writer().at[event::pre_restore].acts = [&](const sh::writer_call& call) {
    told = call.components.components.at(0).backup_metadata;
  };
  must_finish(s->pre_restore());
  EXPECT_EQ(told, "LSN 5");
}

}  // namespace
}  // namespace umbra::test
