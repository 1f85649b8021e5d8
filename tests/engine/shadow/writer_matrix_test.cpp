// SPDX-License-Identifier: GPL-3.0-or-later
// Programs that break, in every way at every event, in whole sessions: all ways side by side with one writer that does as it
// should. The set is made; who broke is told with a code and in words; nobody holds anything still once the set is there, and no
// process is left when the session is over.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "engine/shadow/document_json.h"
#include "engine/shadow/writer_directory.h"
#include "tests/support/shadow_kit.h"
#include "tests/support/shell_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_program.h"

namespace umbra::test {
namespace {

using namespace std::chrono_literals;
using sh::event;
using sh::result_code;
using sh::writer_state;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

struct breakage {
  std::string name;
  std::string inside;  // of its configuration; @ stands for the event, here and below
  result_code code;
  std::string words;
  bool shows_later = false;  // the event itself goes well, the next one does not
};

std::string misbehave(const std::string& how) { return "<Misbehave writerEvent='@' how='" + how + "'/>"; }

const std::vector<breakage>& breakages() {
  constexpr auto retryable = result_code::e_writererror_retryable;
  constexpr auto for_good = result_code::e_writererror_nonretryable;
  constexpr auto timeout = result_code::e_writererror_timeout;
  static const std::vector<breakage> all{
      {"vetoes", "<FailEvent writerEvent='@' retryable='yes'/>", retryable, "told to fail at @"},
      {"vetoes-for-good", "<FailEvent writerEvent='@' retryable='no'/>", for_good, "told to fail at @"},
      {"complains", misbehave("words"), for_good, "much was said; it said: "},
      {"hangs", misbehave("hang"), timeout, "@"},
      {"hangs-hard", misbehave("hang-hard"), timeout, "@"},
      {"dies", misbehave("die"), retryable, "ended with exit code 3; it said: dying as told"},
      {"is-killed", misbehave("kill"), retryable, "was ended by signal 9"},
      {"garbage", misbehave("garbage"), for_good, "printed a line that is no answer"},
      {"flood", misbehave("flood"), for_good, "printed more than 1024 KiB"},
      {"wrong-event", misbehave("wrong-event"), for_good, "was asked @ and answered"},
      {"closes-output", misbehave("close-output"), retryable, "closed its output"},
      {"closes-input", misbehave("close-input"), retryable, "closed its input", true},
      {"twice", misbehave("twice"), for_good, "answered @", true},
      {"early", misbehave("early"), for_good, "before it was asked", true},
  };
  return all;
}

std::string about(std::string text, const std::string& event_name) {
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@')) text.replace(at, 1, event_name);
  return text;
}

// What comes after an event in a session; empty if nobody looks at how it went.
std::optional<event> next_of(event what) {
  switch (what) {
    case event::identify: return event::prepare_backup;
    case event::prepare_backup: return event::prepare_snapshot;
    case event::prepare_snapshot: return event::freeze;
    case event::freeze: return event::thaw;
    case event::thaw: return event::post_snapshot;
    case event::post_snapshot: return event::backup_complete;
    case event::pre_restore: return event::post_restore;
    default: return std::nullopt;
  }
}

writer_state failed_at(event what) {
  switch (what) {
    case event::prepare_backup: return writer_state::failed_at_prepare_backup;
    case event::prepare_snapshot: return writer_state::failed_at_prepare_snapshot;
    case event::freeze: return writer_state::failed_at_freeze;
    case event::thaw: return writer_state::failed_at_thaw;
    case event::post_snapshot: return writer_state::failed_at_post_snapshot;
    case event::backup_complete: return writer_state::failed_at_backup_complete;
    case event::pre_restore: return writer_state::failed_at_pre_restore;
    case event::post_restore: return writer_state::failed_at_post_restore;
    default: return writer_state::unknown;
  }
}

class writer_matrix_kit : public ::testing::Test {
 protected:
  writer_matrix_kit() {
    world.add_provider("p");
    world.start_programs = [this](const auto& problem) { return start(problem); };
  }

  // All that break at `name`, and the good one; `more` of configuration for those.
  void add_programs(const std::string& name, const std::string& more = {}) {
    for (const auto& b : breakages()) {
      test_program p{b.name, about(b.inside, name) + more, {}, {}};
      p.limits.hello = 60s;
      if (b.name.starts_with("hangs")) hurry(p, name);
      programs.push_back(std::move(p));
    }
    programs.push_back({"good", "", "level='back_end'", {}});
    programs.back().limits.hello = 60s;
  }
  // Whoever hangs does it for ever, so its time may be short.
  static void hurry(test_program& p, const std::string& name) {
    if (name == "hello") p.limits.hello = 1500ms;
    p.attributes = name == "freeze" ? "freezeTimeout='1500'" : "eventTimeout='1500'";
    p.limits.after_term = 100ms;
  }

  std::vector<std::shared_ptr<sh::writer>> start(const std::function<void(std::string)>& problem) {
    std::vector<std::shared_ptr<sh::process_writer>> started;
    for (const auto& p : programs) started.push_back(start_test_program(p, dir.string()).value());
    std::vector<std::shared_ptr<sh::writer>> present;
    for (std::size_t i = 0; i < started.size(); ++i) {
      sh::guid instance;
      instance.bytes[0] = static_cast<std::byte>(i + 1);
      const auto greeted = started[i]->greet(instance);
      if (greeted.has_error()) problem(programs[i].name + ": " + greeted.assume_error().message());
      if (greeted.has_value()) present.push_back(std::move(started[i]));
    }
    return present;
  }

  // A whole backup, and what became of its writers.
  void back_up() {
    const auto s = world.session();
    ASSERT_TRUE(s->initialize_for_backup().has_value());
    ASSERT_TRUE(s->set_backup_state(false, false, sh::backup_type::copy, false).has_value());
    must_finish(s->gather_writer_metadata());
    ASSERT_TRUE(s->start_snapshot_set().has_value());
    ASSERT_TRUE(s->add_to_snapshot_set("/a").has_value());
    must_finish(s->prepare_for_backup());
    must_finish(s->do_snapshot_set());
    expect_nothing_held();
    must_finish(s->backup_complete());
    take_status(*s);
  }

  void restore() {
    const auto s = world.session();
    ASSERT_TRUE(s->initialize_for_restore(sh::to_json(sh::backup_document())).has_value());
    must_finish(s->gather_writer_metadata());
    must_finish(s->pre_restore());
    must_finish(s->post_restore());
    take_status(*s);
  }

  void take_status(sh::backup_components& s) {
    must_finish(s.gather_writer_status());
    const auto all = s.get_writer_status();
    for (const auto& status : all.value()) statuses[status.name] = status;
    problems = s.writer_problems();
  }

  // The session goes on, and may for hours.
  void expect_nothing_held() {
    for (const auto& p : programs) {
      const auto path = dir.at(p.name + ".hold");
      if (!std::filesystem::exists(path)) continue;  // it did not come as far as freeze
      EXPECT_FALSE(is_held(path)) << p.name;
    }
  }

  void expect_over() {
    EXPECT_FALSE(has_children());
    expect_nothing_held();
    world.expect_all_go_on();
    EXPECT_EQ(statuses["good"].state, writer_state::stable) << statuses["good"].text;
    EXPECT_EQ(problems.size() + statuses.size(), programs.size()) << ::testing::PrintToString(problems);
  }

  void expect_failed(const breakage& b, event told, const std::string& words) {
    SCOPED_TRACE(b.name);
    const auto& status = statuses[b.name];
    EXPECT_EQ(status.state, failed_at(told)) << status.text;
    EXPECT_EQ(status.failure, b.code) << sh::to_string(status.failure) << ": " << status.text;
    EXPECT_THAT(status.text, HasSubstr(words));
    EXPECT_NE(sh::find_result_code(status.failure)->advice, "");
  }

  // Of whoever broke at `what`, or showed it at the event after.
  void expect_statuses(event what) {
    const std::string name(sh::name_of(what));
    for (const auto& b : breakages()) {
      const auto told = b.shows_later ? next_of(what) : what;
      if (told) {
        expect_failed(b, *told, about(b.words, name));
      } else {
        EXPECT_EQ(statuses[b.name].state, writer_state::stable) << b.name << ": " << statuses[b.name].text;
      }
    }
  }

  std::string events_of(const std::string& name) const { return text_of(dir.at(name + ".record")); }

  temp_dir dir;
  shadow_world world;
  std::vector<test_program> programs;
  std::map<std::string, sh::writer_status> statuses;
  std::vector<std::string> problems;
};

class writer_matrix : public writer_matrix_kit, public ::testing::WithParamInterface<event> {};

TEST_P(writer_matrix, whoever_breaks_at_an_event_is_named_and_disturbs_nobody) {
  add_programs(std::string(sh::name_of(GetParam())));
  back_up();
  expect_over();
  expect_statuses(GetParam());
  EXPECT_EQ(events_of("good"),
            "good: identify\ngood: prepare_backup\ngood: prepare_snapshot\ngood: freeze\ngood: thaw\ngood: post_snapshot\n"
            "good: backup_complete\ngood: backup_shutdown\ngood: end\n");
  if (next_of(GetParam())) {
    EXPECT_THAT(events_of("vetoes"), HasSubstr("vetoes: abort\n"));
  }
}

INSTANTIATE_TEST_SUITE_P(of_a_backup, writer_matrix,
                         ::testing::Values(event::prepare_backup, event::prepare_snapshot, event::freeze, event::thaw,
                                           event::post_snapshot, event::backup_complete),
                         [](const auto& what) { return std::string(sh::name_of(what.param)); });

class writer_matrix_restore : public writer_matrix_kit, public ::testing::WithParamInterface<event> {};

TEST_P(writer_matrix_restore, whoever_breaks_at_an_event_is_named_and_disturbs_nobody) {
  add_programs(std::string(sh::name_of(GetParam())));
  restore();
  expect_over();
  expect_statuses(GetParam());
  EXPECT_EQ(events_of("good"), "good: identify\ngood: pre_restore\ngood: post_restore\ngood: backup_shutdown\ngood: end\n");
}

INSTANTIATE_TEST_SUITE_P(of_a_restore, writer_matrix_restore, ::testing::Values(event::pre_restore, event::post_restore),
                         [](const auto& what) { return std::string(sh::name_of(what.param)); });

// They do not take part: whoever asks is told why.
TEST_F(writer_matrix_kit, whoever_breaks_at_hello_is_no_writer) {
  add_programs("hello");
  back_up();
  expect_over();
  EXPECT_EQ(statuses.size(), 1U);
  for (const auto& b : breakages()) {
    if (b.name.starts_with("hangs")) {
      EXPECT_THAT(problems, Contains(AllOf(HasSubstr(b.name), HasSubstr("did not answer in time"))));
    } else {
      EXPECT_THAT(problems, Contains(AllOf(HasSubstr(b.name), HasSubstr(about(b.words, "hello")))));
    }
  }
}

TEST_F(writer_matrix_kit, whoever_breaks_at_identify_is_no_writer) {
  add_programs("identify");
  back_up();
  expect_over();
  for (const auto& b : breakages()) {
    if (b.shows_later) {
      expect_failed(b, event::prepare_backup, about(b.words, "identify"));
    } else {
      EXPECT_THAT(problems, Contains(AllOf(HasSubstr(b.name), HasSubstr(about(b.words, "identify")))));
    }
  }
}

// Nobody else can undo what they did: they let go by being ended.
TEST_F(writer_matrix_kit, whoever_breaks_at_abort_holds_nothing_all_the_same) {
  add_programs("abort", "<FailEvent writerEvent='Freeze' retryable='yes'/>");
  back_up();
  expect_over();
  for (const auto& b : breakages()) {
    EXPECT_EQ(statuses[b.name].state, writer_state::failed_at_freeze) << b.name << ": " << statuses[b.name].text;
    EXPECT_EQ(statuses[b.name].text, "told to fail at freeze") << b.name << ": the first failure is the one that matters";
    EXPECT_THAT(events_of(b.name), HasSubstr(b.name + ": abort\n"));
  }
}

TEST_F(writer_matrix_kit, whoever_breaks_at_the_very_end_leaves_nothing_behind) {
  add_programs("backup_shutdown");
  back_up();
  expect_over();
  for (const auto& b : breakages()) {
    EXPECT_EQ(statuses[b.name].state, writer_state::stable) << b.name << ": " << statuses[b.name].text;
    EXPECT_THAT(events_of(b.name), HasSubstr(b.name + ": backup_shutdown\n"));
  }
}

TEST_F(writer_matrix_kit, a_veto_that_may_pass_passes_at_the_third_try) {
  programs = {
      {"busy", "<FailEvent writerEvent='Freeze' retryable='yes' numFailures='2'/>", "stateFile='" + dir.at("state") + "'", {}}};
  for (const auto expected : {writer_state::failed_at_freeze, writer_state::failed_at_freeze, writer_state::stable}) {
    back_up();
    EXPECT_EQ(statuses["busy"].state, expected) << statuses["busy"].text;
    EXPECT_EQ(sh::is_retryable(statuses["busy"].failure), expected != writer_state::stable);
  }
}

// --- What lies in writers.d.

// The arm of a shell writer that says hello under this name, after `first`.
std::string hello_arm(const std::string& name, const std::string& first) {
  return "hello) " + first + R"(; printf '{"event":"hello","ok":true,"protocol":1,"name":")" + name +
         R"(","class_id":"{f1701d14-ca65-4d20-a625-fa51e54b3944}"}\n' ;;)";
}

TEST_F(writer_matrix_kit, what_is_no_writer_in_its_folder_is_told_and_the_others_take_part) {
  constexpr const char* megabytes = "head -c 3000000 /dev/zero | tr '\\0' x";
  const auto put = [&](const std::string& name, const std::string& arm, unsigned mode) {
    write_program(dir / "writers.d" / name, shell_writer(arm));
    std::filesystem::permissions(dir / "writers.d" / name, static_cast<std::filesystem::perms>(mode));
  };
  std::filesystem::create_directory(dir / "writers.d");
  std::filesystem::permissions(dir.path(), static_cast<std::filesystem::perms>(0755));
  std::filesystem::permissions(dir / "writers.d", static_cast<std::filesystem::perms>(0755));
  put("not-executable", "", 0644);
  put("anybodys", "", 0757);
  put("prints-megabytes", hello_arm("never heard of", megabytes), 0755);
  put("talks", hello_arm("talks", megabytes + std::string(" >&2")), 0755);
  put("quiet", hello_arm("quiet", ":"), 0755);
  world.start_programs = [&](const auto& problem) {
    const auto random = seeded_random(1);
    sh::writer_start how;
    how.limits.hello = 60s;
    how.random = random.get();
    return sh::start_writers(sh::find_writers({{dir.at("writers.d"), true}}, problem), how, problem);
  };
  back_up();
  EXPECT_FALSE(has_children());
  EXPECT_THAT(problems, UnorderedElementsAre(AllOf(HasSubstr("/not-executable: refused"), HasSubstr("chmod +x")),
                                             AllOf(HasSubstr("/anybodys: refused"), HasSubstr("chmod go-w")),
                                             AllOf(HasSubstr("/prints-megabytes: "), HasSubstr("printed more than 1024 KiB"))));
  EXPECT_EQ(statuses.size(), 2U);
  for (const char* name : {"talks", "quiet"}) EXPECT_EQ(statuses[name].state, writer_state::stable) << statuses[name].text;
}

// --- Providers that fail, with a program that holds its application still.

class provider_matrix : public writer_matrix_kit, public ::testing::WithParamInterface<const char*> {
 protected:
  // The error of the set.
  error failing_set(sh::backup_components& s) {
    EXPECT_TRUE(s.initialize_for_backup().has_value());
    EXPECT_TRUE(s.set_backup_state(false, false, sh::backup_type::copy, false).has_value());
    must_finish(s.gather_writer_metadata());
    EXPECT_TRUE(s.start_snapshot_set().has_value());
    const auto added = s.add_to_snapshot_set("/a");
    if (added.has_error()) return added.assume_error();
    must_finish(s.prepare_for_backup());
    const auto made = s.do_snapshot_set();
    const auto done = made.value()->finish();
    EXPECT_TRUE(done.has_error());
    return done.has_error() ? done.assume_error() : error();
  }
};

TEST_P(provider_matrix, a_provider_that_fails_is_named_and_its_set_is_undone) {
  const std::string call = GetParam();
  auto& p = *world.providers.front();
  p.fails.emplace(call, sh::failure(result_code::e_provider_veto, "told to fail"));
  programs = {{"good", "", "", {}}, {"vetoes", "<FailEvent writerEvent='prepare_snapshot' retryable='yes'/>", "", {}}};
  {
    const auto s = world.session();
    const auto why = failing_set(*s);
    EXPECT_EQ(sh::code_of(why), result_code::e_provider_veto);
    EXPECT_EQ(why.text(), "p: told to fail");
    EXPECT_EQ(p.copies(), 0U);
    // All of this while the session lives.
    expect_nothing_held();
    world.expect_all_go_on();
    if (call != "begin_prepare_snapshot") {
      EXPECT_THAT(events_of("good"), HasSubstr("good: abort\n"));
    }
    // Who else had failed can be asked still.
    take_status(*s);
    const bool was_asked = call != "begin_prepare_snapshot" && call != "end_prepare_snapshots";
    EXPECT_EQ(statuses["vetoes"].failure, was_asked ? result_code::e_writererror_retryable : result_code::s_ok);
  }
  EXPECT_THAT(events_of("good"), HasSubstr("good: end\n"));
  EXPECT_FALSE(has_children());
}

INSTANTIATE_TEST_SUITE_P(of_a_set, provider_matrix,
                         ::testing::Values("begin_prepare_snapshot", "end_prepare_snapshots", "pre_commit_snapshots",
                                           "commit_snapshots", "post_commit_snapshots", "pre_final_commit_snapshots",
                                           "post_final_commit_snapshots"),
                         [](const auto& call) { return std::string(call.param); });

}  // namespace
}  // namespace umbra::test
