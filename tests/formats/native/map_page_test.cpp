// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/map_page.h"

#include <gtest/gtest.h>

#include "formats/native/page_bytes.h"
#include "tests/formats/native/map_samples.h"

namespace umbra::native {
namespace {

using test::dice;
using test::edit;

void expect_same(const image::region& a, const image::region& b) {
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.size, b.size);
  EXPECT_EQ(a.blocks, b.blocks);
}

void expect_round_trip(const image::region& r) {
  ASSERT_EQ(broken_rule(r), "");
  const auto bytes = encode_leaf(r);
  const auto back = decode_leaf(bytes, r.index, r.size);
  ASSERT_TRUE(back) << back.error().message();
  expect_same(back.value(), r);
  EXPECT_EQ(encode_leaf(back.value()), bytes);
}

TEST(leaf, comes_back_as_it_was) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    dice d(seed);
    const std::uint64_t size = seed % 2 == 0 ? image::region_size : d.roll(1, image::region_size);
    expect_round_trip(test::sample_region(seed, d.roll(0, 1u << 20), size));
  }
}

TEST(leaf, holds_a_source_of_one_byte_in_every_state) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) expect_round_trip(test::sample_region(seed, 0, 1));
}

TEST(leaf, trims_the_last_block_to_the_sources_end) {
  for (const std::uint64_t size : {511u, 512u, 513u, 65535u, 65536u * 3 + 1})
    expect_round_trip(test::sample_region(size, 7, size));
}

TEST(leaf, holds_65536_blocks_of_512) {
  const image::region r = test::sample_region(1, 3, image::region_size, 512);
  ASSERT_EQ(r.blocks.size(), blocks_per_region);
  expect_round_trip(r);
  EXPECT_LE(encode_leaf(r).size(), max_leaf_bytes);
}

TEST(leaf, holds_the_last_region_of_the_largest_source) {
  expect_round_trip(test::sample_region(2, (std::uint64_t{1} << 39) - 1, image::region_size - 1));
}

TEST(leaf, keeps_hashes_in_columns_of_stored_blocks_only) {
  const image::region r = test::small_region(5);
  const auto bytes = encode_leaf(r);
  EXPECT_EQ(bytes.size(), 64u + 24 + 2 * 24 + 16 + 32);
  EXPECT_EQ(struct_at<content_id>(byte_view(bytes).last(32), 0), r.blocks[0].id);
  const auto last = read_struct<leaf_block>(byte_view(bytes).subspan(64 + 24 + 24));
  EXPECT_EQ(last.start.value(), 128);
  EXPECT_EQ(last.length.value(), 65536 - 128 - 1);
}

TEST(leaf, names_the_packs_of_its_blocks_once_and_sorted) {
  image::region r = test::sample_region(4, 0, image::region_size, 65536);
  const auto packs = packs_of(r);
  EXPECT_EQ(packs.size(), 5);
  EXPECT_TRUE(std::is_sorted(packs.begin(), packs.end()));
  for (image::block& b : r.blocks) b.where = {};
  EXPECT_EQ(packs_of(test::small_region(1)), std::vector{test::sample_pack(9)});
}

TEST(leaf, refuses_every_truncation_and_every_tail) {
  const image::region r = test::sample_region(11, 2, 700'000, 65536);
  auto bytes = encode_leaf(r);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_leaf(byte_view(bytes).first(n), r.index, r.size)) << n;
  bytes.push_back({});
  EXPECT_FALSE(decode_leaf(bytes, r.index, r.size));
}

TEST(leaf, keeps_the_rules_after_any_flipped_bit) {
  const image::region r = test::sample_region(12, 2, 500'001, 65536);
  const auto bytes = encode_leaf(r);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    test::flip_bit(flipped, bit);
    const auto back = decode_leaf(flipped, r.index, r.size);
    if (!back) continue;
    ASSERT_EQ(broken_rule(back.value()), "") << bit;
    ASSERT_EQ(encode_leaf(back.value()).size(), bytes.size()) << bit;
  }
}

TEST(leaf, refuses_another_place) {
  const image::region r = test::small_region(5);
  const auto bytes = encode_leaf(r);
  ASSERT_TRUE(decode_leaf(bytes, 5, image::region_size));
  EXPECT_EQ(decode_leaf(bytes, 6, image::region_size).error().code(), errc::damaged);
  EXPECT_EQ(decode_leaf(bytes, 5, image::region_size - 512).error().code(), errc::damaged);
}

// Offsets in the encoding of small_region(): header 64, one pack 24, two blocks, one change, one id.
constexpr std::size_t stored_at = 64 + 24;
constexpr std::size_t zero_at = stored_at + 24;

template <class T, class F>
void expect_refused(std::size_t at, F change) {
  auto bytes = encode_leaf(test::small_region(5));
  ASSERT_TRUE(decode_leaf(bytes, 5, image::region_size));
  edit<T>(bytes, at, change);
  const auto back = decode_leaf(bytes, 5, image::region_size);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), errc::damaged);
}

TEST(leaf, refuses_hostile_counts) {
  expect_refused<leaf_header>(0, [](leaf_header& h) { h.block_count = 0xffffffff; });
  expect_refused<leaf_header>(0, [](leaf_header& h) { h.block_count = 0; });
  expect_refused<leaf_header>(0, [](leaf_header& h) { h.pack_count = 0xffffffff; });
  expect_refused<leaf_header>(0, [](leaf_header& h) { h.stored_count = 0xffffffff; });
  // The same length in another way: a block of 24 bytes counted as a pack.
  expect_refused<leaf_header>(0, [](leaf_header& h) {
    h.pack_count = 2;
    h.block_count = 1;
  });
}

TEST(leaf, refuses_overlaps_and_gaps) {
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.start = 127; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.start = 129; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.length = 3; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.length = 65535; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.length = 200; });
}

TEST(leaf, refuses_impossible_blocks) {
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.state = 5; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.state = 2; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.offset = 8192; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.stored_size = 1; });
  expect_refused<leaf_block>(zero_at, [](leaf_block& b) { b.pack = 1; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.state = 1; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.pack = 1; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.offset = 8200; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.offset = 4080; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.offset = ~std::uint64_t{15}; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.stored_size = 0; });
  expect_refused<leaf_block>(stored_at, [](leaf_block& b) { b.stored_size = max_plain + 1; });
}

TEST(leaf, refuses_stored_blocks_over_4_mib) {
  image::region r = test::small_region(5);
  r.blocks[0].size = max_block_size;
  r.blocks[1].offset = r.blocks[0].end();
  r.blocks[1].size = r.size - max_block_size;
  expect_round_trip(r);
  auto bytes = encode_leaf(r);
  edit<leaf_block>(bytes, stored_at, [](leaf_block& b) { b.length = max_block_size / sector; });
  edit<leaf_block>(bytes, zero_at, [](leaf_block& b) {
    b.start = max_block_size / sector + 1;
    b.length = static_cast<std::uint16_t>(b.length.value() - 1);
  });
  EXPECT_EQ(decode_leaf(bytes, 5, image::region_size).error().text(), "stored block is too large");
}

TEST(leaf, refuses_stored_blocks_over_the_images_block_size) {
  image::region r = test::small_region(5);
  r.blocks[0].size = 8192;
  r.blocks[1].offset = r.blocks[0].end();
  r.blocks[1].size = r.size - 8192;
  const auto bytes = encode_leaf(r);
  EXPECT_TRUE(decode_leaf(bytes, 5, image::region_size, 8192));
  EXPECT_EQ(decode_leaf(bytes, 5, image::region_size, 4096).error().code(), errc::damaged);
}

TEST(leaf, refuses_pack_tables_that_are_not_sorted_unique_and_used) {
  image::region r = test::small_region(5);
  image::block second = r.blocks[0];
  second.offset = r.blocks[0].end();
  second.where.pack = test::sample_pack(3);
  r.blocks[1].offset += second.size;
  r.blocks[1].size -= second.size;
  r.blocks.insert(r.blocks.begin() + 1, second);
  expect_round_trip(r);
  const auto good = encode_leaf(r);
  const auto first = struct_at<pack_ref>(byte_view(good).subspan(64), 0);
  const auto other = struct_at<pack_ref>(byte_view(good).subspan(64), 1);

  auto swapped = good;
  edit<pack_ref>(swapped, 64, [&](pack_ref& p) { p = other; });
  edit<pack_ref>(swapped, 64 + 24, [&](pack_ref& p) { p = first; });
  EXPECT_FALSE(decode_leaf(swapped, 5, r.size));
  auto twice = good;
  edit<pack_ref>(twice, 64, [&](pack_ref& p) { p = other; });
  EXPECT_FALSE(decode_leaf(twice, 5, r.size));
  auto unused = good;
  edit<leaf_block>(unused, 64 + 48, [](leaf_block& b) { b.pack = 0; });
  EXPECT_FALSE(decode_leaf(unused, 5, r.size));
}

TEST(leaf, ignores_reserved_bytes) {
  const image::region r = test::small_region(5);
  auto bytes = encode_leaf(r);
  edit<leaf_header>(bytes, 0, [](leaf_header& h) { h.reserved.fill(std::byte{1}); });
  edit<leaf_block>(bytes, stored_at, [](leaf_block& b) { b.reserved1 = 9; });
  const auto back = decode_leaf(bytes, 5, r.size);
  ASSERT_TRUE(back);
  expect_same(back.value(), r);
}

TEST(region_rules, tell_what_is_broken) {
  const image::region whole = test::small_region(5);
  const auto broken = [&](auto change) {
    image::region r = whole;
    change(r);
    return !broken_rule(r).empty();
  };
  EXPECT_FALSE(broken([](image::region&) {}));
  EXPECT_TRUE(broken([](image::region& r) { r.size = 0; }));
  EXPECT_TRUE(broken([](image::region& r) { r.size += 512; }));
  EXPECT_TRUE(broken([](image::region& r) { r.blocks.clear(); }));
  EXPECT_TRUE(broken([](image::region& r) { r.blocks.pop_back(); }));
  EXPECT_TRUE(broken([](image::region& r) { r.blocks[0].offset += 512; }));
  EXPECT_TRUE(broken([](image::region& r) { r.blocks[1].id.bytes[0] = std::byte{1}; }));
  EXPECT_TRUE(broken([](image::region& r) { r.blocks[1].where.pack = test::sample_pack(1); }));
  EXPECT_TRUE(broken([](image::region& r) {
    r.blocks[0].size += 1;
    r.blocks[1].offset += 1;
    r.blocks[1].size -= 1;
  }));
}

node sample_node(std::uint64_t seed, std::size_t children) {
  dice d(seed);
  node n;
  n.level = static_cast<std::uint8_t>(d.roll(2, 5));
  n.first_region = d.roll(0, 1u << 20) << 16;
  for (std::size_t i = 0; i < children; ++i) n.children.push_back(test::sample_pointer(d));
  return n;
}

result<node> decode(const std::vector<std::byte>& bytes, const node& n) {
  return decode_node(bytes, n.level, n.first_region, n.children.size());
}

TEST(node, comes_back_as_it_was) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const node n = sample_node(seed, 1 + seed * 7 % 256);
    const auto bytes = encode_node(n);
    const auto back = decode(bytes, n);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back.value().level, n.level);
    EXPECT_EQ(back.value().first_region, n.first_region);
    EXPECT_EQ(back.value().children, n.children);
    EXPECT_EQ(encode_node(back.value()), bytes);
    EXPECT_LE(bytes.size(), max_node_bytes);
  }
}

TEST(node, refuses_every_truncation_and_every_tail) {
  const node n = sample_node(3, 9);
  auto bytes = encode_node(n);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_node(byte_view(bytes).first(size), n.level, n.first_region, n.children.size())) << size;
  bytes.push_back({});
  EXPECT_FALSE(decode(bytes, n));
}

TEST(node, keeps_the_rules_after_any_flipped_bit) {
  const node n = sample_node(4, 9);
  const auto bytes = encode_node(n);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    test::flip_bit(flipped, bit);
    const auto back = decode(flipped, n);
    if (!back) continue;
    ASSERT_EQ(back.value().children.size(), n.children.size());
    for (const page_pointer& p : back.value().children) ASSERT_TRUE(is_valid(p, static_cast<std::uint8_t>(n.level - 1))) << bit;
  }
}

TEST(node, refuses_another_place_level_or_width) {
  const node n = sample_node(5, 9);
  const auto bytes = encode_node(n);
  ASSERT_TRUE(decode(bytes, n));
  EXPECT_FALSE(decode_node(bytes, static_cast<std::uint8_t>(n.level - 1), n.first_region, 9));
  EXPECT_FALSE(decode_node(bytes, static_cast<std::uint8_t>(n.level + 1), n.first_region, 9));
  EXPECT_FALSE(decode_node(bytes, n.level, n.first_region + 1, 9));
  EXPECT_FALSE(decode_node(bytes, n.level, n.first_region, 8));
  EXPECT_FALSE(decode_node(bytes, n.level, n.first_region, 10));
}

// One page, one uniform child: header 64, one pack 24, children of 64.
template <class T, class F>
void expect_node_refused(std::size_t at, F change) {
  dice d(1);
  node n{1, 256, {test::sample_page(d), test::uniform_pointer(image::block_state::zero)}};
  auto bytes = encode_node(n);
  ASSERT_TRUE(decode(bytes, n));
  edit<T>(bytes, at, change);
  const auto back = decode(bytes, n);
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), errc::damaged);
}

TEST(node, refuses_hostile_counts) {
  expect_node_refused<node_header>(0, [](node_header& h) { h.child_count = 0xffffffff; });
  expect_node_refused<node_header>(0, [](node_header& h) { h.pack_count = 0xffffffff; });
  expect_node_refused<node_header>(0, [](node_header& h) { h.pack_count = 0; });
}

TEST(node, refuses_impossible_children) {
  constexpr std::size_t page_at = 64 + 24;
  constexpr std::size_t uniform_at = page_at + 64;
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.kind = 2; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.kind = 0; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.state = 1; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.pack = 1; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.offset = 0; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.offset = 8193; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.stored_size = 0; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.plain_size = max_plain; });
  expect_node_refused<node_child>(page_at, [](node_child& c) { c.plain_size = 64; });
  expect_node_refused<node_child>(uniform_at, [](node_child& c) { c.state = 2; });
  expect_node_refused<node_child>(uniform_at, [](node_child& c) { c.state = 5; });
  expect_node_refused<node_child>(uniform_at, [](node_child& c) { c.kind = 1; });
  expect_node_refused<node_child>(uniform_at, [](node_child& c) { c.pack = 1; });
  expect_node_refused<node_child>(uniform_at, [](node_child& c) { c.id[31] = std::byte{1}; });
}

}  // namespace
}  // namespace umbra::native
