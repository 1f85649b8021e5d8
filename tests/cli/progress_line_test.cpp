// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress_line.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <thread>

#include "tests/cli/fake_world.h"

namespace umbra::cli {
namespace {

using test::fake_world;

// Waits for as long as it takes.
template <class Seen>
void wait_until(Seen seen) {
  while (!seen()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void half_way(flow::progress& progress) {
  progress.stage = "backing up";
  progress.total = 8 << 20;
  progress.done = 4 << 20;
}

TEST(progress_line, shows_stage_share_rate_and_sizes_and_goes_away) {
  fake_world w;
  w.world().err_is_terminal = true;
  flow::progress progress;
  half_way(progress);
  progress_line line(w.world(), {}, progress);
  wait_until([&] { return w.err().find(" left") != std::string::npos; });
  EXPECT_GT(line.finish(), 0);
  EXPECT_TRUE(w.err().starts_with("\r\x1b[Kbacking up  50.0 %  ")) << w.err();
  EXPECT_NE(w.err().find("/s  4.0 MiB of 8.0 MiB"), std::string::npos) << w.err();
  EXPECT_TRUE(w.err().ends_with("\r\x1b[K"));
  EXPECT_EQ(w.out(), "");
  const auto before = w.err();
  line.finish();
  EXPECT_EQ(w.err().substr(0, before.size()), before);
}

TEST(progress_line, is_never_wider_than_the_terminal) {
  fake_world w;
  w.world().err_is_terminal = true;
  w.world().err_columns = 16;
  flow::progress progress;
  half_way(progress);
  progress_line line(w.world(), {}, progress);
  wait_until([&] { return !w.err().empty(); });
  line.finish();
  EXPECT_TRUE(w.err().starts_with("\r\x1b[Kbacking up  50.\r\x1b[K")) << w.err();
}

TEST(progress_line, becomes_events_with_json) {
  fake_world w;
  flow::progress progress;
  half_way(progress);
  progress_line line(w.world(), {.json = true, .quiet = false}, progress);
  wait_until([&] { return w.out().find('\n') != std::string::npos; });
  line.finish();
  const auto event = nlohmann::json::parse(w.out().substr(0, w.out().find('\n')));
  EXPECT_EQ(event["event"], "progress");
  EXPECT_EQ(event["stage"], "backing up");
  EXPECT_EQ(event["done"], 4 << 20);
  EXPECT_EQ(event["total"], 8 << 20);
  EXPECT_GT(event["seconds"], 0);
  EXPECT_EQ(w.err(), "");
}

TEST(progress_line, says_nothing_without_a_terminal_or_when_quiet) {
  fake_world w;
  flow::progress progress;
  half_way(progress);
  progress_line(w.world(), {}, progress).finish();
  w.world().err_is_terminal = true;
  progress_line(w.world(), {.json = false, .quiet = true}, progress).finish();
  progress_line(w.world(), {.json = true, .quiet = true}, progress).finish();
  EXPECT_EQ(w.out() + w.err(), "");
}

}  // namespace
}  // namespace umbra::cli
