// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/document_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/shadow/result_code.h"
#include "tests/support/shadow_documents.h"

namespace umbra::shadow {
namespace {

using testing::HasSubstr;

// Names the writer, then `more`.
std::string with(const std::string& more) {
  return R"({"name": "W", "class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}", )" + more + "}";
}

std::string with_component(const std::string& component) { return with("\"components\": [" + component + "]"); }

// The code and the words of the refusal; "taken" if there is none.
std::string refusal_of(std::string_view text) {
  const auto read = writer_metadata_from_json(text);
  return read ? "taken" : to_string(code_of(read.error())) + ": " + read.error().text();
}

void expect_invalid(const std::string& text, const std::string& words) {
  const auto refusal = refusal_of(text);
  EXPECT_THAT(refusal, HasSubstr("VSS_E_INVALID_XML_DOCUMENT")) << text;
  EXPECT_THAT(refusal, HasSubstr(words)) << text;
}

void expect_corrupt(const std::string& text, const std::string& words) {
  const auto refusal = refusal_of(text);
  EXPECT_THAT(refusal, HasSubstr("VSS_E_CORRUPT_XML_DOCUMENT")) << text.substr(0, 100);
  EXPECT_THAT(refusal, HasSubstr(words)) << text.substr(0, 100);
}

TEST(document_json, metadata_comes_back_as_it_was) {
  const auto metadata = test::full_metadata();
  const auto text = to_json(metadata);
  const auto read = writer_metadata_from_json(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value(), metadata);
  EXPECT_EQ(to_json(read.value()), text);
}

TEST(document_json, a_backup_document_comes_back_as_it_was) {
  const auto document = test::full_document();
  const auto text = to_json(document);
  const auto read = backup_document_from_json(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value(), document);
  EXPECT_EQ(to_json(read.value()), text);
}

TEST(document_json, a_writers_part_comes_back_as_it_was) {
  const auto part = test::full_document().writers.at(0);
  const auto text = to_json(part);
  const auto read = writer_components_from_json(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value(), part);
  EXPECT_EQ(to_json(read.value()), text);
}

TEST(document_json, is_one_line) {
  EXPECT_EQ(to_json(test::full_metadata()).find('\n'), std::string::npos);
  EXPECT_EQ(to_json(test::full_document()).find('\n'), std::string::npos);
}

TEST(document_json, needs_a_name_and_a_class_and_nothing_else) {
  const auto read = writer_metadata_from_json(test::least_metadata);
  ASSERT_TRUE(read) << read.error().message();
  const auto& m = read.value();
  EXPECT_EQ(m.identity.name, "Small Writer");
  EXPECT_EQ(to_string(m.identity.class_id), "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}");
  EXPECT_TRUE(m.identity.instance_id.is_none());
  EXPECT_EQ(m.identity.usage, usage_type::user_data);
  EXPECT_EQ(m.identity.source, source_type::other);
  EXPECT_EQ(m.identity.level, application_level::front_end);
  EXPECT_EQ(m.restore.method, restore_method::restore_if_can_replace);
  EXPECT_EQ(m.restore.when, writer_restore::never);
  EXPECT_TRUE(m.components.empty());
  expect_invalid(R"({"class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}"})", "name is missing");
  expect_invalid(R"({"name": "W"})", "class_id is missing");
}

TEST(document_json, writes_nothing_that_has_its_default) {
  const auto read = writer_metadata_from_json(test::least_metadata);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(read.value()), R"({"version":1,"name":"Small Writer","class_id":"{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}"})");
}

TEST(document_json, keeps_what_differs_from_the_default_of_documents_though_not_from_that_of_the_structure) {
  writer_metadata plain;
  plain.identity.name = "W";
  plain.identity.class_id = test::numbered_guid(1);
  const auto read = writer_metadata_from_json(to_json(plain));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value(), plain);
  EXPECT_EQ(read.value().identity.usage, usage_type::undefined);
  EXPECT_EQ(read.value().restore.method, restore_method::undefined);
}

TEST(document_json, a_component_needs_a_name_and_its_files_a_path) {
  const auto read = writer_metadata_from_json(with_component(R"({"name": "all", "files": [{"path": "/srv"}]})"));
  ASSERT_TRUE(read) << read.error().message();
  const auto& c = read.value().components.at(0);
  EXPECT_EQ(c.type, component_type::filegroup);
  EXPECT_EQ(c.files.at(0), (file_spec{"/srv", "*", false, "", file_spec_backup_type::standard}));
}

TEST(document_json, ignores_members_it_does_not_know) {
  const auto read = writer_metadata_from_json(
      with(R"("$schema": "x", "later": {"deep": [[1, 2.5, null]]}, "components": [{"name": "c", "colour": "blue"}])"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read.value().components.at(0).name, "c");
}

TEST(document_json, knows_version_1_only) {
  EXPECT_EQ(refusal_of(with("\"version\": 1")), "taken");
  expect_invalid(with("\"version\": 2"), "version 2 is not known");
  expect_invalid(with("\"version\": 0"), "version 0 is not known");
  expect_invalid(with("\"version\": -1"), "version must be a number");
  expect_invalid(with("\"version\": \"1\""), "version must be a number");
  expect_invalid(with("\"version\": 1.0"), "version must be a number");
}

TEST(document_json, a_backup_document_must_tell_its_version) {
  const auto read = backup_document_from_json(R"({"session_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}"})");
  ASSERT_FALSE(read);
  EXPECT_EQ(code_of(read.error()), result_code::e_invalid_xml_document);
  EXPECT_THAT(read.error().text(), HasSubstr("version is missing"));
}

TEST(document_json, names_the_place_of_what_is_wrong) {
  expect_invalid(with_component(R"({"name": "a"}, {"name": "b", "files": [{"path": "/x"}, {"path": 7}]})"),
                 "components[1].files[1].path must be a text");
  expect_invalid(with("\"restore\": {\"reboot_required\": \"yes\"}"), "restore.reboot_required must be true or false");
  expect_invalid(with("\"restore\": []"), "restore must be an object");
  expect_invalid(with("\"components\": {}"), "components must be a list");
  expect_invalid(with("\"components\": [1]"), "components[0] must be an object");
  expect_invalid(with("\"major_version\": -1"), "major_version must be a number from 0 to 4294967295");
  expect_invalid(with("\"major_version\": 4294967296"), "major_version must be a number from 0 to 4294967295");
  expect_invalid(with("\"instance_id\": \"12\""), "instance_id must be an identifier");
  expect_invalid(with("\"name\": null"), "name must be a text");
}

TEST(document_json, says_which_names_an_enumeration_has) {
  expect_invalid(with("\"level\": \"frontend\""), "level must be one of unknown, system, back_end, front_end");
  expect_invalid(with("\"usage\": 3"), "usage must be one of");
  expect_invalid(with("\"usage\": \"unknown(77)\""), "usage must be one of");
  expect_invalid(with("\"backup_schema\": [\"fulll\"]"), "backup_schema must be a list of some of undefined, differential");
  expect_invalid(with("\"backup_schema\": \"log\""), "backup_schema must be a list");
  expect_invalid(with("\"backup_schema\": [1]"), "backup_schema must be a list");
  expect_invalid(with("\"backup_schema\": [\"log|copy\"]"), "backup_schema must be a list");
}

TEST(document_json, sets_of_bits_are_lists_of_names) {
  const auto read = writer_metadata_from_json(with(R"("backup_schema": ["log", "incremental", "log", "0x10000"])"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(static_cast<std::uint32_t>(read.value().schema), 0x1000AU);
  EXPECT_THAT(to_json(read.value()), HasSubstr(R"("backup_schema":["incremental","log","0x10000"])"));
}

TEST(document_json, takes_result_codes_by_name_and_by_number) {
  const auto part = [](const std::string& code) {
    return writer_components_from_json(R"({"class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}", "components":
        [{"name": "c", "failure": {"code": ")" +
                                       code + "\"}}]}");
  };
  const auto code_in = [&](const std::string& code) { return part(code).value().components.at(0).failure.code; };
  EXPECT_EQ(code_in("VSS_E_WRITERERROR_TIMEOUT"), result_code::e_writererror_timeout);
  EXPECT_EQ(code_in("0x800423F2"), result_code::e_writererror_timeout);
  EXPECT_EQ(code_in("0x1"), result_code::s_false);
  for (const auto* bad : {"VSS_E_SOMETHING", "", "0x", "0x1234567890", "0xzz", "17", "-1"}) EXPECT_FALSE(part(bad)) << bad;
}

TEST(document_json, refuses_a_bad_time) {
  for (const std::string bad : {"\"yesterday\"", "\"\"", "0", "null"}) {
    const auto read = writer_components_from_json(R"({"class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}", "components":
        [{"name": "c", "differenced_files": [{"path": "/x", "last_modified": )" +
                                                  bad + "}]}]}");
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(code_of(read.error()), result_code::e_invalid_xml_document);
    EXPECT_THAT(read.error().text(), HasSubstr("components[0].differenced_files[0].last_modified must be a "));
  }
}

TEST(document_json, refuses_parts_and_documents_that_break_the_rules) {
  auto document = test::full_document();
  document.writers[0].components.push_back(document.writers[0].components[0]);
  EXPECT_EQ(code_of(backup_document_from_json(to_json(document)).error()), result_code::e_invalid_xml_document);
  EXPECT_EQ(code_of(writer_components_from_json(to_json(document.writers[0])).error()), result_code::e_invalid_xml_document);
}

TEST(document_json, refuses_texts_with_a_nul) {
  expect_invalid(with(R"("instance_name": "a\u0000b")"), "instance_name must not hold a NUL");
}

TEST(document_json, refuses_metadata_that_break_the_rules) {
  expect_invalid(with_component(R"({"name": "a"}, {"name": "a"})"), "component 'a': it is there twice");
  expect_invalid(with_component(R"({"name": "a", "files": [{"path": "srv"}]})"), "component 'a': the path 'srv' is not absolute");
}

TEST(document_json, refuses_what_is_no_json) {
  for (const auto* text :
       {"", " ", "{", "{\"name\"", "}", "nothing", "{\"a\":1}x", "{'name':1}", "[1,]", "{\"a\":\"\xff\"}", "\xc3"})
    expect_corrupt(text, "no JSON, or not in UTF-8: line 1");
  expect_corrupt("{\n  \"name\": \"W\",\n}", "no JSON, or not in UTF-8: line 3");
  expect_invalid("[]", "no JSON object");
  expect_invalid("7", "no JSON object");
  expect_invalid("\"text\"", "no JSON object");
}

TEST(document_json, refuses_what_is_nested_too_deep) {
  const auto nested = [](std::size_t depth) { return with("\"x\": " + std::string(depth, '[') + std::string(depth, ']')); };
  EXPECT_EQ(refusal_of(nested(document_depth_limit - 1)), "taken");
  expect_corrupt(nested(document_depth_limit), "nested deeper than 32");
  expect_corrupt(nested(1 << 20), "nested deeper than 32");
}

TEST(document_json, refuses_what_is_too_long) {
  const auto padded = [](std::size_t size) {
    auto text = with("\"version\": 1");
    return text.append(size - text.size(), ' ');
  };
  EXPECT_EQ(refusal_of(padded(document_size_limit)), "taken");
  expect_corrupt(padded(document_size_limit + 1), "longer than 8388608 bytes");
}

TEST(document_json, refuses_too_many_values) {
  const auto listing = [](std::size_t values) {
    std::string text = "0";
    for (std::size_t i = 1; i < values; ++i) text += ",0";
    return with("\"x\": [" + text + "]");
  };
  // The object, its two texts and the list are values, too.
  EXPECT_EQ(refusal_of(listing(document_values_limit - 4)), "taken");
  expect_corrupt(listing(document_values_limit - 3), "more than 262144 values");
}

TEST(document_json, replaces_what_is_not_utf8) {
  auto metadata = test::full_metadata();
  metadata.identity.name =
      "a\xff"
      "b";
  const auto text = to_json(metadata);
  EXPECT_THAT(text, HasSubstr("\"name\":\"a\xEF\xBF\xBD"
                              "b\""));
  const auto read = writer_metadata_from_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(read.value()), text);
}

TEST(document_json, finds_components_and_writers) {
  const auto metadata = test::my_writer();
  ASSERT_NE(metadata.find("writerData\\Set2", "Jan"), nullptr);
  EXPECT_EQ(metadata.find("writerData\\Set2", "Jan"), &metadata.components.at(11));
  EXPECT_EQ(metadata.find("", "Jan"), nullptr);
  EXPECT_EQ(metadata.find("writerData", "Set2\\Jan"), nullptr);

  auto document = test::full_document();
  auto* writer = document.find(test::numbered_guid(1), test::numbered_guid(2));
  ASSERT_EQ(writer, &document.writers.at(0));
  EXPECT_EQ(document.find(test::numbered_guid(1), test::numbered_guid(1)), nullptr);
  EXPECT_EQ(document.find(test::numbered_guid(2), test::numbered_guid(2)), nullptr);
  EXPECT_EQ(writer->find("cluster\\data", "tables"), &writer->components.at(0));
  EXPECT_EQ(writer->find("", "tables"), nullptr);
  EXPECT_EQ(std::as_const(*writer).find("cluster\\data", "tables"), &writer->components.at(0));
}

}  // namespace
}  // namespace umbra::shadow
