// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/output.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "tests/cli/fake_world.h"

namespace umbra::cli {
namespace {

using test::fake_world;

TEST(output, tells_an_error_in_one_line_and_answers_its_code) {
  fake_world w;
  const auto failure = error(errc::damaged, "pack 3").advise("run verify");
  EXPECT_EQ(report_error(w.world(), {}, failure), exit_damaged);
  EXPECT_EQ(w.err(), "umbra: pack 3: damaged; run verify\n");
  EXPECT_EQ(w.out(), "");
}

TEST(output, tells_an_error_to_programs_as_well) {
  fake_world w;
  EXPECT_EQ(report_error(w.world(), {.json = true, .quiet = true}, {errc::busy, "a\nb\xff"}), exit_busy);
  EXPECT_EQ(w.err(), "umbra: a?b?: in use\n");
  const auto event = nlohmann::json::parse(w.out());
  EXPECT_EQ(event["event"], "error");
  EXPECT_EQ(event["error"], "busy");
  EXPECT_EQ(event["message"], "a\nb\xef\xbf\xbd: in use");
  EXPECT_EQ(w.out().find('\n'), w.out().size() - 1);
}

TEST(output, warns_unless_quiet) {
  fake_world w;
  warn(w.world(), {}, "look\x1b out");
  warn(w.world(), {.json = false, .quiet = true}, "not this");
  EXPECT_EQ(w.err(), "umbra: warning: look? out\n");
}

TEST(output, lists_the_first_faults_and_counts_the_rest) {
  fake_world w;
  jobs::fault_list faults;
  for (std::uint64_t i = 0; i < 25; ++i) faults.add({jobs::fault::kind::unreadable, 1, i * 1024, 512, "sector"});
  print_faults(w.world(), faults);
  const auto text = w.err();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_TRUE(text.starts_with("umbra: unreadable: sector (source 1, 512 bytes at 0)\n")) << text;
  EXPECT_TRUE(text.ends_with("umbra: … and 5 more\n")) << text;

  const auto document = to_json(faults);
  EXPECT_EQ(document["count"], 25);
  EXPECT_EQ(document["bytes"], 25 * 512);
  EXPECT_EQ(document["listed"].size(), 25u);
  EXPECT_EQ(document["listed"][3],
            nlohmann::json({{"kind", "unreadable"}, {"source", 1}, {"offset", 3072}, {"size", 512}, {"text", "sector"}}));
}

TEST(output, leaves_out_the_place_of_a_fault_that_has_none) {
  fake_world w;
  jobs::fault_list faults;
  faults.add({jobs::fault::kind::damaged, 0, 0, 0, "image 3"});
  print_faults(w.world(), faults);
  EXPECT_EQ(w.err(), "umbra: damaged: image 3\n");
}

}  // namespace
}  // namespace umbra::cli
