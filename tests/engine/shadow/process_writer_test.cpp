// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/process_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "engine/shadow/writer_protocol.h"
#include "tests/support/shell_writer.h"
#include "tests/support/temp_dir.h"

namespace umbra::shadow {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr guid some_instance{{std::byte{7}}};

class process_writer : public ::testing::Test {
 protected:
  // A writer of these arms, greeted.
  std::shared_ptr<shadow::process_writer> writer_of(std::string_view cases, std::string_view at_end = {}) {
    return greeted(test::shell_writer(cases, at_end));
  }

  std::shared_ptr<shadow::process_writer> greeted(const std::string& script) {
    auto started = start(script);
    if (!started) return nullptr;
    const auto present = started->greet(some_instance);
    EXPECT_TRUE(present.has_value()) << present.assume_error().message();
    EXPECT_TRUE(present.has_value() && present.assume_value());
    return started;
  }

  std::shared_ptr<shadow::process_writer> start(const std::string& script) {
    const auto path = test::write_program(dir / ("writer" + std::to_string(++count)), script);
    auto started = shadow::process_writer::start({{path}, environment}, limits);
    EXPECT_TRUE(started.has_value()) << started.assume_error().message();
    return started.has_value() ? std::move(started).assume_value() : nullptr;
  }

  result<void> tell(shadow::writer& to, event what) { return to.handle({what, session, components}); }

  void add_component(std::string name, std::string options = {}) {
    backup_component c;
    c.name = std::move(name);
    c.backup_options = std::move(options);
    components.components.push_back(std::move(c));
  }

  // The error of an event that must fail.
  error refusal(shadow::writer& to, event what) {
    auto outcome = tell(to, what);
    EXPECT_TRUE(outcome.has_error()) << name_of(what);
    return outcome.has_error() ? std::move(outcome).assume_error() : error();
  }

  pid_t pid_in(const std::string& name) {
    return static_cast<pid_t>(std::strtol(test::text_of(dir / name).c_str(), nullptr, 10));
  }
  static bool is_running(pid_t pid) { return pid > 0 && ::kill(pid, 0) == 0; }

  // Whoever was killed may need a moment to be gone, and its new parent another to collect it.
  static void wait_until_gone(pid_t pid) {
    while (true) {
      const auto stat = test::text_of("/proc/" + std::to_string(pid) + "/stat");
      if (stat.empty() || stat.find(") Z") != std::string::npos || stat.find(") X") != std::string::npos) return;
      std::this_thread::yield();
    }
  }

  test::temp_dir dir;
  process_writer_limits limits;
  std::vector<std::string> environment;
  writer_session session;
  writer_components components;
  int count = 0;
  std::atomic<bool> over = false;
};

TEST_F(process_writer, tells_who_it_is_before_it_is_asked_for_more) {
  const auto w = writer_of("");
  EXPECT_EQ(w->identity().name, "Shell Writer");
  EXPECT_EQ(to_string(w->identity().class_id), "{f1701d14-ca65-4d20-a625-fa51e54b3944}");
  EXPECT_EQ(w->identity().instance_id, some_instance);
  EXPECT_EQ(w->identity().level, application_level::back_end);
  EXPECT_EQ(w->freeze_timeout(), std::chrono::milliseconds(1234));
  EXPECT_EQ(w->event_timeout(), std::chrono::minutes(10));
}

TEST_F(process_writer, gives_its_metadata_under_its_own_name) {
  const auto w = writer_of(R"sh(identify) echo '{"event":"identify","ok":true,"metadata":{"name":"Other","backup_schema":["copy"],
"components":[{"name":"data","files":[{"path":"/srv"}]}]}}' | tr -d '\n'; echo ;;)sh");
  const auto metadata = w->identify(session);
  ASSERT_TRUE(metadata.has_value()) << metadata.assume_error().message();
  EXPECT_EQ(metadata.assume_value().identity, w->identity());
  EXPECT_EQ(metadata.assume_value().schema, backup_schema::copy);
  ASSERT_NE(metadata.assume_value().find("", "data"), nullptr);
}

TEST_F(process_writer, lives_for_the_whole_session) {
  const auto w = writer_of("freeze) kept=$$; answer ;; thaw) [ \"$kept\" = $$ ] && answer || fail forgot ;;");
  for (const auto what : {event::prepare_backup, event::prepare_snapshot, event::freeze, event::thaw, event::post_snapshot,
                          event::backup_complete, event::backup_shutdown})
    EXPECT_TRUE(tell(*w, what).has_value()) << name_of(what);
}

TEST_F(process_writer, goes_on_when_its_input_ends) {
  const auto mark = dir.at("released");
  auto w = writer_of("", "echo released >" + mark);
  ASSERT_TRUE(tell(*w, event::freeze).has_value());
  w.reset();
  EXPECT_EQ(test::text_of(mark), "released\n");
}

TEST_F(process_writer, that_is_absent_is_no_error) {
  const auto w = start("#!/bin/sh\nread -r line; echo '{\"event\":\"hello\",\"ok\":true,\"protocol\":1,\"absent\":true}'\n");
  const auto present = w->greet(some_instance);
  ASSERT_TRUE(present.has_value()) << present.assume_error().message();
  EXPECT_FALSE(present.assume_value());
}

TEST_F(process_writer, of_another_protocol_is_refused) {
  const auto w = start("#!/bin/sh\nread -r line; echo '{\"event\":\"hello\",\"ok\":true,\"protocol\":2}'; read -r line\n");
  const auto present = w->greet(some_instance);
  ASSERT_TRUE(present.has_error());
  EXPECT_THAT(present.assume_error().text(), HasSubstr("version 1 of the writers' protocol"));
}

TEST_F(process_writer, that_says_nothing_at_hello_is_given_up) {
  limits.hello = std::chrono::milliseconds(50);
  const auto w = start("#!/bin/sh\nexec sleep 1000\n");
  const auto present = w->greet(some_instance);
  ASSERT_TRUE(present.has_error());
  EXPECT_EQ(code_of(present.assume_error()), result_code::e_writererror_timeout);
}

TEST_F(process_writer, passes_on_its_code_and_words) {
  const auto w = writer_of(R"sh(freeze) echo 'table t1 is locked' >&2; fail 'lock wait'; ;;)sh");
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_retryable);
  EXPECT_EQ(why.text(), "lock wait; it said: table t1 is locked");
  EXPECT_TRUE(tell(*w, event::abort).has_value()) << "a veto is no end";
}

TEST_F(process_writer, that_ends_at_an_event_fails_it_and_is_told_nothing_more) {
  const auto w = writer_of("freeze) echo 'out of luck' >&2; exit 3 ;;");
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_retryable);
  EXPECT_EQ(why.text(), "ended with exit code 3; it said: out of luck");
  EXPECT_TRUE(tell(*w, event::abort).has_value());
  EXPECT_TRUE(tell(*w, event::backup_shutdown).has_value());
  const auto later = refusal(*w, event::thaw);
  EXPECT_EQ(code_of(later), result_code::e_writererror_nonretryable);
  EXPECT_THAT(later.text(), HasSubstr("not there any more: ended with exit code 3"));
}

TEST_F(process_writer, that_is_killed_names_the_signal) {
  const auto w = writer_of("freeze) kill -9 $$ ;;");
  EXPECT_THAT(refusal(*w, event::freeze).text(), HasSubstr("signal 9"));
}

TEST_F(process_writer, that_talks_nonsense_is_ended) {
  const auto w = writer_of("prepare_backup) echo $$ >" + dir.at("pid") + "; echo good morning ;;");
  const auto why = refusal(*w, event::prepare_backup);
  EXPECT_EQ(code_of(why), result_code::e_writererror_nonretryable);
  EXPECT_THAT(why.text(), HasSubstr("no answer: \"good morning\""));
  EXPECT_FALSE(is_running(pid_in("pid")));
}

TEST_F(process_writer, that_prints_megabytes_is_ended) {
  const auto w = writer_of("freeze) head -c 4000000 /dev/zero | tr '\\0' x; answer ;;");
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_nonretryable);
  EXPECT_THAT(why.text(), HasSubstr("printed more than 1024 KiB"));
}

TEST_F(process_writer, may_fill_its_standard_error) {
  const auto w = writer_of("freeze) head -c 4000000 /dev/zero | tr '\\0' x >&2; echo ' at last' >&2; fail no ;;");
  const auto why = refusal(*w, event::freeze);
  EXPECT_THAT(why.text(), HasSubstr("x at last"));
  EXPECT_LT(why.text().size(), 400U);
}

TEST_F(process_writer, forgets_words_of_events_that_went_well) {
  const auto w = writer_of("prepare_backup) echo chatter >&2; answer ;; freeze) fail no ;;");
  ASSERT_TRUE(tell(*w, event::prepare_backup).has_value());
  EXPECT_EQ(refusal(*w, event::freeze).text(), "no");
}

TEST_F(process_writer, that_closes_its_output_is_ended) {
  const auto w = writer_of("freeze) echo $$ >" + dir.at("pid") + "; exec >&-; exec sleep 1000 ;;");
  const auto why = refusal(*w, event::freeze);
  EXPECT_THAT(why.text(), HasSubstr("closed its output"));
  EXPECT_FALSE(is_running(pid_in("pid")));
}

TEST_F(process_writer, that_closes_its_input_is_ended) {
  const auto w = writer_of("prepare_snapshot) exec <&-; answer; exec sleep 1000 ;;");
  ASSERT_TRUE(tell(*w, event::prepare_snapshot).has_value());
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_retryable);
  EXPECT_THAT(why.text(), HasSubstr("closed its input"));
}

TEST_F(process_writer, that_answers_twice_is_found_out_at_the_next_event) {
  const auto w = writer_of("prepare_snapshot) answer; answer ;;");
  ASSERT_TRUE(tell(*w, event::prepare_snapshot).has_value());
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_nonretryable);
  EXPECT_THAT(why.text(), HasSubstr("answered prepare_snapshot"));
}

TEST_F(process_writer, that_answers_before_it_was_asked_is_ended) {
  const auto w = writer_of(R"sh(prepare_snapshot) printf '{"event":"%s","ok":true}\n' prepare_snapshot freeze ;;)sh");
  // Both lines arrive together, so that the second is there before freeze is sent.
  ASSERT_TRUE(tell(*w, event::prepare_snapshot).has_value());
  const auto why = refusal(*w, event::freeze);
  EXPECT_EQ(code_of(why), result_code::e_writererror_nonretryable);
  EXPECT_THAT(why.text(), HasSubstr("answered freeze before it was asked"));
}

TEST_F(process_writer, that_answers_another_event_is_ended) {
  const auto w = writer_of("freeze) event=thaw; answer ;;");
  EXPECT_THAT(refusal(*w, event::freeze).text(), HasSubstr("was asked freeze and answered thaw"));
}

TEST_F(process_writer, that_hangs_comes_back_when_cancelled_with_all_it_started) {
  const auto w = writer_of("freeze) sleep 1000 & echo $! >" + dir.at("child") + "; echo $$ >" + dir.at("pid") + "; wait ;;");
  std::thread canceller([this, &w] {
    while (test::text_of(dir / "pid").empty()) std::this_thread::yield();
    w->cancel();
  });
  const auto why = refusal(*w, event::freeze);
  canceller.join();
  EXPECT_EQ(code_of(why), result_code::e_writererror_timeout);
  EXPECT_FALSE(is_running(pid_in("pid")));
  wait_until_gone(pid_in("child"));
}

TEST_F(process_writer, that_ignores_the_end_of_everything_is_killed) {
  limits.by_itself = std::chrono::milliseconds(10);
  limits.after_term = std::chrono::milliseconds(10);
  auto w = writer_of("freeze) trap '' TERM; echo $$ >" + dir.at("pid") + "; answer; while :; do sleep 1000; done ;;");
  ASSERT_TRUE(tell(*w, event::freeze).has_value());
  w.reset();
  EXPECT_FALSE(is_running(pid_in("pid")));
}

TEST_F(process_writer, a_cancel_between_events_is_forgotten) {
  const auto w = writer_of("");
  w->cancel();
  EXPECT_TRUE(tell(*w, event::prepare_backup).has_value());
}

TEST_F(process_writer, released_by_the_guardian_fails_its_thaw) {
  const auto w = writer_of("");
  ASSERT_TRUE(tell(*w, event::freeze).has_value());
  ASSERT_EQ(::write(w->abort_descriptor(), abort_line.data(), abort_line.size()), static_cast<ssize_t>(abort_line.size()));
  const auto why = refusal(*w, event::thaw);
  EXPECT_EQ(code_of(why), result_code::e_writererror_timeout);
  EXPECT_TRUE(tell(*w, event::abort).has_value());
  EXPECT_TRUE(tell(*w, event::prepare_backup).has_value()) << "the next set begins anew";
  EXPECT_TRUE(tell(*w, event::freeze).has_value());
  EXPECT_TRUE(tell(*w, event::thaw).has_value());
}

TEST_F(process_writer, edits_its_components) {
  add_component("data");
  session.components_selected = true;
  const auto w = writer_of(R"sh(post_snapshot) case $line in *'"components":[{"name":"data"}]'*)
    echo '{"event":"post_snapshot","ok":true,"components":[{"name":"data","backup_metadata":"label","backup_stamp":"7"}]}' ;;
    *) fail "unexpected components" ;; esac ;;)sh");
  const auto outcome = tell(*w, event::post_snapshot);
  ASSERT_TRUE(outcome.has_value()) << outcome.assume_error().message();
  ASSERT_EQ(components.components.size(), 1U);
  EXPECT_EQ(components.components[0].backup_metadata, "label");
  EXPECT_EQ(components.components[0].backup_stamp, "7");
}

TEST_F(process_writer, tells_with_a_failure_which_component_it_was_and_its_own_code) {
  add_component("data");
  const auto w = writer_of(
      R"sh(post_snapshot) echo '{"event":"post_snapshot","ok":false,"code":"partial_failure","text":"one is broken",'\
'"application_code":17,"components":[{"name":"data","post_snapshot_failure":"page 3 is torn"}]}' ;;
prepare_snapshot) fail "not now" ;;)sh");
  EXPECT_EQ(code_of(refusal(*w, event::post_snapshot)), result_code::e_writererror_partial_failure);
  EXPECT_EQ(w->application_code(), static_cast<result_code>(17));
  EXPECT_EQ(components.components[0].post_snapshot_failure, "page 3 is torn");
  EXPECT_THAT(refusal(*w, event::prepare_snapshot).text(), HasSubstr("not now"));
  EXPECT_EQ(w->application_code(), result_code::s_ok) << "that was another failure";
}

TEST_F(process_writer, may_not_edit_what_the_reference_forbids) {
  add_component("data");
  const auto w = writer_of(
      R"sh(post_snapshot) echo '{"event":"post_snapshot","ok":true,"components":[{"name":"data","backup_succeeded":true}]}' ;;)sh");
  EXPECT_THAT(refusal(*w, event::post_snapshot).text(), HasSubstr("backup_succeeded"));
  EXPECT_FALSE(components.components[0].backup_succeeded);
}

TEST_F(process_writer, takes_requests_larger_than_a_pipe) {
  for (int i = 0; i < 3000; ++i) add_component("component-" + std::to_string(i), std::string(100, 'x'));
  const auto w = writer_of("prepare_backup) [ ${#line} -gt 300000 ] && answer || fail short ;;");
  const auto outcome = tell(*w, event::prepare_backup);
  EXPECT_TRUE(outcome.has_value()) << outcome.assume_error().message();
}

TEST_F(process_writer, that_reads_no_request_at_all_does_not_lock_us_up) {
  for (int i = 0; i < 3000; ++i) add_component("component-" + std::to_string(i), std::string(100, 'x'));
  const auto w =
      writer_of("identify) echo '{\"event\":\"identify\",\"ok\":true}'; exec 3>" + dir.at("mark") + "; exec sleep 1000 ;;");
  ASSERT_TRUE(w->identify(session).has_value());
  std::thread canceller([this, &w] {
    while (!std::filesystem::exists(dir / "mark")) std::this_thread::yield();
    while (!over) {  // a cancel() before the call has begun is forgotten
      w->cancel();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  const auto why = refusal(*w, event::prepare_backup);
  over = true;
  canceller.join();
  EXPECT_EQ(code_of(why), result_code::e_writererror_timeout);
}

TEST_F(process_writer, inherits_nothing) {
  ::setenv("UMBRA_TEST_SECRET", "secret", 1);
  const auto other = writer_of("");
  environment = {"UMBRA_WRITER_X=given"};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGPIPE, &ignore, &before), 0);
  const auto w =
      writer_of("prepare_backup) { for fd in /proc/$$/fd/*; do readlink $fd; done; grep SigIgn /proc/$$/status; env; pwd; } >" +
                dir.at("seen") + "; answer ;;");
  ::sigaction(SIGPIPE, &before, nullptr);
  const auto outcome = tell(*w, event::prepare_backup);
  ::unsetenv("UMBRA_TEST_SECRET");
  ASSERT_TRUE(outcome.has_value()) << outcome.assume_error().message();
  std::istringstream seen(test::text_of(dir / "seen"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(seen, line);) lines.push_back(line);
  EXPECT_EQ(std::ranges::count_if(lines, [](const std::string& line) { return line.starts_with("pipe:"); }), 3);
  EXPECT_THAT(lines, Not(Contains(HasSubstr("secret"))));
  EXPECT_THAT(lines, Contains("UMBRA_WRITER_X=given"));
  EXPECT_THAT(lines, Contains(StartsWith("PATH=/usr/local/sbin:")));
  EXPECT_EQ(lines.back(), "/");
  const auto ignored = std::ranges::find_if(lines, [](const std::string& line) { return line.starts_with("SigIgn:"); });
  ASSERT_NE(ignored, lines.end());
  // Real-time signals aside, two of which the C library keeps for itself.
  EXPECT_EQ(std::strtoull(ignored->substr(7).c_str(), nullptr, 16) & 0x7FFFFFFFU, 0U);
}

TEST_F(process_writer, is_the_leader_of_a_group_of_its_own) {
  const auto w = writer_of("prepare_backup) cut -d' ' -f1,5 /proc/$$/stat >" + dir.at("seen") + "; answer ;;");
  ASSERT_TRUE(tell(*w, event::prepare_backup).has_value());
  std::istringstream seen(test::text_of(dir / "seen"));
  long pid = 0;
  long group = 0;
  seen >> pid >> group;
  EXPECT_GT(pid, 0);
  EXPECT_EQ(pid, group);
}

TEST_F(process_writer, that_cannot_be_started_says_why) {
  const auto started = shadow::process_writer::start({{dir.at("nothing")}, {}});
  ASSERT_TRUE(started.has_error());
  EXPECT_EQ(started.assume_error().code(), errc::not_found);
}

}  // namespace
}  // namespace umbra::shadow
