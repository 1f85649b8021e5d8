// SPDX-License-Identifier: GPL-3.0-or-later
// Maps written into a real pack in memory and read back, with every read of the pack counted.
#include "formats/native/map_reader.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "engine/store/store.h"
#include "tests/formats/native/map_samples.h"

namespace umbra::native {
namespace {

using image::block_state;
using image::region_size;
using test::small_region;
using test::uniform_pointer;

class counting_file final : public store::input_file {
 public:
  counting_file(std::vector<std::byte> bytes, std::atomic<std::uint64_t>& reads) : bytes_(std::move(bytes)), reads_(reads) {}
  std::uint64_t size() const override { return bytes_.size(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    ++reads_;
    if (!fits(offset, out.size(), bytes_.size())) return error(errc::damaged, "file is short");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return success();
  }
  byte_view map() override { return {}; }

 private:
  std::vector<std::byte> bytes_;
  std::atomic<std::uint64_t>& reads_;
};

class one_pack final : public pack_source {
 public:
  result<std::shared_ptr<const pack_reader>> pack(const image::pack_id& id) override {
    if (!reader || id != expected) return error(errc::not_found, "pack " + to_string(id));
    return reader;
  }
  image::pack_id expected;
  std::shared_ptr<const pack_reader> reader;
};

class map_reading : public testing::Test {
 protected:
  void SetUp() override {
    super_.pack = test::sample_pack(1);
    super_.domain.id_key = test::sample_key();
    super_.domain.id.bytes.fill(std::byte{3});
    super_.domain.block_size = 65536;
    auto out = store_->create(name_);
    ASSERT_TRUE(out);
    auto writer = pack_writer::start(std::move(out).value(), super_, hasher_);
    ASSERT_TRUE(writer) << writer.error().message();
    pack_ = std::move(writer).value();
    source_.expected = super_.pack;
  }

  map_writer writer(std::uint64_t size) {
    return map_writer(size, hasher_, [this](const record& r) { return pack_->append(r); });
  }

  // Closes the pack and opens it for reading.
  void publish() {
    ASSERT_TRUE(pack_->finish());
    auto bytes = store_->get(name_, 1_GiB);
    ASSERT_TRUE(bytes);
    bytes_ = std::move(bytes).value();
    open();
  }
  void open() {
    auto reader = pack_reader::open(std::make_unique<counting_file>(bytes_, reads_), name_, super_.pack);
    ASSERT_TRUE(reader) << reader.error().message();
    source_.reader = std::move(reader).value();
    reads_ = 0;
  }

  // `regions` whole regions: leaves where `stored` says, all others zero.
  map_root build(std::uint64_t regions, const std::vector<std::uint64_t>& stored) {
    map_writer w = writer(regions * region_size);
    std::uint64_t next = 0;
    for (const std::uint64_t index : stored) {
      EXPECT_TRUE(w.put_uniform(next, index - next, block_state::zero));
      EXPECT_TRUE(w.put(small_region(index)));
      next = index + 1;
    }
    EXPECT_TRUE(w.put_uniform(next, regions - next, block_state::zero));
    auto root = w.finish();
    EXPECT_TRUE(root);
    publish();
    return root.value();
  }

  const std::string name_ = "packs/01/pack-0";
  content_hasher hasher_{test::sample_key()};
  superblock_info super_;
  std::unique_ptr<store::store> store_ = store::make_memory_store();
  std::unique_ptr<pack_writer> pack_;
  std::vector<std::byte> bytes_;
  std::atomic<std::uint64_t> reads_ = 0;
  one_pack source_;
};

TEST_F(map_reading, gives_back_every_region) {
  const std::uint64_t size = 300 * region_size + 12345;
  map_writer w = writer(size);
  std::vector<image::region> regions;
  for (std::uint64_t i = 0; i < 301; ++i) {
    regions.push_back(test::sample_region(i, i, map_shape(size).region_bytes(i)));
    ASSERT_TRUE(w.put(regions.back()));
  }
  const map_root root = w.finish().value();
  publish();
  map_reader reader(size, root, source_, hasher_);
  for (const image::region& r : regions) {
    const auto back = reader.region_at(r.index);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(back.value()->size, r.size);
    EXPECT_EQ(back.value()->blocks, r.blocks);
  }
  EXPECT_EQ(reader.region_at(301).error().code(), errc::out_of_range);
}

TEST_F(map_reading, shows_uniform_regions_as_one_block_without_a_read) {
  const std::uint64_t size = 2 * region_size + 5;
  map_reader reader(size, {1, uniform_pointer(block_state::excluded)}, source_, hasher_);
  const auto last = reader.region_at(2);
  ASSERT_TRUE(last);
  EXPECT_EQ(last.value()->blocks, (std::vector{image::block{2 * region_size, 5, block_state::excluded, {}, {}, {}}}));
  EXPECT_EQ(reader.uniform_at(1).value().count, 2);
  EXPECT_EQ(reader.region_at(3).error().code(), errc::out_of_range);
  EXPECT_EQ(reader.uniform_at(3).error().code(), errc::out_of_range);
}

TEST_F(map_reading, has_no_regions_for_an_empty_source) {
  map_reader reader(0, {1, uniform_pointer(block_state::unallocated)}, source_, hasher_);
  EXPECT_EQ(reader.region_at(0).error().code(), errc::out_of_range);
  EXPECT_TRUE(reader.for_each_page([](auto, auto, const auto&) -> result<void> { return error(errc::internal, "none"); }));
}

TEST_F(map_reading, passes_over_whole_subtrees) {
  constexpr std::uint64_t regions = (std::uint64_t{1} << 50) / region_size;
  const std::vector<std::uint64_t> stored{5, 70'000, regions - 2};
  map_reader reader(regions * region_size, build(regions, stored), source_, hasher_);
  std::vector<std::uint64_t> found;
  std::uint64_t calls = 0;
  for (std::uint64_t at = 0; at < regions; ++calls) {
    const auto run = reader.uniform_at(at);
    ASSERT_TRUE(run) << run.error().message();
    ASSERT_TRUE(run.value().count == 0 || run.value().state == block_state::zero);
    if (run.value().count == 0) found.push_back(at);
    at += std::max<std::uint64_t>(run.value().count, 1);
  }
  EXPECT_EQ(found, stored);
  EXPECT_LE(calls, 3u + 4 * 4 * 2);
}

TEST_F(map_reading, tells_runs_that_end_with_a_state) {
  map_writer w = writer(600 * region_size);
  ASSERT_TRUE(w.put_uniform(0, 300, block_state::zero));
  ASSERT_TRUE(w.put_uniform(300, 299, block_state::unallocated));
  ASSERT_TRUE(w.put(small_region(599)));
  const map_root root = w.finish().value();
  publish();
  map_reader reader(600 * region_size, root, source_, hasher_);
  const auto first = reader.uniform_at(0).value();
  EXPECT_EQ(first.state, block_state::zero);
  EXPECT_GE(first.count, 1u);
  EXPECT_LE(first.count, 300u);
  EXPECT_EQ(reader.uniform_at(299).value().count, 1u);
  EXPECT_EQ(reader.uniform_at(300).value().state, block_state::unallocated);
  EXPECT_EQ(reader.uniform_at(599).value().count, 0u);
}

TEST_F(map_reading, reads_one_page_a_level_whatever_the_size) {
  constexpr std::uint64_t regions = (std::uint64_t{1} << 50) / region_size;
  map_reader reader(regions * region_size, build(regions, {7, 9, regions - 1}), source_, hasher_);
  ASSERT_TRUE(reader.region_at(7));
  EXPECT_EQ(reads_, 4u + 1);
  ASSERT_TRUE(reader.region_at(7));
  EXPECT_EQ(reads_, 4u + 1) << "the leaf was kept";
  ASSERT_TRUE(reader.region_at(9));
  EXPECT_EQ(reads_, 4u + 2) << "the nodes were kept";
  ASSERT_TRUE(reader.region_at(8));
  EXPECT_EQ(reads_, 4u + 2) << "a uniform region has no page";
}

TEST_F(map_reading, keeps_a_few_leaves_only) {
  std::vector<std::uint64_t> stored;
  for (std::uint64_t i = 0; i < 100; ++i) stored.push_back(i);
  map_reader reader(100 * region_size, build(100, stored), source_, hasher_);
  for (const std::uint64_t i : stored) ASSERT_TRUE(reader.region_at(i));
  EXPECT_EQ(reads_, 101u);
  ASSERT_TRUE(reader.region_at(99));
  EXPECT_EQ(reads_, 101u);
  ASSERT_TRUE(reader.region_at(0));
  EXPECT_EQ(reads_, 102u);
}

TEST_F(map_reading, finds_pointers_to_leaves_and_nodes) {
  const map_root root = build(70'000, {300});
  map_reader reader(70'000 * region_size, root, source_, hasher_);
  EXPECT_EQ(reader.pointer_at(0).value(), uniform_pointer(block_state::zero));
  const page_pointer leaf = reader.pointer_at(300).value();
  EXPECT_EQ(leaf.kind, child_kind::page);
  EXPECT_EQ(reader.node_pointer(0, 300).value(), leaf);
  EXPECT_EQ(reader.node_pointer(3, 300).value(), root.page);
  EXPECT_TRUE(reader.node_pointer(1, 511).value().has_value());
  EXPECT_FALSE(reader.node_pointer(1, 512).value().has_value());
  EXPECT_FALSE(reader.node_pointer(1, 0).value().has_value());
  EXPECT_FALSE(reader.node_pointer(4, 0).value().has_value());
}

TEST_F(map_reading, feeds_a_writer_that_then_appends_nothing) {
  const map_root root = build(70'000, {0, 300, 69'999});
  map_reader reader(70'000 * region_size, root, source_, hasher_);
  test::page_shelf shelf;
  map_writer w(70'000 * region_size, hasher_, shelf.appender());
  for (std::uint64_t i = 0; i < 70'000;) {
    for (std::uint8_t level = 1; level <= root.level; ++level)
      if (const auto p = reader.node_pointer(level, i).value()) w.offer(level, map_shape::first(level, i), *p);
    const auto run = reader.uniform_at(i).value();
    ASSERT_TRUE(run.count == 0 ? w.put(i, reader.pointer_at(i).value()) : w.put_uniform(i, run.count, run.state));
    i += std::max<std::uint64_t>(run.count, 1);
  }
  EXPECT_EQ(w.finish().value().page, root.page);
  EXPECT_TRUE(shelf.entries.empty());
}

TEST_F(map_reading, visits_every_page_once_parents_first) {
  const map_root root = build(70'000, {0, 300, 301, 69'999});
  map_reader reader(70'000 * region_size, root, source_, hasher_);
  std::vector<std::pair<int, std::uint64_t>> pages;
  ASSERT_TRUE(reader.for_each_page([&](std::uint8_t level, std::uint64_t first, const page_pointer& p) -> result<void> {
    EXPECT_EQ(p.kind, child_kind::page);
    pages.emplace_back(level, first);
    return success();
  }));
  const std::vector<std::pair<int, std::uint64_t>> expected{{3, 0},   {2, 0},   {1, 0},     {0, 0},     {1, 256},
                                                            {0, 300}, {0, 301}, {2, 65536}, {1, 69888}, {0, 69'999}};
  EXPECT_EQ(pages, expected);
  EXPECT_EQ(
      reader.for_each_page([](auto, auto, const auto&) -> result<void> { return error(errc::cancelled, ""); }).error().code(),
      errc::cancelled);
}

TEST_F(map_reading, believes_a_page_only_if_its_content_has_the_id) {
  map_writer w = writer(region_size);
  const auto bytes = encode_leaf(small_region(0));
  record forged = plain_record(record_type::leaf, hasher_, bytes);
  forged.id.bytes[0] ^= std::byte{1};  // header and parent agree, the bytes do not
  const auto where = pack_->append(forged);
  ASSERT_TRUE(where);
  ASSERT_TRUE(w.put(0, page_pointer{child_kind::page, {}, where.value(), forged.plain_size, forged.id}));
  const map_root root = w.finish().value();
  publish();
  map_reader reader(region_size, root, source_, hasher_);
  EXPECT_EQ(reader.region_at(0).error().code(), errc::checksum);
}

TEST_F(map_reading, refuses_pages_of_another_place) {
  const auto append = [&](record_type type, const std::vector<std::byte>& bytes) {
    const record r = plain_record(type, hasher_, bytes);
    return page_pointer{child_kind::page, {}, pack_->append(r).value(), r.plain_size, r.id};
  };
  const page_pointer leaf = append(record_type::leaf, encode_leaf(small_region(1)));
  const page_pointer low = append(record_type::node, encode_node({1, 0, {leaf, leaf}}));
  // A node of level 1 where one of level 2 belongs, and a node where a leaf belongs.
  const page_pointer wrong_level = append(record_type::node, encode_node({1, 0, {low, low}}));
  publish();

  map_reader twice(2 * region_size, {1, low}, source_, hasher_);
  EXPECT_TRUE(twice.region_at(1));
  EXPECT_EQ(twice.region_at(0).error().code(), errc::damaged);
  map_reader narrow(3 * region_size, {1, low}, source_, hasher_);
  EXPECT_EQ(narrow.region_at(1).error().code(), errc::damaged);
  map_reader high(300 * region_size, {2, low}, source_, hasher_);
  EXPECT_EQ(high.region_at(1).error().code(), errc::damaged);
  map_reader node_as_leaf(2 * region_size, {1, wrong_level}, source_, hasher_);
  EXPECT_FALSE(node_as_leaf.region_at(1));
  map_reader wrong_root(2 * region_size, {2, low}, source_, hasher_);
  EXPECT_EQ(wrong_root.region_at(1).error().code(), errc::damaged);
}

TEST_F(map_reading, names_the_pack_that_is_missing) {
  const map_root root = build(10, {1});
  source_.reader = nullptr;
  map_reader reader(10 * region_size, root, source_, hasher_);
  const auto r = reader.region_at(1);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code(), errc::not_found);
  EXPECT_NE(r.error().text().find(to_string(super_.pack)), std::string::npos) << r.error().text();
}

TEST_F(map_reading, fails_where_a_page_is_damaged_and_only_there) {
  const map_root root = build(300, {3, 4});
  const page_pointer leaf = map_reader(300 * region_size, root, source_, hasher_).pointer_at(3).value();
  bytes_[leaf.where.offset + sizeof(record_header) + 70] ^= std::byte{4};
  open();
  map_reader reader(300 * region_size, root, source_, hasher_);
  EXPECT_EQ(reader.region_at(3).error().code(), errc::checksum);
  EXPECT_TRUE(reader.region_at(4));
}

TEST_F(map_reading, serves_many_threads) {
  std::vector<std::uint64_t> stored;
  for (std::uint64_t i = 0; i < 600; i += 3) stored.push_back(i);
  map_reader reader(600 * region_size, build(600, stored), source_, hasher_);
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 600; ++i) {
          const std::uint64_t index = (i * 7 + t * 131) % 600;
          const auto r = reader.region_at(index);
          const std::size_t blocks = index % 3 == 0 ? 2 : 1;
          if (!r || r.value()->index != index || r.value()->blocks.size() != blocks) ++wrong;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace umbra::native
