// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/result_code.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace umbra::shadow {
namespace {

using enum result_code;

TEST(result_code, has_a_name_and_a_meaning_each) {
  std::set<result_code> codes;
  std::set<std::string_view> names;
  for (const auto& info : all_result_codes()) {
    EXPECT_TRUE(codes.insert(info.code).second) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(find_result_code(info.code), &info) << info.name;
    EXPECT_FALSE(info.meaning.empty()) << info.name;
  }
  EXPECT_EQ(codes.size(), 89U);  // 81 of the shadow service, 8 of the system
}

TEST(result_code, texts_are_one_plain_line_that_goes_into_another) {
  for (const auto& info : all_result_codes())
    for (const auto text : {info.meaning, info.advice}) {
      if (text.empty()) continue;
      EXPECT_FALSE(text.ends_with('.')) << text;
      EXPECT_FALSE(std::isupper(static_cast<unsigned char>(text[0]))) << text;
      EXPECT_EQ(text.find_first_of("\n|"), std::string_view::npos) << text;  // the table in docs has one row each
    }
}

TEST(result_code, every_failure_says_what_to_do) {
  for (const auto& info : all_result_codes())
    EXPECT_TRUE((static_cast<std::uint32_t>(info.code) & 0x80000000U) == 0 || !info.advice.empty()) << info.name;
}

TEST(result_code, prints_as_name_and_hex) {
  EXPECT_EQ(to_string(e_bad_state), "VSS_E_BAD_STATE (0x80042301)");
  EXPECT_EQ(to_string(s_async_pending), "VSS_S_ASYNC_PENDING (0x00042309)");
  EXPECT_EQ(to_string(e_writererror_partial_failure), "VSS_E_WRITERERROR_PARTIAL_FAILURE (0x80042336)");
  EXPECT_EQ(to_string(s_ok), "S_OK (0x00000000)");
  EXPECT_EQ(to_string(e_unexpected_failure), "E_UNEXPECTED (0x8000FFFF)");
  EXPECT_EQ(to_string(e_unexpected), "VSS_E_UNEXPECTED (0x80042302)");
}

TEST(result_code, a_number_without_a_name_prints_as_hex) {
  const auto odd = static_cast<result_code>(0x80041234);
  EXPECT_EQ(find_result_code(odd), nullptr);
  EXPECT_EQ(to_string(odd), "0x80041234");
  EXPECT_EQ(to_string(static_cast<result_code>(0x7U)), "0x00000007");
}

TEST(result_code, a_failure_carries_its_code) {
  for (const auto& info : all_result_codes()) {
    if (info.code == s_ok) continue;
    const auto e = failure(info.code, "x");
    EXPECT_EQ(code_of(e), info.code) << info.name;
    EXPECT_EQ(e.text(), "x");
    EXPECT_EQ(e.os_error(), 0);
    EXPECT_EQ(code_of(failure(info.code, "x").within("further out")), info.code) << info.name;
  }
  const auto odd = static_cast<result_code>(0x80041234);
  EXPECT_EQ(code_of(failure(odd, "")), odd);
}

TEST(result_code, the_kind_of_a_failure_follows_from_its_code) {
  for (const auto code : {e_snapshot_set_in_progress, e_volume_in_use, e_revert_in_progress})
    EXPECT_EQ(failure(code, "").code(), errc::busy) << to_string(code);
  for (const auto code : {e_volume_not_supported, e_volume_not_supported_by_provider, e_notimpl, e_not_supported})
    EXPECT_EQ(failure(code, "").code(), errc::unsupported) << to_string(code);
  EXPECT_EQ(failure(s_async_cancelled, "").code(), errc::cancelled);
  EXPECT_EQ(failure(e_insufficient_storage, "").code(), errc::no_space);
  EXPECT_EQ(failure(e_object_not_found, "").code(), errc::not_found);
  EXPECT_EQ(failure(e_object_already_exists, "").code(), errc::exists);
  EXPECT_EQ(failure(e_accessdenied, "").code(), errc::denied);
  EXPECT_EQ(failure(e_bad_state, "").code(), errc::usage);
  EXPECT_EQ(failure(e_invalidarg, "").code(), errc::usage);
  EXPECT_EQ(failure(e_corrupt_xml_document, "").code(), errc::decode);
  EXPECT_EQ(failure(e_writererror_timeout, "").code(), errc::shadow_copy);
  EXPECT_EQ(failure(e_hold_writes_timeout, "").code(), errc::shadow_copy);
  EXPECT_EQ(failure(static_cast<result_code>(0x80041234), "").code(), errc::shadow_copy);
}

TEST(result_code, a_failure_without_words_says_the_meaning) {
  EXPECT_EQ(failure(e_snapshot_set_in_progress, "").text(), find_result_code(e_snapshot_set_in_progress)->meaning);
  EXPECT_EQ(failure(static_cast<result_code>(0x80041234), "").text(), "");
}

TEST(result_code, errors_from_below_get_the_nearest_code) {
  EXPECT_EQ(code_of(error(errc::not_found, "")), e_object_not_found);
  EXPECT_EQ(code_of(error(errc::no_space, "")), e_insufficient_storage);
  EXPECT_EQ(code_of(error(errc::denied, "")), e_accessdenied);
  EXPECT_EQ(code_of(error(errc::busy, "")), e_volume_in_use);
  EXPECT_EQ(code_of(error(errc::cancelled, "")), s_async_cancelled);
  EXPECT_EQ(code_of(error(errc::usage, "")), e_invalidarg);
  EXPECT_EQ(code_of(error(errc::unsupported, "")), e_not_supported);
  EXPECT_EQ(code_of(error(errc::decode, "")), e_corrupt_xml_document);
  EXPECT_EQ(code_of(error(errc::unsupported_version, "")), e_invalid_xml_document);
  EXPECT_EQ(code_of(error(errc::io_read, "")), e_unexpected);
  EXPECT_EQ(code_of(error(static_cast<errc>(999), "")), e_unexpected);
}

// What code_of() makes of an error from below is a failure of the same kind, wherever a kind has a code.
TEST(result_code, kinds_survive_the_way_through_a_code) {
  for (const auto kind : {errc::not_found, errc::exists, errc::no_space, errc::denied, errc::busy, errc::cancelled, errc::usage,
                          errc::decode, errc::shadow_copy, errc::unsupported})
    EXPECT_EQ(failure(code_of(error(kind, "")), "").code(), kind) << meaning(kind);
}

TEST(result_code, writers_may_be_asked_again_after_three_of_them) {
  std::set<result_code> found;
  for (const auto& info : all_result_codes())
    if (is_retryable(info.code)) found.insert(info.code);
  EXPECT_EQ(found, (std::set{e_writererror_retryable, e_writererror_timeout, e_writererror_outofresources}));
}

}  // namespace
}  // namespace umbra::shadow
