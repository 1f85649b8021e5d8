// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace umbra::shadow {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

writer_answer answer(std::string_view line) {
  auto parsed = parse_answer(line);
  EXPECT_TRUE(parsed.has_value()) << parsed.assume_error().message();
  return parsed.has_value() ? std::move(parsed).assume_value() : writer_answer();
}

std::string why_not(std::string_view line) {
  const auto parsed = parse_answer(line);
  EXPECT_TRUE(parsed.has_error()) << line;
  return parsed.has_error() ? parsed.assume_error().text() : std::string();
}

TEST(writer_protocol, requests_can_be_read_by_a_shell) {
  EXPECT_EQ(hello_request(), "{\"event\":\"hello\",\"protocol\":1}\n");
  writer_session session;
  session.volumes = {"/srv/with \"quotes\"\nand lines"};
  for (int i = 0; i < static_cast<int>(event_count); ++i) {
    const auto what = static_cast<event>(i);
    const auto line = event_request(what, session, nullptr);
    EXPECT_THAT(line, StartsWith("{\"event\":\"" + std::string(name_of(what)) + "\",\"session\":{"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

TEST(writer_protocol, the_guardians_line_is_an_abort) {
  EXPECT_LE(abort_line.size(), 256U);
  const auto object = nlohmann::json::parse(abort_line);
  EXPECT_EQ(object["event"], "abort");
  EXPECT_THAT(std::string(abort_line), StartsWith("{\"event\":\"abort\""));
}

TEST(writer_protocol, requests_tell_the_session) {
  writer_session session;
  session.session_id.bytes[0] = std::byte{1};
  session.type = backup_type::full;
  session.context = snapshot_context::app_rollback;
  session.volumes = {"/srv"};
  session.snapshot_paths = {"/run/umbra/1"};
  const auto told = nlohmann::json::parse(event_request(event::post_snapshot, session, nullptr))["session"];
  EXPECT_EQ(told["session_id"], "{01000000-0000-0000-0000-000000000000}");
  EXPECT_FALSE(told.contains("snapshot_set_id"));
  EXPECT_EQ(told["backup_type"], "full");
  EXPECT_EQ(told["context"], "app_rollback");
  EXPECT_EQ(told["components_selected"], false);
  EXPECT_EQ(told["volumes"], nlohmann::json({"/srv"}));
  EXPECT_EQ(told["snapshot_paths"], nlohmann::json({"/run/umbra/1"}));
}

TEST(writer_protocol, requests_carry_components_where_a_writer_may_look_at_them) {
  writer_components components;
  components.components.emplace_back().name = "data";
  for (const auto what : {event::prepare_backup, event::prepare_snapshot, event::post_snapshot, event::backup_complete,
                          event::pre_restore, event::post_restore})
    EXPECT_THAT(event_request(what, {}, &components), HasSubstr("\"components\":[{\"name\":\"data\"}]")) << name_of(what);
  for (const auto what : {event::identify, event::freeze, event::thaw, event::abort, event::backup_shutdown})
    EXPECT_EQ(event_request(what, {}, &components).find("\"components\":"), std::string::npos) << name_of(what);
}

TEST(writer_protocol, names_of_volumes_that_are_no_utf8_are_passed_as_far_as_they_go) {
  writer_session session;
  session.volumes = {"/srv/\xff"};
  EXPECT_THAT(event_request(event::freeze, session, nullptr), HasSubstr("\"/srv/\xef\xbf\xbd\""));
}

TEST(writer_protocol, reads_success_and_failure) {
  const auto yes = answer(R"({"ok":true,"event":"freeze","more":[1,2]})");
  EXPECT_EQ(yes.about, "freeze");
  EXPECT_TRUE(yes.ok);
  const auto no = answer(R"({"event":"freeze","ok":false,"code":"timeout","text":"two\nlines","application_code":17})");
  EXPECT_FALSE(no.ok);
  EXPECT_EQ(no.failure.code, result_code::e_writererror_timeout);
  EXPECT_EQ(no.failure.text, "two lines");
  EXPECT_EQ(no.failure.application, static_cast<result_code>(17));
}

TEST(writer_protocol, a_failure_needs_no_more_than_itself) {
  const auto no = answer(R"({"event":"freeze","ok":false})");
  EXPECT_EQ(no.failure.code, result_code::e_writererror_nonretryable);
  EXPECT_EQ(no.failure.text, "it gave no reason");
  EXPECT_THAT(answer(R"({"event":"freeze","ok":false,"code":"sad"})").failure.text, HasSubstr("unknown code, \"sad\""));
}

TEST(writer_protocol, knows_each_code_of_a_writer) {
  const std::pair<const char*, result_code> codes[] = {
      {"retryable", result_code::e_writererror_retryable},
      {"nonretryable", result_code::e_writererror_nonretryable},
      {"timeout", result_code::e_writererror_timeout},
      {"outofresources", result_code::e_writererror_outofresources},
      {"inconsistentsnapshot", result_code::e_writererror_inconsistentsnapshot},
      {"recovery_failed", result_code::e_writererror_recovery_failed},
      {"partial_failure", result_code::e_writererror_partial_failure},
  };
  for (const auto& [name, code] : codes)
    EXPECT_EQ(answer(std::string(R"({"event":"freeze","ok":false,"code":")") + name + "\"}").failure.code, code) << name;
}

TEST(writer_protocol, refuses_what_is_no_answer) {
  EXPECT_THAT(why_not(""), HasSubstr("no answer"));
  EXPECT_THAT(why_not("\xff\xfe"), HasSubstr("no answer: \"??\""));
  EXPECT_THAT(why_not("[]"), HasSubstr("no answer"));
  EXPECT_THAT(why_not("{"), HasSubstr("no answer"));
  EXPECT_THAT(why_not("{}"), HasSubstr("names no event"));
  EXPECT_THAT(why_not(R"({"event":7,"ok":true})"), HasSubstr("names no event"));
  EXPECT_THAT(why_not(R"({"event":"freeze"})"), HasSubstr("no \"ok\""));
  EXPECT_THAT(why_not(R"({"event":"freeze","ok":"yes"})"), HasSubstr("no \"ok\""));
  EXPECT_THAT(why_not(R"({"event":"freeze","ok":true,"x":)" + std::string(100000, '[')), HasSubstr("no answer"));
  EXPECT_THAT(why_not(R"({"event":"freeze","ok":true,"x":")" + std::string(answer_size_limit, 'x') + "\"}"),
              HasSubstr("no answer"));
}

TEST(writer_protocol, hello_tells_who_and_how_long) {
  const auto hello = hello_in(answer(
      R"({"event":"hello","ok":true,"protocol":1,"name":"W","class_id":"{5affb034-969f-4919-8875-88f830d0ef89}","level":"system",)"
      R"("usage":"system_service","major_version":3,"freeze_timeout_ms":20000,"event_timeout_ms":0})"));
  ASSERT_TRUE(hello.has_value()) << hello.assume_error().message();
  const auto& h = hello.assume_value();
  EXPECT_FALSE(h.absent);
  EXPECT_EQ(h.identity.name, "W");
  EXPECT_EQ(h.identity.level, application_level::system);
  EXPECT_EQ(h.identity.usage, usage_type::system_service);
  EXPECT_EQ(h.identity.major_version, 3U);
  EXPECT_TRUE(h.identity.instance_id.is_none());
  EXPECT_EQ(h.freeze_timeout, std::chrono::seconds(20));
  EXPECT_EQ(h.event_timeout, std::chrono::milliseconds(1));
}

TEST(writer_protocol, hello_of_nobody_is_refused) {
  const auto refused = [](const char* members) {
    const auto hello = hello_in(answer(std::string(R"({"event":"hello","ok":true)") + members + "}"));
    EXPECT_TRUE(hello.has_error()) << members;
    return hello.has_error() ? hello.assume_error().text() : std::string();
  };
  EXPECT_THAT(refused(""), HasSubstr("version 1"));
  EXPECT_THAT(refused(R"(,"protocol":1.0)"), HasSubstr("version 1"));
  EXPECT_THAT(refused(R"(,"protocol":1)"), HasSubstr("name"));
  EXPECT_THAT(refused(R"(,"protocol":1,"name":"W","class_id":"{no}")"), HasSubstr("class_id"));
  EXPECT_THAT(refused(R"(,"protocol":1,"freeze_timeout_ms":-1)"), HasSubstr("freeze_timeout_ms"));
  EXPECT_THAT(refused(R"(,"protocol":1,"event_timeout_ms":86400001)"), HasSubstr("over a day"));
}

TEST(writer_protocol, our_own_hello_can_be_read_back) {
  writer_identity self;
  self.name = "freeze hook \"x\"";
  self.class_id.bytes[3] = std::byte{9};
  const auto hello = hello_in(answer(hello_answer(self)));
  ASSERT_TRUE(hello.has_value()) << hello.assume_error().message();
  EXPECT_EQ(hello.assume_value().identity.name, self.name);
  EXPECT_EQ(hello.assume_value().identity.class_id, self.class_id);
}

TEST(writer_protocol, metadata_that_does_not_follow_the_rules_is_refused) {
  writer_identity self;
  self.name = "W";
  self.class_id.bytes[0] = std::byte{1};
  const auto bad = metadata_in(answer(R"({"event":"identify","ok":true,"metadata":{"components":[{}]}})"), self);
  ASSERT_TRUE(bad.has_error());
  EXPECT_THAT(bad.assume_error().text(), HasSubstr("its metadata"));
  EXPECT_TRUE(metadata_in(answer(R"({"event":"identify","ok":true,"metadata":[]})"), self).has_error());
  EXPECT_TRUE(metadata_in(answer(R"({"event":"identify","ok":true})"), self).has_value()) << "nothing to say is no fault";
}

class edits : public ::testing::Test {
 protected:
  edits() { components.components.emplace_back().name = "data"; }

  result<void> apply(event what, const std::string& edit) {
    const auto line = R"({"event":")" + std::string(name_of(what)) + R"(","ok":true,"components":)" + edit + "}";
    return apply_edits(answer(line), what, session, components);
  }
  std::string refusal(event what, const std::string& edit) {
    const auto before = components;
    const auto outcome = apply(what, edit);
    EXPECT_TRUE(outcome.has_error()) << edit;
    EXPECT_EQ(components, before);
    return outcome.has_error() ? outcome.assume_error().text() : std::string();
  }

  writer_session session;
  writer_components components;
};

TEST_F(edits, of_what_each_event_allows) {
  const auto at = [this](event what, const std::string& members) {
    const auto outcome = apply(what, R"([{"name":"data",)" + members + "}]");
    EXPECT_TRUE(outcome.has_value()) << name_of(what) << ": " << outcome.assume_error().message();
  };
  at(event::prepare_backup, R"("backup_metadata":"m","backup_stamp":"s","prepare_for_backup_failure":"f")");
  at(event::prepare_backup, R"("partial_files":[{"path":"/d","file_name":"f","ranges":"0:5"}])");
  at(event::post_snapshot, R"("post_snapshot_failure":"p","differenced_files":[{"path":"/d"}])");
  at(event::pre_restore, R"("restore_metadata":"r","restore_target":"alternate","pre_restore_failure":"q")");
  at(event::post_restore, R"("post_restore_failure":"t")");
  const auto& c = components.components.at(0);
  EXPECT_EQ(c.backup_metadata, "m");
  EXPECT_EQ(c.backup_stamp, "s");
  EXPECT_EQ(c.prepare_for_backup_failure, "f");
  ASSERT_EQ(c.partial_files.size(), 1U);
  EXPECT_EQ(c.partial_files[0].ranges, "0:5");
  EXPECT_EQ(c.post_snapshot_failure, "p");
  EXPECT_EQ(c.differenced_files.size(), 1U);
  EXPECT_EQ(c.restore_metadata, "r");
  EXPECT_EQ(c.target, restore_target::alternate);
  EXPECT_EQ(c.pre_restore_failure, "q");
  EXPECT_EQ(c.post_restore_failure, "t");
}

TEST_F(edits, of_anything_else_are_refused) {
  EXPECT_THAT(refusal(event::post_snapshot, R"([{"name":"data","restore_metadata":"x"}])"), HasSubstr("restore_metadata"));
  EXPECT_THAT(refusal(event::prepare_backup, R"([{"name":"data","backup_succeeded":true}])"), HasSubstr("backup_succeeded"));
  EXPECT_THAT(refusal(event::prepare_backup, R"([{"name":"data","nonsense":1}])"), HasSubstr("nonsense"));
  EXPECT_THAT(refusal(event::freeze, R"([{"name":"data","backup_stamp":"x"}])"), HasSubstr("freeze"));
  EXPECT_THAT(refusal(event::backup_complete, R"([{"name":"data","backup_stamp":"x"}])"), HasSubstr("backup_complete"));
  EXPECT_THAT(refusal(event::prepare_backup, R"([{"name":"data","backup_stamp":7}])"), HasSubstr("backup_stamp"));
  EXPECT_THAT(refusal(event::prepare_backup, R"([{"backup_stamp":"x"}])"), HasSubstr("no component"));
  EXPECT_THAT(refusal(event::prepare_backup, R"(["data"])"), HasSubstr("no object"));
  EXPECT_THAT(refusal(event::prepare_backup, R"({"name":"data"})"), HasSubstr("no list"));
}

TEST_F(edits, one_bad_edit_undoes_the_good_ones_before_it) {
  refusal(event::prepare_backup, R"([{"name":"data","backup_stamp":"x"},{"name":"data","backup_succeeded":true}])");
}

TEST_F(edits, name_new_components_only_where_nobody_selected_any) {
  ASSERT_TRUE(
      apply(event::post_snapshot, R"([{"name":"logs","logical_path":"a","type":"database","backup_metadata":"m"}])").has_value());
  ASSERT_EQ(components.components.size(), 2U);
  EXPECT_EQ(components.components[1].logical_path, "a");
  EXPECT_EQ(components.components[1].type, component_type::database);
  session.components_selected = true;
  EXPECT_THAT(refusal(event::post_snapshot, R"([{"name":"other","backup_metadata":"m"}])"), HasSubstr("nobody selected"));
}

TEST_F(edits, cannot_name_components_without_end) {
  std::string many = "[";
  for (int i = 0; i < 1001; ++i) many += (i > 0 ? ",{\"name\":\"" : "{\"name\":\"") + std::to_string(i) + "\"}";
  EXPECT_THAT(refusal(event::post_snapshot, many + "]"), HasSubstr("too many"));
}

TEST_F(edits, none_is_fine_everywhere) {
  EXPECT_TRUE(apply(event::freeze, "[]").has_value());
  EXPECT_TRUE(apply_edits(answer(R"({"event":"freeze","ok":true})"), event::freeze, session, components).has_value());
}

}  // namespace
}  // namespace umbra::shadow
