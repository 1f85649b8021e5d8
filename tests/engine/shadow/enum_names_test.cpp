// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/enum_names.h"

#include <gtest/gtest.h>

#include <set>

namespace umbra::shadow {
namespace {

template <class E>
class enum_names : public testing::Test {};
template <class E>
class enum_names_of_values : public testing::Test {};
template <class E>
class enum_names_of_bits : public testing::Test {};

template <class... A>
struct joined;
template <class... A, class... B>
struct joined<testing::Types<A...>, testing::Types<B...>> {
  using type = testing::Types<A..., B...>;
};

using values = testing::Types<object_type, snapshot_state, snapshot_context, snapshot_property_id, provider_type,
                              mgmt_object_type, protection_level, protection_fault, writer_state, application_level, usage_type,
                              source_type, alternate_writer_state, backup_type, component_type, restore_type, restore_method,
                              writer_restore, restore_target, file_restore_status, rollforward_type>;
using sets = testing::Types<volume_snapshot_attributes, snapshot_compatibility, provider_capabilities, hardware_options,
                            recovery_options, subscribe_mask, backup_schema, component_flags, file_spec_backup_type>;
using all_of_them = joined<values, sets>::type;
TYPED_TEST_SUITE(enum_names, all_of_them);
TYPED_TEST_SUITE(enum_names_of_values, values);
TYPED_TEST_SUITE(enum_names_of_bits, sets);

TYPED_TEST(enum_names, are_unique_and_read_back) {
  std::set<std::string_view> names;
  std::set<std::int64_t> numbers;
  for (const auto& e : entries(TypeParam{})) {
    EXPECT_TRUE(names.insert(e.name).second) << e.name;
    EXPECT_TRUE(numbers.insert(e.value).second) << e.name;
    const auto value = static_cast<TypeParam>(e.value);
    EXPECT_EQ(named<TypeParam>(e.name), value) << e.name;
    EXPECT_EQ(named<TypeParam>(name_of(value)), value) << e.name;
  }
  EXPECT_FALSE(names.empty());
}

TYPED_TEST(enum_names_of_values, a_value_that_has_none_is_shown_but_not_read_back) {
  EXPECT_FALSE(flags<TypeParam>);
  const auto odd = static_cast<TypeParam>(17'000);
  EXPECT_EQ(name_of(odd), "unknown(17000)");
  EXPECT_FALSE(named<TypeParam>("unknown(17000)"));
}

TYPED_TEST(enum_names_of_bits, join_and_read_back) {
  EXPECT_TRUE(flags<TypeParam>);
  for (std::uint64_t i = 0; i < 32; ++i)
    for (std::uint64_t k = 0; k < 32; ++k) {
      const auto bits = static_cast<TypeParam>((1ULL << i) | (1ULL << k));
      EXPECT_EQ(named<TypeParam>(name_of(bits)), bits) << name_of(bits);
    }
  const auto all = static_cast<TypeParam>(0xFFFFFFFF);
  EXPECT_EQ(named<TypeParam>(name_of(all)), all) << name_of(all);
  EXPECT_NE(name_of(TypeParam{}), "");  // the empty set has a name
}

TYPED_TEST(enum_names, hostile_text_is_none) {
  for (const std::string_view text : {"",
                                      "|",
                                      "||",
                                      " ",
                                      "0",
                                      "1",
                                      "-1",
                                      "0x",
                                      "0x|",
                                      "|0x1",
                                      "0x1|",
                                      "0x-1",
                                      "0x 1",
                                      "0x1g",
                                      "0X1",
                                      "0x100000000",
                                      "0xfffffffffffffffffffff",
                                      "UNKNOWN",
                                      "no such name",
                                      "0x1||0x2",
                                      "none,none",
                                      "unknown()",
                                      "unknown(1"})
    EXPECT_FALSE(named<TypeParam>(text)) << text;
  const auto first = std::string(entries(TypeParam{}).front().name);
  EXPECT_FALSE(named<TypeParam>(first + '|'));
  EXPECT_FALSE(named<TypeParam>('|' + first));
  EXPECT_FALSE(named<TypeParam>(first + ' '));
  EXPECT_FALSE(named<TypeParam>(first + std::string(1, '\0')));
  EXPECT_FALSE(named<TypeParam>(std::string(100'000, '|')));
}

TEST(enum_names_by_hand, sets_of_bits_stand_in_the_order_of_the_table) {
  using enum volume_snapshot_attributes;
  EXPECT_EQ(name_of(no_writers | persistent | no_auto_release), "persistent|no_auto_release|no_writers");
  EXPECT_EQ(named<volume_snapshot_attributes>("no_writers|persistent"), persistent | no_writers);
  EXPECT_EQ(name_of(volume_snapshot_attributes::none), "none");
}

TEST(enum_names_by_hand, unknown_bits_stand_in_hex) {
  const auto bits = volume_snapshot_attributes::plex | static_cast<volume_snapshot_attributes>(0x90000000);
  EXPECT_EQ(name_of(bits), "plex|0x90000000");
  EXPECT_EQ(named<volume_snapshot_attributes>("plex|0x90000000"), bits);
  EXPECT_EQ(name_of(static_cast<component_flags>(0x80)), "0x80");
  EXPECT_EQ(named<component_flags>("0x80"), static_cast<component_flags>(0x80));
}

TEST(enum_names_by_hand, sums_of_bits_are_read_but_never_written) {
  EXPECT_EQ(named<file_spec_backup_type>("standard"), file_spec_backup_type::standard);
  EXPECT_EQ(named<file_spec_backup_type>("all_backup_required|created_during_backup"),
            file_spec_backup_type::all_backup_required | file_spec_backup_type::created_during_backup);
  EXPECT_EQ(name_of(file_spec_backup_type::all_backup_required),
            "full_backup_required|differential_backup_required|incremental_backup_required|log_backup_required");
}

TEST(enum_names_by_hand, values_may_be_negative_or_use_all_bits) {
  EXPECT_EQ(name_of(application_level::auto_level), "auto_level");
  EXPECT_EQ(named<application_level>("auto_level"), static_cast<application_level>(-1));
  EXPECT_EQ(name_of(static_cast<application_level>(-2)), "unknown(-2)");
  EXPECT_EQ(name_of(snapshot_context::all), "all");
  EXPECT_EQ(static_cast<std::uint32_t>(*named<snapshot_context>("all")), 0xFFFFFFFFU);
  EXPECT_EQ(named<subscribe_mask>("all_flags"), subscribe_mask::all_flags);
}

TEST(flags, are_joined_cut_and_asked) {
  using enum volume_snapshot_attributes;
  auto set = persistent | no_writers;
  EXPECT_TRUE(has(set, persistent));
  EXPECT_TRUE(has(set, persistent | no_writers));
  EXPECT_FALSE(has(set, persistent | plex));
  EXPECT_TRUE(has(set, volume_snapshot_attributes::none));
  EXPECT_EQ(set & ~persistent, no_writers);
  EXPECT_EQ(set |= plex, persistent | no_writers | plex);
}

TEST(flags, a_context_is_a_set_of_attributes) {
  using enum volume_snapshot_attributes;
  EXPECT_EQ(attributes_of(snapshot_context::backup), volume_snapshot_attributes::none);
  EXPECT_EQ(attributes_of(snapshot_context::file_share_backup), no_writers);
  EXPECT_EQ(attributes_of(snapshot_context::app_rollback), persistent | no_auto_release);
  EXPECT_EQ(attributes_of(snapshot_context::nas_rollback), persistent | no_auto_release | no_writers);
  EXPECT_EQ(attributes_of(snapshot_context::client_accessible_writers), persistent | no_auto_release | client_accessible);
  EXPECT_EQ(attributes_of(snapshot_context::client_accessible), persistent | no_auto_release | client_accessible | no_writers);
}

}  // namespace
}  // namespace umbra::shadow
