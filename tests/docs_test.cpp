// SPDX-License-Identifier: GPL-3.0-or-later
// Documents that can be checked are: byte tables, magics, limits and registries of docs/formats/native-v1.md against layout.h,
// exit codes of docs/errors.md and options in commands against cli, and every relative link of every page.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "engine/base/errc.h"
#include "engine/codec/codec.h"
#include "engine/image/block.h"
#include "formats/native/layout_fields.h"
#include "tests/support/markdown.h"

namespace {

namespace fs = std::filesystem;
using namespace umbra;
using test::row;
using test::table;

const fs::path& root() {
  static const fs::path path(UMBRA_SOURCE_DIR);
  return path;
}

std::string specification() { return test::read_text(root() / "docs/formats/native-v1.md"); }

struct documented_field {
  std::string name;
  std::string offset;
  std::string size;
  bool operator==(const documented_field&) const = default;
};

std::ostream& operator<<(std::ostream& out, const documented_field& f) {
  return out << f.name << " at " << f.offset << " of " << f.size;
}

std::string heading_of(const native::layout_structure& s) {
  return "### `" + std::string(s.name) + "` (" + std::to_string(s.size) + " bytes)";
}

TEST(docs, byte_tables_equal_the_layout) {
  const std::string text = specification();
  for (const auto& structure : native::layout_structures) {
    std::vector<documented_field> expected;
    for (const auto& f : structure.fields)
      expected.push_back({std::string(f.name), std::to_string(f.offset), std::to_string(f.size)});
    std::vector<documented_field> found;
    for (const row& r : table(text, heading_of(structure), {"offset", "size", "field"})) found.push_back({r[2], r[0], r[1]});
    EXPECT_EQ(found, expected) << heading_of(structure);
  }
}

TEST(docs, specification_has_no_byte_table_that_the_layout_lacks) {
  static const std::regex heading(R"(### `(\w+)` \(\d+ bytes\))");
  const std::string text = specification();
  std::set<std::string> known;
  for (const auto& s : native::layout_structures) known.insert(heading_of(s));
  for (std::sregex_iterator it(text.begin(), text.end(), heading), end; it != end; ++it)
    EXPECT_TRUE(known.contains(it->str())) << it->str();
}

TEST(docs, a_wrong_byte_table_would_be_seen) {
  const std::string text =
      "### `x` (4 bytes)\n\n| offset | size | field | meaning |\n|---|---|---|---|\n| 0 | 4 | a | |\n\nend\n";
  const auto rows = table(text, "### `x` (4 bytes)", {"offset", "size", "field"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][2], "a");
  EXPECT_TRUE(table(text, "### `x` (8 bytes)", {"offset", "size", "field"}).empty());
}

std::string hex_bytes(const native::magic& m) {
  std::string text;
  for (const std::uint8_t byte : m) {
    static constexpr char digits[] = "0123456789abcdef";
    if (!text.empty()) text += ' ';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

using two_columns = std::map<std::string, std::string>;

two_columns first_two_columns(const std::vector<row>& rows) {
  two_columns result;
  for (const row& r : rows) result[r[0]] = r[1];
  return result;
}

TEST(docs, magics_equal_the_layout) {
  const two_columns expected{
      {"pack_magic", hex_bytes(native::pack_magic)},     {"vault_magic", hex_bytes(native::vault_magic)},
      {"footer_magic", hex_bytes(native::footer_magic)}, {"data_magic", hex_bytes(native::data_magic)},
      {"meta_magic", hex_bytes(native::meta_magic)},     {"leaf_magic", hex_bytes(native::leaf_magic)},
      {"node_magic", hex_bytes(native::node_magic)},     {"manifest_magic", hex_bytes(native::manifest_magic)},
      {"object_magic", hex_bytes(native::object_magic)}, {"index_magic", hex_bytes(native::index_magic)},
  };
  EXPECT_EQ(first_two_columns(table(specification(), "", {"name", "bytes"})), expected);
}

TEST(docs, limits_equal_the_layout) {
  const two_columns expected{
      {"page_size", std::to_string(native::page_size)},
      {"record_alignment", std::to_string(native::record_alignment)},
      {"segment_target", std::to_string(native::segment_target)},
      {"checkpoint_interval", std::to_string(native::checkpoint_interval)},
      {"max_plain", std::to_string(native::max_plain)},
      {"max_manifest", std::to_string(native::max_manifest)},
      {"min_block_size", std::to_string(native::min_block_size)},
      {"max_block_size", std::to_string(native::max_block_size)},
      {"node_fanout", std::to_string(native::node_fanout)},
      {"sector", std::to_string(native::sector)},
      {"region_size", std::to_string(image::region_size)},
      {"index_page_entries", std::to_string(native::index_page_entries)},
  };
  EXPECT_EQ(first_two_columns(table(specification(), "", {"constant", "value"})), expected);
}

template <class Enum>
row entry(const char* registry, Enum value, const char* name) {
  return {registry, std::to_string(static_cast<unsigned>(value)), name};
}

std::vector<row> registries() {
  using enum native::record_type;
  return {
      entry("superblock_kind", native::superblock_kind::pack, "pack"),
      entry("superblock_kind", native::superblock_kind::vault, "vault"),
      entry("feature_word", native::feature_word::incompat, "incompat"),
      entry("feature_word", native::feature_word::ro_compat, "ro_compat"),
      entry("feature_word", native::feature_word::gc_incompat, "gc_incompat"),
      entry("feature_word", native::feature_word::compat, "compat"),
      entry("record_type", data, "data"),
      entry("record_type", leaf, "leaf"),
      entry("record_type", node, "node"),
      entry("record_type", mini_index, "mini_index"),
      entry("record_type", checkpoint, "checkpoint"),
      entry("record_type", native::record_type::manifest, "manifest"),
      entry("record_type", padding, "padding"),
      entry("record_type", key_slots, "key_slots"),
      entry("record_type", parity, "parity"),
      entry("record_type", refmap, "refmap"),
      entry("section_type", native::section_type::manifest, "manifest"),
      entry("section_type", native::section_type::key_slots, "key_slots"),
      entry("section_type", native::section_type::parity, "parity"),
      entry("child_kind", native::child_kind::uniform, "uniform"),
      entry("child_kind", native::child_kind::page, "page"),
      entry("block_state", image::block_state::unallocated, "unallocated"),
      entry("block_state", image::block_state::zero, "zero"),
      entry("block_state", image::block_state::stored, "stored"),
      entry("block_state", image::block_state::unreadable, "unreadable"),
      entry("block_state", image::block_state::excluded, "excluded"),
      entry("object_kind", native::object_kind::begin, "begin"),
      entry("object_kind", native::object_kind::outcome, "outcome"),
      entry("object_kind", native::object_kind::forgotten, "forgotten"),
      entry("object_kind", native::object_kind::condemned, "condemned"),
      entry("verdict", native::verdict::commit, "commit"),
      entry("verdict", native::verdict::dead, "dead"),
      entry("codec", codec::codec_id::none, "none"),
      entry("codec", codec::codec_id::lz4, "lz4"),
      entry("codec", codec::codec_id::zstd, "zstd"),
  };
}

TEST(docs, registries_equal_the_code) { EXPECT_EQ(table(specification(), "", {"registry", "number", "name"}), registries()); }

TEST(docs, exit_codes_equal_the_programs) {
  std::set<std::string> documented;
  for (const row& r : table(test::read_text(root() / "docs/errors.md"), "", {"code", "meaning"})) documented.insert(r[0]);
  std::set<std::string> expected;
  for (const int code : {cli::exit_done, cli::exit_failed, cli::exit_usage, cli::exit_faults, cli::exit_busy, cli::exit_cancelled,
                         cli::exit_damaged})
    expected.insert(std::to_string(code));
  EXPECT_EQ(documented, expected);
}

TEST(docs, every_kind_of_error_has_its_exit_code_in_errors_md) {
  two_columns expected;
  for (int number = 1; std::string_view(cli::error_name(static_cast<errc>(number))) != "unknown"; ++number) {
    const auto code = static_cast<errc>(number);
    expected["`" + std::string(cli::error_name(code)) + "`"] = std::to_string(cli::exit_code_for(code));
  }
  EXPECT_GT(expected.size(), 15U);
  EXPECT_EQ(first_two_columns(table(test::read_text(root() / "docs/errors.md"), "", {"kind", "exit code"})), expected);
}

// What the first group of `pattern` matches in `text`.
std::set<std::string> found_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) found.insert((*it)[1].str());
  return found;
}

// Verbs and options that the program has, from the sources that declare them.
std::set<std::string> words_of_the_command_line() {
  static const std::regex verb(R"re(add_subcommand\("([a-z]+)")re");
  static const std::regex option(R"re(add_(?:option|flag)\("(?:-\w,)?(--[a-z-]+)")re");
  std::set<std::string> words{"--help"};
  for (const auto& e : fs::recursive_directory_iterator(root() / "cli")) {
    if (e.path().extension() != ".cpp") continue;
    const std::string text = test::read_text(e.path());
    words.merge(found_in(text, verb));
    words.merge(found_in(text, option));
  }
  return words;
}

std::vector<fs::path> pages() {
  std::vector<fs::path> found{root() / "README.md"};
  for (const auto& e : fs::recursive_directory_iterator(root() / "docs"))
    if (e.path().extension() == ".md") found.push_back(e.path());
  return found;
}

// A line that shows a command of a verb that there is names only options that there are.
TEST(docs, options_in_commands_exist) {
  static const std::regex command(R"(\bumbra ([a-z]+)\b)");
  static const std::regex option(R"((?:^|[\s`\[])(--[a-z][a-z-]*))");
  const auto words = words_of_the_command_line();
  ASSERT_TRUE(words.contains("restore") && words.contains("--parent") && words.contains("--json"));
  std::size_t seen = 0;
  for (const fs::path& page : pages()) {
    std::istringstream in(test::read_text(page));
    for (std::string line; std::getline(in, line);) {
      const auto verbs = found_in(line, command);
      if (std::none_of(verbs.begin(), verbs.end(), [&](const auto& v) { return words.contains(v); })) continue;
      for (const auto& o : found_in(line, option)) {
        EXPECT_TRUE(words.contains(o)) << page << ": " << line;
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 2U);
}

TEST(docs, every_relative_link_leads_somewhere) {
  static const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const fs::path& page : pages()) {
    const std::string text = test::read_text(page);
    for (std::sregex_iterator it(text.begin(), text.end(), link), end; it != end; ++it)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*it)[1].str())) << page << ": " << (*it)[1];
  }
}

TEST(docs, every_page_is_on_the_map) {
  const std::string map = test::read_text(root() / "docs/README.md");
  for (const fs::path& page : pages()) {
    const std::string name = fs::relative(page, root() / "docs").generic_string();
    if (name == "README.md" || name == "../README.md" || name.starts_with("changes/")) continue;
    EXPECT_NE(map.find("(" + name + ")"), std::string::npos) << name << " is not linked from docs/README.md";
  }
}

}  // namespace
