// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/snapshot_record.h"

#include <gtest/gtest.h>

#include "engine/shadow/provider_ids.h"

namespace umbra::shadow {
namespace {

snapshot_record sample() {
  snapshot_record r;
  r.prop.snapshot_id = "11111111-2222-3333-4444-555555555555"_guid;
  r.prop.snapshot_set_id = "11111111-2222-3333-4444-666666666666"_guid;
  r.prop.snapshots_count = 3;
  r.prop.snapshot_device_object = "/srv/umbra-shadow-x.img";
  r.prop.original_volume_name = "/mnt/with \"quotes\" and \\ and ü";
  r.prop.originating_machine = "here";
  r.prop.service_machine = "here";
  r.prop.provider_id = reflink_provider_id;
  r.prop.attributes = volume_snapshot_attributes::persistent | volume_snapshot_attributes::no_auto_release;
  r.prop.creation_timestamp = 133'500'000'000'000'000;
  r.prop.status = snapshot_state::created;
  r.copy = "/srv/umbra-shadow-x.img";
  r.source = "/srv/disk.img";
  r.window = {1 << 20, 5ull << 40};
  r.file_system = "ext4";
  r.seal = "7 bytes";
  return r;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(snapshot_record, comes_back_as_it_was_written) {
  const auto text = to_json(sample());
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto read = parse_snapshot_record(text);
  ASSERT_TRUE(read.has_value()) << read.error().message();
  EXPECT_EQ(read.value(), sample());
}

TEST(snapshot_record, bears_times_before_its_epoch) {
  auto early = sample();
  early.prop.creation_timestamp = -5;
  const auto read = parse_snapshot_record(to_json(early));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read.value().prop.creation_timestamp, -5);
}

TEST(snapshot_record, a_text_that_is_no_utf8_is_written_all_the_same) {
  auto odd = sample();
  odd.source = "/srv/\xff";
  EXPECT_TRUE(parse_snapshot_record(to_json(odd)).has_value());
}

TEST(snapshot_record, refuses_everything_else) {
  const auto good = to_json(sample());
  const std::string wrong[] = {
      "",
      "[]",
      "{}",
      "null",
      "{\"umbra_shadow_copy\":\"1\"}",
      good.substr(0, good.size() / 2),
      good + "x",
      replaced(good, "\"copy\"", "\"kopie\""),
      replaced(good, "\"ext4\"", "4"),
      replaced(good, "\"snapshots_count\":3", "\"snapshots_count\":4294967299"),
      replaced(good, "\"snapshots_count\":3", "\"snapshots_count\":-3"),
      replaced(good, "\"snapshots_count\":3", "\"snapshots_count\":3.5"),
      replaced(good, "{11111111-", "{1111111-"),
  };
  for (const auto& text : wrong) {
    const auto read = parse_snapshot_record(text);
    ASSERT_TRUE(read.has_error()) << text;
    EXPECT_EQ(read.error().code(), errc::decode) << text;
  }
}

TEST(snapshot_record, knows_what_a_newer_version_wrote) {
  const auto read = parse_snapshot_record(replaced(to_json(sample()), "\"umbra_shadow_copy\":1", "\"umbra_shadow_copy\":2"));
  ASSERT_TRUE(read.has_error());
  EXPECT_EQ(read.error().code(), errc::unsupported_version);
}

}  // namespace
}  // namespace umbra::shadow
