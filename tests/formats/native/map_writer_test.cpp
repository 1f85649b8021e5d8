// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/map_writer.h"

#include <gtest/gtest.h>

#include "tests/formats/native/map_samples.h"

namespace umbra::native {
namespace {

using image::block_state;
using image::region_size;
using test::page_shelf;
using test::small_region;
using test::uniform_pointer;

class map_writing : public testing::Test {
 protected:
  map_writer writer(std::uint64_t size) { return map_writer(size, hasher_, shelf_.appender()); }

  // A source of `regions` whole regions; those in `stored` are leaves with that content, all others zero.
  map_root build(std::uint64_t regions, const std::map<std::uint64_t, std::uint8_t>& stored) {
    map_writer w = writer(regions * region_size);
    offer_known(w);
    std::uint64_t next = 0;
    for (const auto& [index, content] : stored) {
      EXPECT_TRUE(w.put_uniform(next, index - next, block_state::zero));
      const auto known = known_leaves_.find({index, content});
      if (known == known_leaves_.end())
        EXPECT_TRUE(w.put(small_region(index, content)));
      else
        EXPECT_TRUE(w.put(index, known->second));
      next = index + 1;
    }
    EXPECT_TRUE(w.put_uniform(next, regions - next, block_state::zero));
    auto root = w.finish();
    EXPECT_TRUE(root);
    packs_ = w.packs();
    remember(root.value().page, root.value().level, 0, map_shape(regions * region_size), stored);
    return root.value();
  }

  // What a parent's reader would offer and keep.
  void remember(const page_pointer& p, std::uint8_t level, std::uint64_t first, const map_shape& shape,
                const std::map<std::uint64_t, std::uint8_t>& stored) {
    if (p.kind == child_kind::uniform) return;
    if (level == 0) {
      known_leaves_[{first, stored.at(first)}] = p;
      return;
    }
    known_nodes_[{level, first}] = p;
    const auto n = decode_node(shelf_.bytes_of(p), level, first, shape.children(level, first));
    ASSERT_TRUE(n) << n.error().message();
    const auto below = static_cast<std::uint8_t>(level - 1);
    for (std::size_t i = 0; i < n.value().children.size(); ++i)
      remember(n.value().children[i], below, first + i * map_shape::span(below), shape, stored);
  }
  // Each region's leaf, without its place, or state.
  void add_regions(const page_pointer& p, std::uint8_t level, std::uint64_t first, const map_shape& shape,
                   std::vector<std::pair<content_id, block_state>>& out) {
    if (level == 0 || p.kind == child_kind::uniform) {
      const auto end = shape.end(level, first);
      for (auto i = first; i < end; ++i) out.emplace_back(p.id, p.state);
      return;
    }
    const auto n = decode_node(shelf_.bytes_of(p), level, first, shape.children(level, first));
    ASSERT_TRUE(n) << n.error().message();
    const auto below = static_cast<std::uint8_t>(level - 1);
    for (std::size_t i = 0; i < n.value().children.size(); ++i)
      add_regions(n.value().children[i], below, first + i * map_shape::span(below), shape, out);
  }
  std::vector<std::pair<content_id, block_state>> regions_of(const map_root& root, std::uint64_t regions) {
    std::vector<std::pair<content_id, block_state>> out;
    add_regions(root.page, root.level, 0, map_shape(regions * region_size), out);
    EXPECT_EQ(out.size(), regions);
    return out;
  }
  void offer_known(map_writer& w) const {
    for (const auto& [place, page] : known_nodes_) w.offer(place.first, place.second, page);
  }

  content_hasher hasher_{test::sample_key()};
  page_shelf shelf_;
  std::set<image::pack_id> packs_;
  std::map<std::pair<std::uint8_t, std::uint64_t>, page_pointer> known_nodes_;
  std::map<std::pair<std::uint64_t, std::uint8_t>, page_pointer> known_leaves_;
};

TEST_F(map_writing, gives_an_empty_source_a_uniform_root) {
  const auto root = writer(0).finish();
  ASSERT_TRUE(root);
  EXPECT_EQ(root.value().level, 1);
  EXPECT_EQ(root.value().page, uniform_pointer(block_state::unallocated));
}

TEST_F(map_writing, writes_one_leaf_and_one_node_for_a_small_source) {
  image::region r = test::sample_region(2, 0, 1);
  test::dice d(1);
  test::make_stored(r.blocks[0], d);
  map_writer w = writer(1);
  ASSERT_TRUE(w.put(r));
  const auto root = w.finish();
  ASSERT_TRUE(root);
  EXPECT_EQ(root.value().level, 1);
  ASSERT_EQ(root.value().page.kind, child_kind::page);
  ASSERT_EQ(shelf_.entries.size(), 2);
  EXPECT_EQ(shelf_.entries[0].type, record_type::leaf);
  EXPECT_EQ(shelf_.entries[1].type, record_type::node);
  EXPECT_EQ(root.value().page.where, shelf_.entries[1].where);
  EXPECT_EQ(root.value().page.plain_size, shelf_.entries[1].bytes.size());
  EXPECT_EQ(root.value().page.id, hasher_(shelf_.entries[1].bytes));
}

TEST_F(map_writing, appends_nothing_for_uniform_sources) {
  for (const block_state state : {block_state::unallocated, block_state::zero, block_state::unreadable, block_state::excluded}) {
    map_writer w = writer(1000 * region_size + 17);
    ASSERT_TRUE(w.put_uniform(0, 1001, state));
    const auto root = w.finish();
    ASSERT_TRUE(root);
    EXPECT_EQ(root.value().level, 2);
    EXPECT_EQ(root.value().page, uniform_pointer(state));
  }
  EXPECT_TRUE(shelf_.entries.empty());
}

TEST_F(map_writing, makes_regions_of_one_state_uniform_however_they_come) {
  map_writer w = writer(300 * region_size);
  for (std::uint64_t i = 0; i < 300; ++i) {
    image::region r = small_region(i);
    r.blocks[0] = image::block{r.offset(), 65536, block_state::zero, {}, {}, {}};
    if (i % 2 == 0)
      ASSERT_TRUE(w.put(r));
    else
      ASSERT_TRUE(w.put(i, uniform_pointer(block_state::zero)));
  }
  EXPECT_EQ(w.finish().value().page, uniform_pointer(block_state::zero));
  EXPECT_TRUE(shelf_.entries.empty());
}

TEST_F(map_writing, closes_nodes_as_soon_as_they_are_full) {
  map_writer w = writer(600 * region_size);
  for (std::uint64_t i = 0; i < 256; ++i) ASSERT_TRUE(w.put(small_region(i)));
  EXPECT_EQ(shelf_.count(record_type::node), 1);
  for (std::uint64_t i = 256; i < 600; ++i) ASSERT_TRUE(w.put(small_region(i)));
  EXPECT_EQ(shelf_.count(record_type::leaf), 600);
  EXPECT_EQ(shelf_.count(record_type::node), 4);
  const auto root = w.finish();
  ASSERT_TRUE(root);
  const auto n = decode_node(shelf_.bytes_of(root.value().page), 2, 0, 3);
  ASSERT_TRUE(n) << n.error().message();
  const auto last = decode_node(shelf_.bytes_of(n.value().children[2]), 1, 512, 88);
  ASSERT_TRUE(last) << last.error().message();
  EXPECT_EQ(shelf_.bytes_of(last.value().children[87]), encode_leaf(small_region(599)));
}

TEST_F(map_writing, writes_few_pages_for_a_sparse_pebibyte) {
  constexpr std::uint64_t regions = (std::uint64_t{1} << 50) / region_size;
  const map_root root = build(regions, {{0, 1}, {12'345, 1}, {regions / 2, 1}, {regions - 1, 1}});
  EXPECT_EQ(root.level, 4);
  EXPECT_EQ(shelf_.count(record_type::leaf), 4);
  EXPECT_LE(shelf_.count(record_type::node), 4 * 4);
  EXPECT_EQ(known_leaves_.size(), 4);
}

TEST_F(map_writing, covers_the_largest_source_there_can_be) {
  const std::uint64_t size = ~std::uint64_t{0};
  const std::uint64_t regions = map_shape(size).regions();
  map_writer w = writer(size);
  ASSERT_TRUE(w.put_uniform(0, regions - 1, block_state::unallocated));
  ASSERT_TRUE(w.put(test::sample_region(3, regions - 1, region_size - 1)));  // many blocks: not uniform
  const auto root = w.finish();
  ASSERT_TRUE(root);
  EXPECT_EQ(root.value().level, 5);
  EXPECT_EQ(shelf_.entries.size(), 6);
}

TEST_F(map_writing, gives_the_same_pages_for_the_same_regions) {
  const map_root a = build(1000, {{3, 1}, {700, 2}});
  const std::size_t pages = shelf_.entries.size();
  shelf_ = {};
  known_nodes_.clear();
  known_leaves_.clear();
  const map_root b = build(1000, {{3, 1}, {700, 2}});
  EXPECT_EQ(a.page, b.page);
  EXPECT_EQ(shelf_.entries.size(), pages);
}

TEST_F(map_writing, appends_nothing_when_nothing_changed) {
  const map_root parent = build(70'000, {{3, 1}, {700, 2}, {69'999, 3}});
  shelf_.pack = test::sample_pack(2);
  const std::size_t pages = shelf_.entries.size();
  const map_root child = build(70'000, {{3, 1}, {700, 2}, {69'999, 3}});
  EXPECT_EQ(shelf_.entries.size(), pages);
  EXPECT_EQ(child.page, parent.page);
  EXPECT_TRUE(packs_.contains(test::sample_pack(1)));
  EXPECT_FALSE(packs_.contains(test::sample_pack(2)));
}

TEST_F(map_writing, writes_one_leaf_and_its_path_for_one_changed_region) {
  const map_root parent = build(70'000, {{3, 1}, {700, 2}, {69'999, 3}});
  shelf_.pack = test::sample_pack(2);
  const std::size_t pages = shelf_.entries.size();
  const map_root child = build(70'000, {{3, 1}, {700, 8}, {69'999, 3}});
  EXPECT_EQ(shelf_.entries.size() - pages, child.level + 1u);
  EXPECT_NE(child.page.id, parent.page.id);
  EXPECT_TRUE(packs_.contains(test::sample_pack(1)));
  EXPECT_TRUE(packs_.contains(test::sample_pack(2)));
}

TEST_F(map_writing, shares_a_leaf_that_is_offered) {
  build(300, {{3, 1}});
  const page_pointer leaf = known_leaves_.at({3, 1});
  map_writer w = writer(300 * region_size);
  w.offer(0, 3, leaf);
  offer_known(w);
  const std::size_t pages = shelf_.entries.size();
  ASSERT_TRUE(w.put_uniform(0, 3, block_state::zero));
  ASSERT_TRUE(w.put(small_region(3)));
  ASSERT_TRUE(w.put_uniform(4, 296, block_state::zero));
  ASSERT_TRUE(w.finish());
  EXPECT_EQ(shelf_.entries.size(), pages);
}

TEST_F(map_writing, does_not_share_a_page_offered_for_another_place) {
  build(300, {{3, 1}});
  map_writer w = writer(300 * region_size);
  w.offer(0, 4, known_leaves_.at({3, 1}));
  const std::size_t pages = shelf_.entries.size();
  ASSERT_TRUE(w.put_uniform(0, 4, block_state::zero));
  ASSERT_TRUE(w.put(small_region(4)));
  EXPECT_EQ(shelf_.entries.size(), pages + 1);
}

TEST_F(map_writing, tells_packs_of_pages_and_of_the_blocks_put) {
  map_writer w = writer(2 * region_size);
  test::dice d(1);
  page_pointer kept = test::sample_page(d);
  kept.where.pack = test::sample_pack(4);
  ASSERT_TRUE(w.put(small_region(0)));
  ASSERT_TRUE(w.put(1, kept));
  ASSERT_TRUE(w.finish());
  EXPECT_EQ(w.packs(), (std::set{test::sample_pack(1), test::sample_pack(4), test::sample_pack(9)}));
}

TEST_F(map_writing, refuses_regions_twice_and_beyond_the_end) {
  map_writer w = writer(10 * region_size);
  ASSERT_TRUE(w.put(small_region(0)));
  EXPECT_EQ(w.put(small_region(0)).error().code(), errc::internal);
  ASSERT_TRUE(w.put_uniform(3, 2, block_state::zero));
  EXPECT_EQ(w.put(small_region(3)).error().code(), errc::internal);
  EXPECT_EQ(w.put(small_region(4)).error().code(), errc::internal);
  EXPECT_EQ(w.put_uniform(1, 3, block_state::zero).error().code(), errc::internal);
  EXPECT_EQ(w.put_uniform(4, 2, block_state::zero).error().code(), errc::internal);
  EXPECT_EQ(w.put(small_region(10)).error().code(), errc::internal);
  EXPECT_EQ(w.put_uniform(1, 10, block_state::zero).error().code(), errc::internal);
  EXPECT_EQ(w.put_uniform(1, ~std::uint64_t{0}, block_state::zero).error().code(), errc::internal);
}

TEST_F(map_writing, the_map_is_the_same_in_whatever_order_regions_come) {
  constexpr std::uint64_t regions = 600;
  map_writer in_order = writer(regions * region_size);
  for (std::uint64_t i = 0; i < regions; ++i) {
    if (i % 7 == 3) {
      ASSERT_TRUE(in_order.put_uniform(i, 1, block_state::zero));
    } else {
      ASSERT_TRUE(in_order.put(small_region(i)));
    }
  }
  const auto wanted = regions_of(in_order.finish().value(), regions);
  map_writer backwards = writer(regions * region_size);
  for (std::uint64_t i = regions; i-- > 0;) {
    if (i % 7 == 3) {
      ASSERT_TRUE(backwards.put_uniform(i, 1, block_state::zero));
    } else {
      ASSERT_TRUE(backwards.put(small_region(i)));
    }
  }
  EXPECT_TRUE(regions_of(backwards.finish().value(), regions) == wanted);
  EXPECT_EQ(backwards.packs(), in_order.packs());
}

TEST_F(map_writing, refuses_what_no_reader_would_take) {
  map_writer w = writer(region_size + 5);
  image::region gap = small_region(0);
  gap.blocks.pop_back();
  EXPECT_EQ(w.put(gap).error().code(), errc::internal);
  EXPECT_EQ(w.put(test::sample_region(1, 0, 4096)).error().code(), errc::internal);
  EXPECT_EQ(w.put_uniform(0, 1, block_state::stored).error().code(), errc::internal);
  EXPECT_EQ(w.put(0, uniform_pointer(block_state::stored)).error().code(), errc::internal);
  EXPECT_TRUE(shelf_.entries.empty());
}

TEST_F(map_writing, refuses_to_finish_before_the_sources_end) {
  map_writer w = writer(10 * region_size);
  ASSERT_TRUE(w.put_uniform(0, 9, block_state::zero));
  EXPECT_EQ(w.finish().error().code(), errc::internal);
}

TEST_F(map_writing, passes_on_the_error_of_append) {
  map_writer w(region_size, hasher_, [](const record&) -> result<image::location> { return error(errc::no_space, "full"); });
  EXPECT_EQ(w.put(small_region(0)).error().code(), errc::no_space);
}

}  // namespace
}  // namespace umbra::native
