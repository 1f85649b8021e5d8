// SPDX-License-Identifier: GPL-3.0-or-later
// Whole commands in process, in a world where nothing is left to chance: the text is compared letter by letter.
#include "cli/app.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>

#include "cli/exit_code.h"
#include "tests/cli/fake_world.h"
#include "tests/support/pattern.h"
#include "tests/support/temp_dir.h"

namespace umbra::cli {
namespace {

using test::fake_world;

struct answer {
  int code = 0;
  std::string out;
  std::string err;
};

class app : public testing::Test {
 protected:
  app() { write("disk", umbra::test::random_bytes(1, 100'000)); }

  void write(const std::string& name, const std::vector<std::byte>& bytes) {
    std::ofstream(dir_.at(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  std::string read(const std::string& name) {
    std::ifstream in(dir_.at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // '%' at the beginning of a word stands for the test's folder.
  answer run(const std::vector<std::string>& words) {
    fake_world w(++runs_);
    w.now = now_;
    if (stopped_) w.world().stop = stop_.get_token();
    std::vector<std::string> arguments;
    for (const auto& word : words) arguments.push_back(word.starts_with("%") ? dir_.at(word.substr(1)) : word);
    answer a;
    a.code = run_app(arguments, w.world());
    a.out = plain(w.out());
    a.err = plain(w.err());
    return a;
  }

  // Without what differs from run to run: the folder, how long it took.
  std::string plain(std::string text) const {
    for (auto at = text.find(dir_.string()); at != std::string::npos; at = text.find(dir_.string()))
      text.replace(at, dir_.string().size() + 1, "%");
    return std::regex_replace(text, std::regex(R"( in \d+:\d\d \([^)]*/s\))"), " in no time");
  }

  umbra::test::temp_dir dir_;
  std::uint64_t runs_ = 0;  // each has its own identifiers
  std::int64_t now_ = 1'700'000'000;
  bool stopped_ = false;
  std::stop_source stop_;
};

TEST_F(app, makes_a_vault_an_image_and_a_list) {
  auto a = run({"init", "%v", "--block-size", "4K"});
  EXPECT_EQ(a.code, exit_done);
  EXPECT_EQ(a.out, "made a vault in %v (blocks of 4K)\n");
  EXPECT_EQ(run({"list", "%v"}).out, "no images yet\n");

  a = run({"backup", "%disk", "--to", "%v"});
  EXPECT_EQ(a.code, exit_done) << a.err;
  EXPECT_TRUE(std::regex_match(a.out, std::regex("full image of 97\\.7 KiB in no time\n"
                                                 "  read        97\\.7 KiB\n"
                                                 "  unchanged   0 B\n"
                                                 "  duplicate   0 B\n"
                                                 "  new         97\\.7 KiB, stored in 97\\.7 KiB\n"
                                                 "  free, zero  0 B, 0 B\n"
                                                 "%v::[0-9a-f]{12}  \\(disk\\)\n")))
      << a.out;
  a = run({"list", "%v"});
  EXPECT_TRUE(std::regex_match(
      a.out, std::regex("NAME  ID            TAKEN                    KIND               SIZE       ADDED\n"
                        "disk  [0-9a-f]{12}  2023-11-14 22:13:20 UTC  full           97\\.7 KiB   [0-9.]+ KiB\n")))
      << a.out;
  a = run({"verify", "%v", "--deep"});
  EXPECT_EQ(a.code, exit_done) << a.err;
  EXPECT_TRUE(a.out.starts_with("all good: 1 image, 1 pack, ")) << a.out;
}

TEST_F(app, restores_what_it_took) {
  ASSERT_EQ(run({"backup", "%disk", "--to", "%full.umbra"}).code, exit_done);
  const auto a = run({"restore", "%full.umbra", "--to", "%back", "--verify"});
  EXPECT_EQ(a.code, exit_done) << a.err;
  EXPECT_EQ(a.out,
            "restored 97.7 KiB to %back in no time: 97.7 KiB written, 0 B made zero, 0 B right already; read back and equal\n");
  EXPECT_EQ(read("back"), read("disk"));
}

TEST_F(app, puts_a_child_behind_its_parent_though_the_clock_was_set_back) {
  ASSERT_EQ(run({"init", "%v"}).code, exit_done);
  ASSERT_EQ(run({"backup", "%disk", "--to", "%v"}).code, exit_done);
  for (int day = 1; day < 4; ++day) {
    now_ -= 86'400;
    write("disk", umbra::test::random_bytes(static_cast<std::uint64_t>(day) + 1, 100'000));
    ASSERT_EQ(run({"backup", "%disk", "--to", "%v"}).code, exit_done);
    ASSERT_EQ(run({"verify", "%v::disk", "--source", "%disk"}).code, exit_done) << day;
  }
  const auto images = nlohmann::json::parse(run({"list", "%v", "--json"}).out)["images"];
  ASSERT_EQ(images.size(), 4u);
  for (std::size_t i = 1; i < images.size(); ++i) EXPECT_EQ(images[i]["parent"], images[i - 1]["id"]);
}

TEST_F(app, stops_when_it_is_told_to) {
  ASSERT_EQ(run({"init", "%v"}).code, exit_done);
  ASSERT_EQ(run({"backup", "%disk", "--to", "%v"}).code, exit_done);
  stopped_ = true;
  stop_.request_stop();
  auto a = run({"backup", "%disk", "--to", "%v"});
  EXPECT_EQ(a.code, exit_cancelled);
  EXPECT_EQ(a.err, "umbra: backup: cancelled; what was stored is kept, the next run picks up from there\n");
  a = run({"backup", "%disk", "--to", "%new.umbra"});
  EXPECT_EQ(a.code, exit_cancelled);
  EXPECT_EQ(a.err, "umbra: backup: cancelled; nothing was left behind\n");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "new.umbra"));
  EXPECT_EQ(run({"restore", "%v::disk", "--to", "%back"}).code, exit_cancelled);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "back"));
  write("back", umbra::test::zero_bytes(100'000));
  a = run({"restore", "%v::disk", "--to", "%back", "--yes"});
  EXPECT_EQ(a.code, exit_cancelled);
  EXPECT_NE(a.err.find("%back holds only a part of the image now"), std::string::npos) << a.err;
  EXPECT_EQ(run({"verify", "%v"}).code, exit_cancelled);
  EXPECT_EQ(run({"verify", "%v::disk", "--source", "%disk"}).code, exit_cancelled);
  EXPECT_EQ(run({"bench", "%disk"}).code, exit_cancelled);
  EXPECT_EQ(run({"list", "%v"}).code, exit_done);
}

TEST_F(app, answers_usage_errors_in_one_line) {
  const std::pair<std::vector<std::string>, const char*> wrong[] = {
      {{"restor"}, "umbra: there is no verb 'restor'; did you mean 'restore'?\n"},
      {{"x"}, "umbra: there is no verb 'x'; 'umbra --help' lists them\n"},
      {{"--json", "list"},
       "umbra: there is no option '--json' before the verb; options stand behind the verb, as in 'umbra list VAULT "
       "--json'\n"},
      {{"list"}, "umbra: list: VAULT is required; 'umbra help list' shows how\n"},
      {{"list", "a", "b"}, "umbra: list: 'b' is too much; 'umbra help list' shows how\n"},
      {{"list", "a", "--josn"}, "umbra: list: there is no option '--josn'; did you mean '--json'?\n"},
      {{"list", "a", "--frobnicate=3"}, "umbra: list: there is no option '--frobnicate'; 'umbra help list' shows how\n"},
      {{"backup", "a", "--to"}, "umbra: backup: --to needs a value; 'umbra help backup' shows how\n"},
      {{"backup", "a", "--to", "b", "--threads", "x"},
       "umbra: backup: --threads: 'x' is not a whole number from 0 to 256; 'umbra help backup' shows how\n"},
  };
  for (const auto& [words, err] : wrong) {
    const auto a = run(words);
    EXPECT_EQ(a.code, exit_usage);
    EXPECT_EQ(a.err, err);
  }
}

TEST_F(app, takes_a_parent_place_once_each_time_it_is_given) {
  ASSERT_EQ(run({"backup", "%disk", "--to", "%full.umbra"}).code, exit_done);
  for (const char* verb : {"verify", "info"}) {
    std::vector<std::string> words{verb, "%full.umbra"};
    if (verb == std::string("verify")) words.insert(words.begin() + 1, {"--parent", "%v", "--parent", "%w"});
    EXPECT_EQ(run(words).code, exit_done) << verb;
  }
}

TEST_F(app, does_not_give_an_older_image_for_a_damaged_one) {
  ASSERT_EQ(run({"init", "%v"}).code, exit_done);
  ASSERT_EQ(run({"backup", "%disk", "--to", "%v"}).code, exit_done);
  const auto before = nlohmann::json::parse(run({"info", "%v::disk", "--json"}).out)["id"].get<std::string>();
  now_ += 1000;
  write("disk", umbra::test::random_bytes(7, 100'000));
  ASSERT_EQ(run({"backup", "%disk", "--to", "%v"}).code, exit_done);
  const auto newest = nlohmann::json::parse(run({"info", "%v::disk", "--json"}).out)["id"].get<std::string>();
  std::filesystem::resize_file(dir_ / "v/sessions" / newest / "plan-0", 100);
  auto a = run({"restore", "%v::disk", "--to", "%back"});
  EXPECT_EQ(a.code, exit_damaged);
  EXPECT_EQ(a.err, "umbra: image " + newest +
                       " ('disk') in %v: damaged; 'umbra list' tells what is wrong; choose another one by its id\n");
  EXPECT_EQ(run({"info", "%v::" + newest}).code, exit_damaged);
  EXPECT_EQ(run({"restore", "%v::" + before, "--to", "%back"}).code, exit_done);
  a = run({"backup", "%disk", "--to", "%v"});
  EXPECT_EQ(a.code, exit_done);
  EXPECT_TRUE(a.err.starts_with("umbra: warning: image " + newest)) << a.err;
  EXPECT_TRUE(a.out.starts_with("full image")) << a.out;
}

}  // namespace
}  // namespace umbra::cli
