// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

namespace umbra {
namespace {

result<int> half(int n) {
  if (n % 2 != 0) return error{errc::out_of_range, "odd"};
  return n / 2;
}

result<int> quarter(int n) {
  TRY(const auto once, half(n));
  TRY(const auto twice, half(once));
  return twice;
}

result<void> needs_even(int n, int& reached) {
  CHECK(half(n));
  ++reached;
  return success();
}

result<std::unique_ptr<int>> boxed(int n) {
  TRY(auto value, half(n));
  return std::make_unique<int>(value);
}

TEST(result, try_declares_the_value_or_returns_the_error) {
  ASSERT_TRUE(quarter(8).has_value());
  EXPECT_EQ(quarter(8).value(), 2);
  ASSERT_TRUE(quarter(6).has_error());
  EXPECT_EQ(quarter(6).error().code(), errc::out_of_range);
  EXPECT_EQ(quarter(6).error().text(), "odd");
}

TEST(result, try_moves_values_that_cannot_be_copied) {
  const auto run = []() -> result<int> {
    TRY(const auto box, boxed(10));
    return *box;
  };
  ASSERT_TRUE(run().has_value());
  EXPECT_EQ(run().value(), 5);
}

TEST(result, check_goes_on_only_after_success) {
  int reached = 0;
  EXPECT_TRUE(needs_even(2, reached).has_value());
  EXPECT_EQ(reached, 1);
  EXPECT_TRUE(needs_even(3, reached).has_error());
  EXPECT_EQ(reached, 1);
}

TEST(result, within_puts_the_outer_context_first) {
  const auto failed = within("volume C", within("block 7", half(1)));
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().text(), "volume C: block 7: odd");
  EXPECT_EQ(failed.error().code(), errc::out_of_range);
  EXPECT_EQ(within("nothing to say", half(4)).value(), 2);
}

TEST(result, within_an_empty_text_leaves_the_context_alone) {
  EXPECT_EQ((error{errc::decode, ""}.within("pack 3")).text(), "pack 3");
}

TEST(error, message_ends_with_the_meaning_or_the_systems_words) {
  EXPECT_EQ((error{errc::checksum, "pack 3 at 4096"}).message(), "pack 3 at 4096: damaged: checksum does not match");
  EXPECT_EQ((error{errc::checksum, ""}).message(), "damaged: checksum does not match");
  const auto denied = os_failure(errc::io_read, "/dev/sda", EACCES);
  EXPECT_EQ(denied.code(), errc::denied);
  EXPECT_EQ(denied.os_error(), EACCES);
  EXPECT_EQ(denied.message(), "/dev/sda: Permission denied");
}

TEST(error, message_of_usage_is_its_own_text) {
  EXPECT_EQ((error{errc::usage, "--level needs a number"}).message(), "--level needs a number");
  EXPECT_EQ((error{errc::usage, ""}).message(), "cannot be asked for");
}

TEST(error, advice_comes_last_and_the_latest_counts) {
  EXPECT_EQ((error{errc::not_found, "vault v"}.advise("'umbra init v' makes one")).message(),
            "vault v: not found; 'umbra init v' makes one");
  EXPECT_EQ((error{errc::usage, "no name"}.advise("give one")).message(), "no name; give one");
  auto within = error{errc::usage, "no name"}.advise("give one").within("image").advise("give two");
  EXPECT_EQ(within.message(), "image: no name; give two");
  EXPECT_EQ(within.text(), "image: no name");
}

TEST(error, os_failure_reads_errno_at_once) {
  errno = ENOSPC;
  const auto full = os_failure(errc::io_write, "disk");
  EXPECT_EQ(full.code(), errc::no_space);
  EXPECT_EQ(full.os_error(), ENOSPC);
}

TEST(error, errno_without_a_kind_of_its_own_takes_the_fallback) {
  EXPECT_EQ(errc_of(EIO, errc::io_read), errc::io_read);
  EXPECT_EQ(errc_of(EIO, errc::io_write), errc::io_write);
  EXPECT_EQ(errc_of(ENOENT, errc::io_read), errc::not_found);
  EXPECT_EQ(errc_of(EEXIST, errc::io_write), errc::exists);
  EXPECT_EQ(errc_of(EBUSY, errc::io_write), errc::busy);
}

TEST(errc, every_kind_has_a_meaning_of_its_own) {
  std::set<std::string_view> seen;
  for (int code = static_cast<int>(errc::io_read); code <= static_cast<int>(errc::internal); ++code) {
    const auto words = meaning(static_cast<errc>(code));
    EXPECT_NE(words, "unknown error") << code;
    EXPECT_TRUE(seen.insert(words).second) << words;
    EXPECT_NE(words.back(), '.') << words;
  }
  EXPECT_EQ(meaning(static_cast<errc>(static_cast<int>(errc::internal) + 1)), "unknown error");
}

TEST(errc, damage_is_what_is_wrong_with_the_bytes) {
  for (const auto code : {errc::checksum, errc::decode, errc::damaged, errc::bad_magic}) EXPECT_TRUE(is_damage(code));
  for (const auto code : {errc::io_read, errc::not_found, errc::unsupported_version, errc::unknown_feature, errc::audit}) {
    EXPECT_FALSE(is_damage(code));
  }
}

}  // namespace
}  // namespace umbra
