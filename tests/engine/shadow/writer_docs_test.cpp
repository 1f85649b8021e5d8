// SPDX-License-Identifier: GPL-3.0-or-later
// docs/writers.md tells the truth about the protocol.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/shadow/express_writer.h"
#include "engine/shadow/process_writer.h"
#include "engine/shadow/writer_directory.h"
#include "engine/shadow/writer_host.h"
#include "engine/shadow/writer_protocol.h"

namespace umbra::shadow {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(std::string(UMBRA_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_FALSE(text.empty()) << path;
  return text;
}

const std::string& page() {
  static const std::string text = text_of("docs/writers.md");
  return text;
}

std::vector<std::string> blocks(const std::string& language) {
  std::vector<std::string> found;
  const std::string begin = "\n```" + language + "\n";
  for (std::size_t at = page().find(begin); at != std::string::npos; at = page().find(begin, at + 1)) {
    const auto from = at + begin.size();
    found.push_back(page().substr(from, page().find("\n```", from) - from));
  }
  return found;
}

// The cells of the table whose first cell of a row is `code`.
std::string row_of(const std::string& name) {
  const auto at = page().find("\n| `" + name + "` |");
  if (at == std::string::npos) return {};
  return page().substr(at + 1, page().find('\n', at + 1) - at - 1);
}

TEST(writer_docs, every_line_of_the_protocol_is_one) {
  int answers = 0;
  for (const auto& block : blocks("json")) {
    if (!block.starts_with("{\"event\"")) continue;
    std::istringstream lines(block);
    for (std::string line; std::getline(lines, line);) {
      const auto object = nlohmann::json::parse(line, nullptr, false);
      ASSERT_TRUE(object.is_object()) << line;
      if (object.contains("ok")) {
        EXPECT_TRUE(parse_answer(line).has_value()) << line;
        ++answers;
      } else {
        EXPECT_TRUE(line.starts_with("{\"event\":\"" + object["event"].get<std::string>() + "\"")) << line;
      }
    }
  }
  EXPECT_GE(answers, 4);
  EXPECT_NE(page().find(hello_request()), std::string::npos);
}

TEST(writer_docs, the_example_of_a_request_has_what_requests_have) {
  writer_session session;
  const auto real = nlohmann::json::parse(event_request(event::freeze, session, nullptr))["session"];
  const auto at = page().find("{\"event\":\"freeze\",\"session\"");
  ASSERT_NE(at, std::string::npos);
  const auto shown = nlohmann::json::parse(page().substr(at, page().find('\n', at) - at))["session"];
  for (const auto& [name, value] : real.items()) EXPECT_TRUE(shown.contains(name)) << name;
  EXPECT_EQ(shown.size(), real.size());
}

// The answer to hello that the page shows.
nlohmann::json shown_hello() {
  const auto at = page().find("{\"event\":\"hello\",\"ok\":true");
  EXPECT_NE(at, std::string::npos);
  return nlohmann::json::parse(page().substr(at, page().find('\n', at) - at));
}

result<writer_hello> heard(const nlohmann::json& hello) {
  TRY(const auto answer, parse_answer(hello.dump()));
  return hello_in(answer);
}

TEST(writer_docs, the_hello_of_the_page_is_heard_as_it_says) {
  const auto hello = heard(shown_hello());
  ASSERT_TRUE(hello.has_value()) << hello.assume_error().message();
  EXPECT_EQ(hello.assume_value().identity.name, "Notes Writer");
  EXPECT_EQ(to_string(hello.assume_value().identity.class_id), "{f1701d14-ca65-4d20-a625-fa51e54b3944}");
  EXPECT_EQ(hello.assume_value().identity.level, application_level::front_end);
  EXPECT_EQ(hello.assume_value().freeze_timeout, std::chrono::seconds(20));
}

TEST(writer_docs, every_member_of_hello_counts) {
  const std::map<std::string, nlohmann::json> others{{"absent", true},
                                                     {"level", "system"},
                                                     {"freeze_timeout_ms", 1},
                                                     {"event_timeout_ms", 1},
                                                     {"instance_id", "{00000000-0000-0000-0000-000000000007}"},
                                                     {"instance_name", "15/main"},
                                                     {"major_version", 15},
                                                     {"minor_version", 4},
                                                     {"usage", "system_service"},
                                                     {"source", "transacted_db"}};
  const auto from = page().find("| member of the answer |");
  ASSERT_NE(from, std::string::npos);
  const auto table = page().substr(from, page().find("\n\n", from) - from);
  const auto facts = [](const writer_hello& h) { return std::tuple(h.absent, h.identity, h.freeze_timeout, h.event_timeout); };
  const auto plain = heard(shown_hello()).value();
  for (const auto& [name, value] : others) {
    EXPECT_NE(table.find("`" + name + "`"), std::string::npos) << name;
    auto hello = shown_hello();
    hello[name] = value;
    const auto read = heard(hello);
    ASSERT_TRUE(read.has_value()) << name << ": " << read.assume_error().message();
    EXPECT_NE(facts(read.assume_value()), facts(plain)) << name;
  }
  for (const char* name : {"protocol", "name", "class_id"}) {
    auto hello = shown_hello();
    EXPECT_EQ(hello.erase(name), 1U);
    EXPECT_TRUE(heard(hello).has_error()) << name << " is left out";
  }
}

TEST(writer_docs, every_event_has_its_row) {
  for (std::size_t i = 0; i < event_count; ++i) EXPECT_FALSE(row_of(std::string(name_of(static_cast<event>(i)))).empty()) << i;
}

TEST(writer_docs, what_may_be_set_may_be_set_and_nothing_else) {
  const auto from = page().find("| at | may be set |");
  ASSERT_NE(from, std::string::npos);
  const auto table = page().substr(from, page().find("\n\n", from) - from);
  const std::map<std::string, std::string> values{{"partial_files", R"([{"path":"/d","file_name":"f","ranges":"0:5"}])"},
                                                  {"differenced_files", R"([{"path":"/d"}])"},
                                                  {"directed_targets", "[]"},
                                                  {"failure", "{}"},
                                                  {"restore_target", "\"original\""}};
  const std::vector<std::string> members{"backup_metadata",
                                         "backup_stamp",
                                         "partial_files",
                                         "differenced_files",
                                         "prepare_for_backup_failure",
                                         "post_snapshot_failure",
                                         "failure",
                                         "restore_metadata",
                                         "restore_target",
                                         "directed_targets",
                                         "pre_restore_failure",
                                         "post_restore_failure",
                                         "backup_succeeded",
                                         "backup_options"};
  for (std::size_t i = 0; i < event_count; ++i) {
    const auto what = static_cast<event>(i);
    const std::string name(name_of(what));
    const auto at = table.find("\n| `" + name + "` |");
    const auto row = at == std::string::npos ? "" : table.substr(at + 1, table.find('\n', at + 1) - at - 1);
    for (const auto& member : members) {
      const auto value = values.contains(member) ? values.at(member) : std::string("\"x\"");
      writer_components components;
      components.components.emplace_back().name = "data";
      const auto line = R"({"event":")" + name + R"(","ok":true,"components":[{"name":"data",")" + member + "\":" + value + "}]}";
      const auto parsed = parse_answer(line);
      ASSERT_TRUE(parsed.has_value()) << line;
      const bool allowed = apply_edits(parsed.assume_value(), what, {}, components).has_value();
      EXPECT_EQ(allowed, row.find("`" + member + "`") != std::string::npos) << name << " " << member;
    }
  }
}

TEST(writer_docs, every_code_is_known) {
  const auto from = page().find("| code | when |");
  ASSERT_NE(from, std::string::npos);
  const auto table = page().substr(from, page().find("\n\n", from) - from);
  const std::regex row("\n\\| `([a-z_]+)` \\|");
  int rows = 0;
  for (auto it = std::sregex_iterator(table.begin(), table.end(), row); it != std::sregex_iterator(); ++it) {
    const auto answer = parse_answer(R"({"event":"freeze","ok":false,"text":"x","code":")" + (*it)[1].str() + "\"}");
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer.assume_value().failure.text, "x") << (*it)[1].str() << " is unknown";
    ++rows;
  }
  EXPECT_EQ(rows, 7);
}

TEST(writer_docs, the_core_of_the_example_is_the_examples) {
  const auto shell = blocks("sh");
  ASSERT_EQ(shell.size(), 1U);
  EXPECT_NE(text_of("docs/examples/notes-writer").find(shell[0]), std::string::npos);
}

TEST(writer_docs, the_express_writer_is_one) {
  int found = 0;
  for (const auto& block : blocks("json")) {
    if (block.starts_with("{\"event\"")) continue;
    const auto made = make_express_writer(block, guid{});
    EXPECT_TRUE(made.has_value()) << made.assume_error().message();
    ++found;
  }
  EXPECT_EQ(found, 1);
}

// A writer with time.
class patient_writer final : public writer {
 public:
  const writer_identity& identity() const override { return self_; }
  std::chrono::milliseconds freeze_timeout() const override { return std::chrono::milliseconds(7); }
  std::chrono::milliseconds event_timeout() const override { return std::chrono::hours(1); }
  result<writer_metadata> identify(const writer_session&) override { return writer_metadata(); }
  result<void> handle(const writer_call&) override { return success(); }
  void cancel() noexcept override {}

 private:
  writer_identity self_;
};

TEST(writer_docs, every_event_has_the_time_that_the_page_gives_it) {
  const patient_writer who;
  for (std::size_t i = 0; i < event_count; ++i) {
    const auto what = static_cast<event>(i);
    const auto time = time_for(what, who);
    std::string said = "event_timeout_ms";
    if (time == std::chrono::milliseconds(7)) said = "freeze_timeout_ms";
    if (time == std::chrono::seconds(30)) said = "30 s at most";
    const auto row = row_of(std::string(name_of(what)));
    EXPECT_NE(row.substr(row.rfind("| ", row.size() - 2)).find(said), std::string::npos) << row;
  }
}

TEST(writer_docs, programs_get_the_environment_of_the_page) {
  for (const auto& variable : writer_environment({})) {
    const auto name = variable.substr(0, variable.find('='));
    EXPECT_NE(page().find("`" + (name == "PATH" ? name : variable) + "`"), std::string::npos) << variable;
  }
}

TEST(writer_docs, limits_and_places_are_the_codes) {
  EXPECT_EQ(process_writer_limits().by_itself, std::chrono::seconds(2));
  EXPECT_NE(page().find("not gone two seconds after the end of its input gets SIGTERM, and SIGKILL three\n   seconds later"),
            std::string::npos);
  EXPECT_EQ(process_writer_limits().after_term, std::chrono::seconds(3));
  EXPECT_NE(page().find("more than 1 MiB for one event"), std::string::npos);
  EXPECT_EQ(answer_size_limit, 1U << 20);
  EXPECT_EQ(writer_hello().freeze_timeout, std::chrono::milliseconds(60000));
  EXPECT_EQ(writer_hello().event_timeout, std::chrono::milliseconds(600000));
  for (const auto& folder : standard_writer_folders())
    EXPECT_NE(page().find("`" + folder.path + "`"), std::string::npos) << folder.path;
}

TEST(writer_docs, every_writer_that_ships_has_its_row_and_keys) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(UMBRA_SOURCE_DIR) + "/cli/writers.d")) {
    if (!entry.is_regular_file()) continue;
    const auto name = entry.path().filename().string();
    const auto at = page().find("\n| `" + name + "`");
    ASSERT_NE(at, std::string::npos) << name;
    const auto row = page().substr(at, page().find('\n', at + 1) - at);
    const auto source = text_of("cli/writers.d/" + name);
    const auto keys_at = source.find("KEYS = {");
    ASSERT_NE(keys_at, std::string::npos) << name;
    const auto keys = source.substr(keys_at, source.find('}', keys_at) - keys_at);
    const std::regex key("\"([a-z_]+)\"");
    for (auto it = std::sregex_iterator(keys.begin(), keys.end(), key); it != std::sregex_iterator(); ++it)
      EXPECT_NE(row.find("`" + (*it)[1].str() + "`"), std::string::npos) << name << ": " << (*it)[1].str();
    ++found;
  }
  EXPECT_EQ(found, 4);
}

}  // namespace
}  // namespace umbra::shadow
