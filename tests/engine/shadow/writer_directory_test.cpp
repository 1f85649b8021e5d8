// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writer_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "tests/support/shell_writer.h"
#include "tests/support/temp_dir.h"

namespace umbra::shadow {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using kind = found_writer::kind;

constexpr const char* inventory = R"({"name":"Inventory","class_id":"{88eb197a-19fc-4d96-9cda-63a88c638422}",
  "components":[{"name":"data","files":[{"path":"/srv/inventory"}]}]})";

class writer_directory : public ::testing::Test {
 protected:
  writer_directory() {
    ::chmod(dir.path().c_str(), 0755);
    for (const char* name : {"etc", "lib"}) {
      std::filesystem::create_directory(dir / name);
      ::chmod((dir / name).c_str(), 0755);
    }
  }

  std::string put(const std::string& name, const std::string& text = "#!/bin/sh\n", mode_t mode = 0755) {
    test::write_program(dir / name, text);
    EXPECT_EQ(::chmod((dir / name).c_str(), mode), 0);
    return dir.at(name);
  }

  std::vector<found_writer> find() {
    problems.clear();
    return find_writers({{dir.at("etc")}, {dir.at("lib")}}, [this](std::string p) { problems.push_back(std::move(p)); });
  }

  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& f : find()) all.push_back(f.name);
    return all;
  }

  std::vector<std::shared_ptr<writer>> start() {
    const auto random = seeded_random(1);
    writer_start how;
    how.random = random.get();
    how.limits = limits;
    return start_writers(find(), how, [this](std::string p) { problems.push_back(std::move(p)); });
  }

  test::temp_dir dir;
  std::vector<std::string> problems;
  process_writer_limits limits;
};

TEST_F(writer_directory, finds_all_kinds_sorted_by_name) {
  const auto program = put("lib/zeta");
  const auto express = put("etc/inventory.json", inventory, 0644);
  const auto hook = put("lib/alpha.hook");
  std::filesystem::create_directory(dir / "etc/hooks.d");
  ::chmod((dir / "etc/hooks.d").c_str(), 0755);
  const auto inner = put("etc/hooks.d/mysql");
  EXPECT_THAT(find(),
              ElementsAre(found_writer{kind::hook, "alpha.hook", hook}, found_writer{kind::hook, "hooks.d/mysql", inner},
                          found_writer{kind::express, "inventory.json", express}, found_writer{kind::program, "zeta", program}));
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(writer_directory, the_first_folder_hides_names_of_later_ones) {
  const auto ours = put("etc/postgresql");
  put("lib/postgresql");
  const auto found = find();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, ours);
}

TEST_F(writer_directory, a_link_to_dev_null_hides_a_name) {
  std::filesystem::create_symlink("/dev/null", dir / "etc/postgresql");
  put("lib/postgresql");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(writer_directory, passes_over_leftovers_and_folders) {
  for (const char* name : {"x~", "x.bak", "x.dpkg-old", "x.rpmsave", ".hidden", "README", "x.md"})
    put(std::string("etc/") + name);
  std::filesystem::create_directory(dir / "etc/lib");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(writer_directory, refuses_what_is_not_executable) {
  const auto path = put("etc/plain", "#!/bin/sh\n", 0644);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr(path), HasSubstr("chmod +x"))));
}

TEST_F(writer_directory, refuses_what_others_may_write_to) {
  put("etc/group", "#!/bin/sh\n", 0775);
  put("etc/world.json", inventory, 0646);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("etc/group"), HasSubstr("chmod go-w")),
                                    AllOf(HasSubstr("etc/world.json"), HasSubstr("chmod go-w"))));
}

TEST_F(writer_directory, refuses_a_folder_that_others_may_write_to) {
  put("etc/fine");
  ::chmod((dir / "etc").c_str(), 0777);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("others may write to it")));
}

TEST_F(writer_directory, judges_a_link_by_where_it_leads) {
  std::filesystem::create_directory(dir / "loose");
  ::chmod((dir / "loose").c_str(), 0777);
  put("loose/real");
  std::filesystem::create_symlink(dir / "loose/real", dir / "etc/linked");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("etc/linked"), HasSubstr("its folder"))));
}

TEST_F(writer_directory, refuses_what_is_no_file) {
  ASSERT_EQ(::mkfifo(dir.at("etc/pipe").c_str(), 0700), 0);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("no regular file")));
}

TEST_F(writer_directory, tells_a_link_that_leads_nowhere) {
  std::filesystem::create_symlink(dir / "nowhere", dir / "etc/lost");
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("etc/lost")));
}

TEST_F(writer_directory, a_missing_folder_is_a_problem_only_if_it_was_asked_for) {
  const auto tell = [this](std::string p) { problems.push_back(std::move(p)); };
  EXPECT_THAT(find_writers({{dir.at("absent")}}, tell), IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(find_writers({{dir.at("absent"), true}}, tell), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("absent")));
}

TEST_F(writer_directory, refuses_what_somebody_else_owns) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const auto path = put("etc/theirs");
  ASSERT_EQ(::chown(path.c_str(), 12345, 0), 0);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(problems, ElementsAre(HasSubstr("user 12345 owns it")));
}

TEST_F(writer_directory, starts_what_it_finds) {
  put("etc/b-program", test::shell_writer(""));
  put("etc/a.json", inventory, 0644);
  put("etc/c.hook");
  const auto writers = start();
  ASSERT_EQ(writers.size(), 3U) << ::testing::PrintToString(problems);
  EXPECT_EQ(writers[0]->identity().name, "Inventory");
  EXPECT_EQ(writers[1]->identity().name, "Shell Writer");
  EXPECT_EQ(writers[2]->identity().name, "freeze hook c");
  EXPECT_NE(writers[0]->identity().instance_id, writers[1]->identity().instance_id);
  const auto metadata = writers[0]->identify({});
  ASSERT_TRUE(metadata.has_value());
  EXPECT_NE(metadata.assume_value().find("", "data"), nullptr);
  writer_components none;
  for (const auto& w : writers) EXPECT_TRUE(w->handle({event::backup_shutdown, {}, none}).has_value());
}

TEST_F(writer_directory, leaves_out_what_is_absent_without_a_word) {
  put("etc/absent", "#!/bin/sh\nread -r l; echo '{\"event\":\"hello\",\"ok\":true,\"protocol\":1,\"absent\":true}'\n");
  EXPECT_THAT(start(), IsEmpty());
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(writer_directory, tells_what_cannot_be_started_and_starts_the_others) {
  put("etc/a-broken", "#!/no/such/interpreter\n");
  put("etc/b-dies", "#!/bin/sh\necho 'no configuration' >&2\nexit 1\n");
  put("etc/c.json", "{\"name\":7}", 0644);
  put("etc/d-works", test::shell_writer(""));
  EXPECT_EQ(start().size(), 1U);
  EXPECT_THAT(problems,
              ElementsAre(HasSubstr("a-broken"), AllOf(HasSubstr("b-dies"), HasSubstr("no configuration")), HasSubstr("c.json")));
}

TEST_F(writer_directory, programs_that_say_nothing_are_waited_for_together) {
  constexpr int many = 40;
  for (int i = 0; i < many; ++i) put("etc/silent" + std::to_string(i), "#!/bin/sh\nexec sleep 3600\n");
  limits.hello = std::chrono::seconds(1);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(start(), IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - began, limits.hello * many / 2);
  EXPECT_EQ(problems.size(), std::size_t{many});
}

TEST(writer_folders, of_the_administrator_come_first) {
  EXPECT_EQ(standard_writer_folders().front().path, "/etc/umbra/writers.d");
}

}  // namespace
}  // namespace umbra::shadow
