// SPDX-License-Identifier: GPL-3.0-or-later
// The order of a session: what is called when, and that calls out of order change nothing.
#include "tests/support/shadow_kit.h"

namespace umbra::test {
namespace {

using sh::event;
using sh::result_code;

// A backup of `volumes` up to, and with, do_snapshot_set.
void make_set(sh::backup_components& s, const std::vector<std::string>& volumes, std::vector<sh::guid>* ids = nullptr) {
  ASSERT_TRUE(s.initialize_for_backup().has_value());
  ASSERT_TRUE(s.set_backup_state(false, false, sh::backup_type::copy, false).has_value());
  must_finish(s.gather_writer_metadata());
  ASSERT_TRUE(s.start_snapshot_set().has_value());
  for (const auto& v : volumes) {
    const auto id = s.add_to_snapshot_set(v);
    ASSERT_TRUE(id.has_value()) << id.assume_error().message();
    if (ids != nullptr) ids->push_back(id.assume_value());
  }
  must_finish(s.prepare_for_backup());
  must_finish(s.do_snapshot_set());
}

TEST(shadow_session, goes_the_documented_way) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("w");
  {
    const auto s = world.session();
    make_set(*s, {"/a", "/b"});
    must_finish(s->backup_complete());
  }
  EXPECT_EQ(world.record.lines(), (std::vector<std::string>{"writer w: identify",
                                                            "provider p: begin_prepare_snapshot",
                                                            "provider p: begin_prepare_snapshot",
                                                            "writer w: prepare_backup",
                                                            "provider p: end_prepare_snapshots",
                                                            "writer w: prepare_snapshot",
                                                            "writer w: freeze",
                                                            "provider p: pre_commit_snapshots",
                                                            "freeze /b",
                                                            "freeze /a",
                                                            "provider p: commit_snapshots",
                                                            "thaw /a",
                                                            "thaw /b",
                                                            "provider p: post_commit_snapshots",
                                                            "writer w: thaw",
                                                            "provider p: pre_final_commit_snapshots",
                                                            "mount /dev/copy/a ext4 for writers",
                                                            "mount /dev/copy/b ext4 for writers",
                                                            "writer w: post_snapshot",
                                                            "unmount /copies/0",
                                                            "unmount /copies/1",
                                                            "provider p: post_final_commit_snapshots",
                                                            "writer w: backup_complete",
                                                            "provider p: delete_snapshot",
                                                            "provider p: delete_snapshot",
                                                            "writer w: backup_shutdown"}));
  world.expect_all_go_on();
  EXPECT_EQ(world.providers[0]->copies(), 0U) << "copies of a session go with it";
}

TEST(shadow_session, freezes_front_ends_first_and_thaws_them_last) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("sys", sh::application_level::system);
  world.add_writer("back", sh::application_level::back_end);
  world.add_writer("front", sh::application_level::front_end);
  const auto s = world.session();
  make_set(*s, {"/a"});
  const auto place = [&](const char* line) { return world.record.place(line); };
  EXPECT_LT(place("writer front: freeze"), place("writer back: freeze"));
  EXPECT_LT(place("writer back: freeze"), place("writer sys: freeze"));
  EXPECT_LT(place("writer sys: thaw"), place("writer back: thaw"));
  EXPECT_LT(place("writer back: thaw"), place("writer front: thaw"));
}

TEST(shadow_session, every_provider_commits_between_freeze_and_thaw_of_every_file_system) {
  shadow_world world;
  world.add_provider("p").supports = {"/a"};
  world.add_provider("q").supports = {"/b"};
  const auto s = world.session();
  make_set(*s, {"/a", "/b"});
  for (const char* commit : {"provider p: commit_snapshots", "provider q: commit_snapshots"}) {
    for (const char* m : {"/a", "/b"}) {
      EXPECT_LT(world.record.place(std::string("freeze ") + m), world.record.place(commit));
      EXPECT_GT(world.record.place(std::string("thaw ") + m), world.record.place(commit));
    }
  }
}

TEST(shadow_session, freezes_in_reverse_order_of_mounting_whatever_the_order_of_asking) {
  for (const auto& volumes : {std::vector<std::string>{"/a", "/b", "/c"}, {"/c", "/a", "/b"}, {"/b", "/c", "/a"}}) {
    shadow_world world;
    world.mounted = {"/b", "/c", "/a"};
    world.add_provider("p");
    const auto s = world.session();
    make_set(*s, volumes);
    const auto place = [&](const char* line) { return world.record.place(line); };
    EXPECT_LT(place("freeze /a"), place("freeze /c"));
    EXPECT_LT(place("freeze /c"), place("freeze /b"));
    EXPECT_LT(place("thaw /b"), place("thaw /c"));
    EXPECT_LT(place("thaw /c"), place("thaw /a"));
  }
}

// Whichever of /a and /b is asked for first, by two providers: /b lies in a file on /a.
TEST(shadow_session, does_not_hold_a_volume_still_together_with_the_one_that_its_file_lies_on) {
  for (const auto& volumes : {std::vector<std::string>{"/a", "/b"}, {"/b", "/a"}}) {
    for (const auto hold : {sh::provider::hold::coordinator, sh::provider::hold::provider, sh::provider::hold::none}) {
      shadow_world world;
      auto& outer = world.add_provider("outer");
      outer.supports = {"/a"};
      outer.held_by = hold;
      world.add_provider("inner").supports = {"/b"};
      world.images = {{"/b", "/a/image"}};
      world.files = {{"/a/image", "/a"}};
      const auto s = world.session();
      ASSERT_TRUE(s->initialize_for_backup().has_value());
      ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
      ASSERT_TRUE(s->start_snapshot_set().has_value());
      ASSERT_TRUE(s->add_to_snapshot_set(volumes[0]).has_value());
      const auto second = s->add_to_snapshot_set(volumes[1]);
      const bool is_held = hold != sh::provider::hold::none;
      ASSERT_EQ(code_of_call(second), is_held ? result_code::e_nested_volume_limit : result_code::s_ok);
      if (is_held) {
        EXPECT_NE(second.assume_error().message().find("/b lies in a file on /a"), std::string::npos);
      }
      must_finish(s->do_snapshot_set());
    }
  }
}

TEST(shadow_session, does_not_freeze_what_its_provider_holds) {
  shadow_world world;
  world.add_provider("p").held_by = sh::provider::hold::provider;
  const auto s = world.session();
  make_set(*s, {"/a"});
  EXPECT_FALSE(world.record.holds("freeze /a"));
}

TEST(shadow_session, calls_out_of_order_are_refused_and_change_nothing) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("w");
  const auto s = world.session();
  const auto refused = [](const auto& r) { EXPECT_EQ(code_of_call(r), result_code::e_bad_state); };
  refused(s->set_context(sh::snapshot_context::backup));
  refused(s->gather_writer_metadata());
  refused(s->start_snapshot_set());
  refused(s->do_snapshot_set());
  refused(s->backup_complete());
  refused(s->save_as_json());
  refused(s->query());
  refused(s->pre_restore());
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  refused(s->initialize_for_backup());
  refused(s->initialize_for_restore("{}"));
  refused(s->gather_writer_metadata());  // set_backup_state comes first
  ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
  refused(s->set_context(sh::snapshot_context::backup));
  refused(s->start_snapshot_set());  // writers are not known yet
  must_finish(s->gather_writer_metadata());
  refused(s->gather_writer_metadata());
  refused(s->set_backup_state(true, false, sh::backup_type::full, false));
  refused(s->disable_writer_classes({}));
  refused(s->add_to_snapshot_set("/a"));
  refused(s->prepare_for_backup());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  refused(s->start_snapshot_set());
  refused(s->do_snapshot_set());  // prepare_for_backup comes first
  ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
  must_finish(s->prepare_for_backup());
  refused(s->add_to_snapshot_set("/b"));
  refused(s->set_file_restore_status({}, sh::file_restore_status::all));
  must_finish(s->do_snapshot_set());
  refused(s->do_snapshot_set());
  must_finish(s->backup_complete());
  refused(s->backup_complete());
  EXPECT_EQ(world.record.count("writer w: freeze"), 1U);
}

TEST(shadow_session, an_empty_set_is_not_made) {
  shadow_world world;
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  EXPECT_EQ(code_of_call(s->do_snapshot_set()), result_code::e_bad_state);
}

TEST(shadow_session, without_writers_sends_no_events) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("w");
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
  EXPECT_EQ(code_of_call(s->prepare_for_backup()), result_code::e_bad_state);
  must_finish(s->do_snapshot_set());
  EXPECT_EQ(code_of_call(s->backup_complete()), result_code::e_bad_state);
  for (const auto& line : world.record.lines()) EXPECT_FALSE(line.starts_with("writer")) << line;
}

TEST(shadow_session, refuses_contexts_and_attributes_that_are_not_a_requesters) {
  shadow_world world;
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  EXPECT_EQ(code_of_call(s->set_context(static_cast<sh::snapshot_context>(3))), result_code::e_unsupported_context);
  using a = sh::volume_snapshot_attributes;
  EXPECT_EQ(code_of_call(s->set_context(sh::snapshot_context::backup, a::persistent)), result_code::e_invalidarg);
  EXPECT_EQ(code_of_call(s->set_context(sh::snapshot_context::backup, a::plex | a::differential)), result_code::e_invalidarg);
  EXPECT_EQ(code_of_call(s->set_context(sh::snapshot_context::app_rollback, a::no_autorecovery)), result_code::s_ok);
}

TEST(shadow_session, one_set_at_a_time) {
  shadow_world world;
  world.add_provider("p");
  world.locked_by_another = true;
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
  const auto busy = s->start_snapshot_set();
  EXPECT_EQ(code_of_call(busy), result_code::e_snapshot_set_in_progress);
  EXPECT_EQ(busy.assume_error().code(), errc::busy);
  world.locked_by_another = false;
  EXPECT_TRUE(s->start_snapshot_set().has_value()) << "the same session may try again";
}

TEST(shadow_session, a_set_holds_each_volume_once_and_64_at_most) {
  shadow_world world;
  world.add_provider("p");
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(s->add_to_snapshot_set("/v" + std::to_string(i)).has_value());
  EXPECT_EQ(code_of_call(s->add_to_snapshot_set("/v3")), result_code::e_object_already_exists);
  EXPECT_EQ(code_of_call(s->add_to_snapshot_set("/v64")), result_code::e_maximum_number_of_volumes_reached);
  EXPECT_EQ(code_of_call(s->add_to_snapshot_set("nowhere")), result_code::e_object_not_found);
}

TEST(shadow_session, chooses_software_before_system_and_obeys_a_name) {
  shadow_world world;
  world.add_provider("sys", sh::provider_type::system);
  world.add_provider("soft", sh::provider_type::software).supports = {"/a"};
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_context(sh::snapshot_context::file_share_backup).has_value());
  ASSERT_TRUE(s->start_snapshot_set().has_value());
  ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
  EXPECT_TRUE(world.record.holds("provider soft: begin_prepare_snapshot"));
  ASSERT_TRUE(s->add_to_snapshot_set("/b").has_value());
  EXPECT_TRUE(world.record.holds("provider sys: begin_prepare_snapshot"));
  const auto soft = world.providers[1]->properties().provider_id;
  const auto no = s->add_to_snapshot_set("/c", soft);
  EXPECT_EQ(code_of_call(no), result_code::e_volume_not_supported_by_provider);
  EXPECT_NE(no.assume_error().message().find("not its kind"), std::string::npos);
  sh::guid nobody;
  nobody.bytes[3] = std::byte{7};
  EXPECT_EQ(code_of_call(s->add_to_snapshot_set("/c", nobody)), result_code::e_provider_not_registered);
}

TEST(shadow_session, a_volume_that_no_provider_takes_is_told_with_every_reason) {
  shadow_world world;
  world.add_provider("p").supports = {"/a"};
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  const auto no = s->is_volume_supported({}, "/b");
  EXPECT_EQ(code_of_call(no), result_code::e_volume_not_supported);
  EXPECT_NE(no.assume_error().message().find("p: not its kind"), std::string::npos) << no.assume_error().message();
}

TEST(shadow_session, filters_writers_by_class_and_instance) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("x");
  world.add_writer("y");
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
  ASSERT_TRUE(s->disable_writer_classes({world.writers[0]->identity().class_id}).has_value());
  must_finish(s->gather_writer_metadata());
  const auto documents = s->get_writer_metadata();
  ASSERT_EQ(documents.assume_value().size(), 1U);
  EXPECT_EQ(documents.assume_value()[0].identity.name, "y");
  EXPECT_FALSE(world.record.holds("writer x: identify"));
}

TEST(shadow_session, properties_tell_the_set) {
  shadow_world world;
  world.add_provider("p");
  const auto s = world.session();
  std::vector<sh::guid> ids;
  make_set(*s, {"/a", "/b"}, &ids);
  const auto p = s->get_snapshot_properties(ids[1]);
  ASSERT_TRUE(p.has_value());
  EXPECT_EQ(p.assume_value().original_volume_name, "/b");
  EXPECT_EQ(p.assume_value().snapshots_count, 2U);
  EXPECT_EQ(p.assume_value().status, sh::snapshot_state::created);
  EXPECT_EQ(s->held(), std::chrono::microseconds(1234));
  EXPECT_TRUE(s->open_snapshot(ids[0]).has_value());
  EXPECT_TRUE(s->check_snapshot(ids[0]).has_value());
  world.providers[0]->lost = true;
  EXPECT_EQ(code_of_call(s->check_snapshot(ids[0])), result_code::e_insufficient_storage);
}

TEST(shadow_session, persistent_copies_stay_and_can_be_deleted_by_another_session) {
  shadow_world world;
  world.add_provider("p");
  sh::guid set;
  {
    const auto s = world.session();
    ASSERT_TRUE(s->initialize_for_backup().has_value());
    ASSERT_TRUE(s->set_context(sh::snapshot_context::nas_rollback).has_value());
    set = s->start_snapshot_set().assume_value();
    ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
    ASSERT_TRUE(s->add_to_snapshot_set("/b").has_value());
    must_finish(s->do_snapshot_set());
  }
  EXPECT_EQ(world.providers[0]->copies(), 2U);
  const auto s = world.session();
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  EXPECT_EQ(s->query().assume_value().size(), 2U);
  EXPECT_EQ(code_of_call(s->break_snapshot_set(set)), result_code::e_notimpl);
  const auto deleted = s->delete_snapshots(set, sh::object_type::snapshot_set, false);
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(deleted.assume_value().deleted, 2U);
  EXPECT_EQ(code_of_call(s->delete_snapshots(set, sh::object_type::snapshot_set, false)), result_code::e_object_not_found);
}

TEST(shadow_session, tells_the_storage_of_copies_of_every_provider) {
  shadow_world world;
  sh::diff_area_prop first, second, third;
  first.volume_name = "/a";
  second.volume_name = "/b";
  third.fault = sh::protection_fault::diff_area_full;
  world.add_provider("p").areas = {first};
  auto& q = world.add_provider("q");
  q.areas = {second, third};
  const auto s = world.session();
  EXPECT_EQ(code_of_call(s->query_diff_areas()), result_code::e_bad_state);
  ASSERT_TRUE(s->initialize_for_backup().has_value());
  EXPECT_EQ(s->query_diff_areas().assume_value(), (std::vector<sh::diff_area_prop>{first, second, third}));
  q.fails.emplace("query_diff_areas", error(errc::io_read, "no answer"));
  const auto failed = s->query_diff_areas();
  ASSERT_TRUE(failed.has_error());
  EXPECT_NE(failed.assume_error().message().find("q: no answer"), std::string::npos) << failed.assume_error().message();
}

TEST(shadow_session, abort_takes_everything_back_and_ends_it) {
  shadow_world world;
  world.add_provider("p");
  world.add_writer("w");
  const auto s = world.session();
  make_set(*s, {"/a"});
  ASSERT_TRUE(s->abort_backup().has_value());
  ASSERT_TRUE(s->abort_backup().has_value()) << "twice is once";
  EXPECT_EQ(world.record.count("writer w: abort"), 1U);
  EXPECT_EQ(world.providers[0]->copies(), 0U);
  EXPECT_EQ(code_of_call(s->start_snapshot_set()), result_code::e_bad_state);
  world.expect_all_go_on();
}

}  // namespace
}  // namespace umbra::test
