// SPDX-License-Identifier: GPL-3.0-or-later
// Physical volumes with texts of our own: LVM makes most kinds of logical volumes only where the kernel has device-mapper. What
// it makes without is in tests/root/lvm_variants.sh.
#include "formats/fs/lvm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "formats/fs/lvm_text.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/lvm_kit.h"

namespace umbra::fs {
namespace {

using test::lvm_extent_size;
using test::lvm_extents;
using test::lvm_linear;
using test::lvm_logical;
using test::lvm_physical;
using test::lvm_text;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t size = 4 << 20;

range extents(std::uint64_t first, std::uint64_t count) {
  return {lvm_extents + first * lvm_extent_size, count * lvm_extent_size};
}

lvm_group group_of(const std::string& logical) {
  io::memory_device volume(lvm_physical(lvm_text(logical)));
  return read_lvm_group(volume).value();
}

// The reason why a volume is copied whole.
std::string doubt_about(std::vector<std::byte> bytes) {
  io::memory_device volume(std::move(bytes));
  const auto found = recognise_lvm(volume).value();
  if (!found) return "no LVM";
  const auto map = found->used_blocks({}).value();
  fuzz::check_volume(*found, volume.geometry().size);
  EXPECT_EQ(map.used, (range_list{{0, volume.geometry().size}}));
  EXPECT_EQ(map.notes.size(), 1u);
  return map.notes.front();
}

std::string doubt_about_text(const std::string& text) { return doubt_about(lvm_physical(text)); }

}  // namespace

TEST(lvm_volume, is_nothing_without_a_label) {
  for (const std::uint64_t bytes : {0u, 511u, 512u, 65536u}) {
    io::memory_device device(bytes);
    EXPECT_EQ(recognise_lvm(device).value(), nullptr);
  }
}

TEST(lvm_volume, uses_all_but_free_extents) {
  io::memory_device volume(lvm_physical(lvm_text(lvm_logical("root", {lvm_linear(0, 5, 2), lvm_linear(5, 3, 20)}))));
  const auto found = recognise_lvm(volume).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->facts().kind, "LVM");
  EXPECT_EQ(found->facts().id, test::lvm_id);
  EXPECT_EQ(found->facts().size, size);
  const auto map = found->used_blocks({}).value();
  const auto tail = extents(60, 0).offset;
  EXPECT_EQ(map.used, (range_list{{0, lvm_extents}, extents(2, 5), extents(20, 3), {tail, size - tail}}));
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr("LVM, 0.8 MiB of 4.0 MiB used")));
  EXPECT_EQ(found->find_files(plan::path_patterns({"*"})).error().code(), errc::unsupported);
  const range_list asked{{0, size}};
  const auto owners = found->owners(asked).value();
  fuzz::check_owners(owners, asked);
  EXPECT_THAT(owners, Contains(testing::Field(&plan::range_owner::name, "LV vg/root")));
}

TEST(lvm_volume, tells_the_pieces_of_plain_logical_volumes_in_their_order) {
  const auto group =
      group_of(lvm_logical("root", {lvm_linear(4, 3, 2), lvm_linear(0, 4, 20)}) + lvm_logical("b", {lvm_linear(0, 1, 0)}));
  ASSERT_EQ(group.plain.size(), 2u);
  EXPECT_EQ(group.plain[0].name, "vg/root");
  EXPECT_THAT(group.plain[0].pieces, ElementsAre(extents(20, 4), extents(2, 3)));
  EXPECT_THAT(group.plain[1].pieces, ElementsAre(extents(0, 1)));
  EXPECT_EQ(group.extent_size, lvm_extent_size);
  EXPECT_THAT(group.notes, IsEmpty());
}

TEST(lvm_volume, does_not_look_into_logical_volumes_that_are_not_plain) {
  const std::string striped =
      "start_extent = 0\nextent_count = 6\ntype = \"striped\"\nstripe_count = 2\nstripes = [ \"pv0\", 10, \"{}\", 30 ]";
  const auto two = [&](const char* where) { return fmt::format(fmt::runtime(striped), where); };
  struct {
    std::string logical;
    const char* note;
    range_list here;
  } const cases[] = {
      {lvm_logical("s", {two("pv0")}), "striped", {extents(10, 3), extents(30, 3)}},
      {lvm_logical("s", {two("pv1")}), "not all of it lies here", {extents(10, 3)}},
      {lvm_logical("s", {lvm_linear(0, 4, 7), lvm_linear(4, 4, 7, "pv1")}), "not all of it lies here", {extents(7, 4)}},
      {lvm_logical("h", {lvm_linear(0, 4, 7)}, R"("READ")"), "not visible", {extents(7, 4)}},
      {lvm_logical("h", {lvm_linear(0, 4, 7), lvm_linear(5, 1, 20)}), "do not follow", {extents(7, 4), extents(20, 1)}},
      {lvm_logical("m", {"start_extent = 0\nextent_count = 4\ntype = \"mirror\"\nmirrors = [ \"pv0\", 3, \"pv1\", 0 ]"}),
       "mirror",
       {extents(3, 4)}},
  };
  for (const auto& c : cases) {
    const auto group = group_of(c.logical);
    EXPECT_THAT(group.plain, IsEmpty()) << c.note;
    EXPECT_THAT(group.notes, ElementsAre(HasSubstr(c.note)));
    EXPECT_EQ(clip(group.claimed, extents(0, 60)), c.here) << c.note;
  }
}

// Blocks that the origin has freed belong to the snapshot still.
TEST(lvm_volume, does_not_look_into_what_another_logical_volume_is_made_of) {
  const char* others[] = {
      "type = \"snapshot\"\nchunk_size = 8\norigin = \"root\"\ncow_store = \"cow\"",
      "type = \"thin\"\nthin_pool = \"pool\"\ntransaction_id = 0\ndevice_id = 1\nexternal_origin = \"root\"",
      "type = \"raid1\"\ndevice_count = 2\nraids = [ \"meta\", \"root\" ]",
      "type = \"cache+METADATA_FORMAT\"\ncache_pool = \"fast\"\norigin = \"root\"",
  };
  for (const auto* other : others) {
    const auto group = group_of(lvm_logical("root", {lvm_linear(0, 4, 7)}) +
                                lvm_logical("x", {std::string("start_extent = 0\nextent_count = 4\n") + other}));
    EXPECT_THAT(group.plain, IsEmpty()) << other;
    EXPECT_EQ(clip(group.claimed, extents(0, 60)), range_list{extents(7, 4)});
  }
}

TEST(lvm_volume, whose_group_is_in_doubt_is_copied_whole) {
  const auto one = [](const std::string& segment) { return lvm_text(lvm_logical("a", {segment})); };
  EXPECT_THAT(doubt_about_text(one(lvm_linear(0, 5, 56))), HasSubstr("behind the end"));
  EXPECT_THAT(doubt_about_text(one(lvm_linear(0, 0, 5))), HasSubstr("extents of a segment"));
  EXPECT_THAT(doubt_about_text(one("start_extent = 0\nextent_count = 1\ntype = \"new\"")),
              HasSubstr("unknown type of segment, 'new'"));
  EXPECT_THAT(doubt_about_text(one("start_extent = 0\nextent_count = 1\ntype = \"striped\"\nstripes = [ \"pv0\" ]")),
              HasSubstr("stripes"));
  EXPECT_THAT(doubt_about_text(lvm_text(lvm_logical("a", {lvm_linear(0, 2, 0)}) + lvm_logical("b", {lvm_linear(0, 2, 1)}))),
              HasSubstr("same place"));
  EXPECT_THAT(doubt_about_text(lvm_text("", 64)), HasSubstr("behind its end"));
  EXPECT_THAT(doubt_about_text(""), HasSubstr("no volume group"));
  EXPECT_THAT(doubt_about_text("vg {"), HasSubstr("line 1"));
  EXPECT_THAT(doubt_about_text("vg { physical_volumes { } }"), HasSubstr("does not know it"));
  EXPECT_THAT(doubt_about_text("a { } b { }"), HasSubstr("one group"));
  auto missing = lvm_text("");
  missing.insert(missing.find("pe_start = 128"), "flags = [\"MISSING\"]\n");
  EXPECT_THAT(doubt_about_text(missing), HasSubstr("goes on without it"));
  auto other = lvm_text("");
  other.replace(other.find("pe_start = 128"), 14, "pe_start = 136");
  EXPECT_THAT(doubt_about_text(other), HasSubstr("different places"));
}

TEST(lvm_volume, that_is_damaged_is_copied_whole) {
  const auto good = lvm_physical(lvm_text(lvm_logical("a", {lvm_linear(0, 5, 2)})));
  const auto with = [&](auto change) {
    auto bytes = good;
    change(bytes);
    return doubt_about(bytes);
  };
  using bytes = std::vector<std::byte>;
  EXPECT_THAT(with([](bytes& b) { b[600] = std::byte{1}; }), HasSubstr("checksum of its label"));
  EXPECT_THAT(with([](bytes& b) { test::put(b, 512 + 24, "LVM3"); }), HasSubstr("unknown kind of label"));
  EXPECT_THAT(with([](bytes& b) { b[4096 + 300] = std::byte{1}; }), HasSubstr("checksum of a metadata area"));
  EXPECT_THAT(with([](bytes& b) { b[4096 + 1024 + 3] = std::byte{'!'}; }), HasSubstr("checksum of its metadata"));
  EXPECT_THAT(with([](bytes& b) {
                test::put(b, 4096 + 40 + 24, 4096, 8);
                test::seal_lvm_area(b);
              }),
              HasSubstr("being changed"));
  EXPECT_THAT(with([](bytes& b) {
                test::put(b, 4096 + 60, 1, 4);
                test::seal_lvm_area(b);
              }),
              HasSubstr("other volumes"));
  EXPECT_THAT(with([](bytes& b) {
                test::put(b, 4096 + 48, 1 << 20, 8);
                test::seal_lvm_area(b);
              }),
              HasSubstr("place of its metadata"));
  EXPECT_THAT(with([](bytes& b) { b.resize(2 << 20); }), HasSubstr("larger than its volume"));
}

TEST(lvm_volume, reads_text_that_goes_round_its_area) {
  const auto text = lvm_text(lvm_logical("a", {lvm_linear(0, 5, 2)}));
  io::memory_device volume(lvm_physical(text, size, lvm_extents - test::lvm_area - 100));
  EXPECT_EQ(read_lvm_group(volume).value().plain.size(), 1u);
}

TEST(lvm_volume, with_two_areas_needs_the_same_text_in_both) {
  const auto text = lvm_text(lvm_logical("a", {lvm_linear(0, 5, 2)}));
  auto bytes = lvm_physical(text);
  const std::uint64_t second = size - (32 << 10);
  test::put(bytes, 512 + 120, second, 8);
  test::put(bytes, 512 + 128, 32 << 10, 8);
  test::seal_lvm_label(bytes);
  auto same = bytes;
  test::put_lvm_area(same, text, second, 32 << 10, 512);
  io::memory_device volume(same);
  EXPECT_EQ(read_lvm_group(volume).value().plain.size(), 1u);
  test::put_lvm_area(bytes, lvm_text(""), second, 32 << 10, 512);
  EXPECT_THAT(doubt_about(bytes), HasSubstr("areas differ"));
}

// Any damage: no crash, an end, and where the text is as it was all extents of logical volumes are in use.
TEST(lvm_volume, mutated_never_loses_an_extent) {
  const auto text = lvm_text(lvm_logical("a", {lvm_linear(0, 5, 2)}) + lvm_logical("b", {lvm_linear(0, 5, 30)}));
  const auto good = lvm_physical(text);
  std::uint64_t random = 88172645463325252u;
  const auto next = [&](std::uint64_t below) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random % below;
  };
  for (int round = 0; round < 300; ++round) {
    auto bytes = good;
    const auto where = next(3);
    const std::uint64_t places[] = {512, 4096, 4096 + 1024};
    for (auto n = next(4) + 1; n != 0; --n)
      bytes[places[where] + next(where == 2 ? 800 : 160)] = static_cast<std::byte>(next(256));
    if (round % 2 == 0) {
      test::seal_lvm_label(bytes);
      test::put(bytes, 4096 + 56, test::lvm_crc(byte_view(bytes).subspan(4096 + 1024, text.size())), 4);
      test::seal_lvm_area(bytes);
    }
    io::memory_device volume(std::move(bytes));
    const auto found = recognise_lvm(volume).value();
    if (!found) continue;
    fuzz::check_volume(*found, size);
    if (where == 2) continue;
    const auto used = found->used_blocks({}).value().used;
    EXPECT_THAT(subtract({extents(2, 5), extents(30, 5)}, used), IsEmpty()) << round;
  }
}

TEST(lvm_text, holds_numbers_words_lists_and_sections) {
  const auto parsed =
      parse_lvm_text("a { n = 42 f = 1.5 t = \"x \\\"y\\\" # no comment\" # one\n l = [ \"p\", 3, ] e = [] b { } }").value();
  const auto* a = parsed.section("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->number("n"), 42u);
  EXPECT_EQ(a->number("f"), std::nullopt);
  EXPECT_EQ(a->text("t"), "x \"y\" # no comment");
  EXPECT_EQ(a->items("l").size(), 2u);
  EXPECT_TRUE(a->has_word("l", "p"));
  EXPECT_THAT(a->items("e"), IsEmpty());
  EXPECT_NE(a->section("b"), nullptr);
  EXPECT_EQ(a->section("c"), nullptr);
}

TEST(lvm_text, that_makes_no_sense_is_an_error) {
  for (const auto* text : {"a", "a =", "a = [", "a = \"x", "a {", "}", "= 1", "a { } }", "a { = }", "a [ ]"}) {
    EXPECT_TRUE(parse_lvm_text(text).has_error()) << text;
  }
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "a{";
  EXPECT_TRUE(parse_lvm_text(deep).has_error());
  EXPECT_TRUE(parse_lvm_text(std::string(lvm_text_limit + 1, ' ')).has_error());
}

}  // namespace umbra::fs
