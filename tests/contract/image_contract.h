// SPDX-License-Identifier: GPL-3.0-or-later
// What every image must do, while it is written and when it is read. An implementation takes part with a type that owns a place
// for images of one domain:
//
//   struct vault_subject {
//     std::unique_ptr<image::image_writer> start();             // a full image
//     std::unique_ptr<image::image_writer> start_after(image::image_reader& parent);  // kept ones only
//     result<std::unique_ptr<image::image_reader>> open(const image::session_id& id); // kept ones only
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(vault, image_contract, vault_subject);
//
// Those that keep images take part in kept_image_contract as well.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "engine/codec/codec.h"
#include "engine/image/image_reader.h"
#include "engine/image/image_writer.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {

// A source of three regions: some blocks, nothing, and a short last region of one block.
inline constexpr std::uint64_t contract_size = 2 * image::region_size + 5000;
inline constexpr std::uint32_t contract_block = 4096;

template <class Subject>
class image_contract : public testing::Test {
 protected:
  static result<image::location> append(image::image_writer& writer, byte_view plain) {
    const content_hasher id(writer.keys().id_key);
    return writer.append({id(plain), static_cast<std::uint32_t>(plain.size()), 0, checksum(plain), plain});
  }
  static image::block stored_block(image::image_writer& writer, std::uint64_t offset, byte_view plain) {
    const content_hasher id(writer.keys().id_key);
    const change_hasher change(writer.keys().secret);
    return {offset, plain.size(), image::block_state::stored, must(append(writer, plain)), change(plain), id(plain)};
  }

  static image::source_info source_of(std::uint64_t size, std::uint64_t stored) {
    image::source_info s;
    s.size = size;
    s.stored_bytes = stored;
    s.zero_bytes = size - stored;
    return s;
  }

  // Blocks of seeds, then zeros to the end of the region.
  static image::region region_of(image::image_writer& writer, std::uint64_t index, std::uint64_t size,
                                 const std::vector<std::uint64_t>& seeds) {
    image::region r{index, size, {}};
    auto at = index * image::region_size;
    for (const auto seed : seeds) {
      const auto length = std::min<std::uint64_t>(contract_block, r.offset() + size - at);
      r.blocks.push_back(stored_block(writer, at, random_bytes(seed, length)));
      at += length;
    }
    if (at < r.offset() + size) r.blocks.push_back({at, r.offset() + size - at, image::block_state::zero, {}, {}, {}});
    return r;
  }

  // The whole source, with blocks of these seeds in its first region; what was put.
  static std::vector<image::region> write_source(image::image_writer& writer, const std::vector<std::uint64_t>& seeds) {
    const auto info = source_of(contract_size, seeds.size() * contract_block + 5000);
    must(writer.begin_source(info));
    std::vector<image::region> put{region_of(writer, 0, image::region_size, seeds)};
    must(writer.put_region(put[0]));
    must(writer.put_uniform(1, 1, image::block_state::zero));
    put.push_back(region_of(writer, 2, 5000, {1000, 1001}));
    must(writer.put_region(put[1]));
    must(writer.end_source(info));
    return put;
  }

  Subject subject_;
};
TYPED_TEST_SUITE_P(image_contract);

TYPED_TEST_P(image_contract, has_an_id_and_keys_from_the_start) {
  const auto writer = this->subject_.start();
  EXPECT_FALSE(writer->id().is_none());
  EXPECT_FALSE(writer->keys().id.is_none());
  EXPECT_EQ(writer->keys().block_size, contract_block);
  EXPECT_NE(this->subject_.start()->id(), writer->id());
}

TYPED_TEST_P(image_contract, finds_what_was_appended_and_nothing_else) {
  const auto writer = this->subject_.start();
  const content_hasher id(writer->keys().id_key);
  const auto plain = random_bytes(1, contract_block);
  EXPECT_FALSE(writer->find(id(plain), contract_block));
  const auto where = must(this->append(*writer, plain));
  EXPECT_EQ(where.stored_size, plain.size());
  EXPECT_EQ(where.pack.session, writer->id());
  EXPECT_EQ(writer->find(id(plain), contract_block), where);
  EXPECT_FALSE(writer->find(id(plain), contract_block - 512)) << "equal ids of other sizes are not the same";
  EXPECT_FALSE(writer->find(id(random_bytes(2, contract_block)), contract_block));
}

TYPED_TEST_P(image_contract, records_lie_apart) {
  const auto writer = this->subject_.start();
  std::set<std::pair<image::pack_id, std::uint64_t>> places;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto where = must(this->append(*writer, random_bytes(seed, contract_block)));
    EXPECT_TRUE(places.insert({where.pack, where.offset}).second);
  }
}

TYPED_TEST_P(image_contract, finds_from_many_threads_while_it_is_written) {
  const auto writer = this->subject_.start();
  const content_hasher id(writer->keys().id_key);
  constexpr std::uint64_t count = 200;
  std::atomic<std::uint64_t> appended{0};
  std::atomic<int> missed{0};
  const auto look = [&] {
    for (std::uint64_t n = 0; appended < count; ++n) {
      const auto upto = appended.load();
      if (upto == 0) continue;
      if (!writer->find(id(random_bytes(n % upto, contract_block)), contract_block)) ++missed;
    }
  };
  {
    const std::jthread one(look);
    const std::jthread two(look);
    for (std::uint64_t seed = 0; seed < count; ++seed) {
      must(this->append(*writer, random_bytes(seed, contract_block)));
      ++appended;
    }
  }
  EXPECT_EQ(missed, 0);
}

TYPED_TEST_P(image_contract, refuses_a_block_larger_than_its_blocks) {
  const auto writer = this->subject_.start();
  EXPECT_EQ(code_of(this->append(*writer, random_bytes(1, contract_block + 512))), errc::out_of_range);
}

TYPED_TEST_P(image_contract, keeps_no_region_without_a_parent) {
  const auto writer = this->subject_.start();
  must(writer->begin_source(this->source_of(contract_size, 0)));
  EXPECT_TRUE(writer->keep_region(0).has_error());
}

TYPED_TEST_P(image_contract, tells_at_commit_what_was_put) {
  const auto writer = this->subject_.start();
  this->write_source(*writer, {1, 2, 3});
  const auto info = must(writer->commit({1234, R"({"name":"x"})"}));
  EXPECT_EQ(info.id, writer->id());
  EXPECT_TRUE(info.parent.is_none());
  EXPECT_EQ(info.domain, writer->keys().id);
  EXPECT_EQ(info.block_size, contract_block);
  EXPECT_EQ(info.created, 1234);
  EXPECT_EQ(info.metadata, R"({"name":"x"})");
  ASSERT_EQ(info.sources.size(), 1U);
  EXPECT_EQ(info.sources[0].size, contract_size);
  EXPECT_EQ(info.sources[0].stored_bytes, 3 * contract_block + 5000U);
  EXPECT_EQ(info.new_plain_bytes, info.sources[0].stored_bytes);
  EXPECT_GT(info.new_stored_bytes, info.new_plain_bytes);
}

TYPED_TEST_P(image_contract, other_contents_have_other_roots) {
  std::vector<content_id> roots;
  for (const auto& seeds : std::vector<std::vector<std::uint64_t>>{{1, 2}, {1, 3}, {2, 1}}) {
    const auto writer = this->subject_.start();
    this->write_source(*writer, seeds);
    roots.push_back(must(writer->commit({1, "{}"})).root);
  }
  EXPECT_NE(roots[0], roots[1]);
  EXPECT_NE(roots[0], roots[2]);
}

TYPED_TEST_P(image_contract, may_be_abandoned_at_any_time_and_more_than_once) {
  for (int stage = 0; stage < 3; ++stage) {
    const auto writer = this->subject_.start();
    if (stage > 0) this->write_source(*writer, {1, 2});
    if (stage > 1) must(writer->commit({1, "{}"}));
    writer->abandon();
    writer->abandon();
  }
}

REGISTER_TYPED_TEST_SUITE_P(image_contract, has_an_id_and_keys_from_the_start, finds_what_was_appended_and_nothing_else,
                            records_lie_apart, finds_from_many_threads_while_it_is_written,
                            refuses_a_block_larger_than_its_blocks, keeps_no_region_without_a_parent,
                            tells_at_commit_what_was_put, other_contents_have_other_roots,
                            may_be_abandoned_at_any_time_and_more_than_once);

template <class Subject>
class kept_image_contract : public image_contract<Subject> {
 protected:
  struct made_image {
    image::image_info info;
    std::vector<image::region> regions;  // the two that were put
    std::unique_ptr<image::image_reader> reader;
  };
  made_image make(const std::vector<std::uint64_t>& seeds) {
    made_image made;
    const auto writer = this->subject_.start();
    made.regions = this->write_source(*writer, seeds);
    made.info = must(writer->commit({1234, R"({"name":"x"})"}));
    made.reader = must(this->subject_.open(made.info.id));
    return made;
  }
};
TYPED_TEST_SUITE_P(kept_image_contract);

TYPED_TEST_P(kept_image_contract, does_not_exist_before_commit_nor_without_it) {
  image::session_id abandoned;
  {
    const auto writer = this->subject_.start();
    abandoned = writer->id();
    this->write_source(*writer, {1, 2});
    EXPECT_TRUE(this->subject_.open(abandoned).has_error());
    writer->abandon();
    EXPECT_TRUE(this->subject_.open(abandoned).has_error());
  }
  image::session_id dropped;
  {
    const auto writer = this->subject_.start();
    dropped = writer->id();
    this->write_source(*writer, {1, 2});
  }
  EXPECT_TRUE(this->subject_.open(dropped).has_error());
  EXPECT_TRUE(this->subject_.open(abandoned).has_error());
}

TYPED_TEST_P(kept_image_contract, exists_after_commit_whatever_the_writer_does_then) {
  const auto writer = this->subject_.start();
  this->write_source(*writer, {1});
  const auto info = must(writer->commit({1, "{}"}));
  writer->abandon();
  EXPECT_TRUE(this->subject_.open(info.id).has_value());
}

TYPED_TEST_P(kept_image_contract, tells_what_commit_told) {
  const auto made = this->make({1, 2, 3});
  const auto& info = made.reader->info();
  EXPECT_EQ(info.id, made.info.id);
  EXPECT_EQ(info.root, made.info.root);
  EXPECT_EQ(info.metadata, made.info.metadata);
  EXPECT_EQ(info.created, 1234);
  EXPECT_EQ(info.sources.at(0).stored_bytes, made.info.sources.at(0).stored_bytes);
  EXPECT_EQ(made.reader->keys().id, info.domain);
}

TYPED_TEST_P(kept_image_contract, gives_back_regions_as_they_were_put) {
  const auto made = this->make({1, 2, 3});
  const auto first = must(made.reader->region_at(0, 0));
  EXPECT_EQ(first->index, 0U);
  EXPECT_EQ(first->size, image::region_size);
  EXPECT_TRUE(std::ranges::equal(first->blocks, made.regions[0].blocks));
  const auto last = must(made.reader->region_at(0, 2));
  EXPECT_EQ(last->size, 5000U);
  EXPECT_TRUE(std::ranges::equal(last->blocks, made.regions[1].blocks));
  EXPECT_EQ(code_of(made.reader->region_at(0, 3)), errc::out_of_range);
  EXPECT_EQ(code_of(made.reader->region_at(1, 0)), errc::out_of_range);
}

TYPED_TEST_P(kept_image_contract, a_region_of_one_state_is_a_run_and_a_region) {
  const auto made = this->make({1});
  const auto run = must(made.reader->uniform_at(0, 1));
  EXPECT_EQ(run.count, 1U);
  EXPECT_EQ(run.state, image::block_state::zero);
  EXPECT_EQ(must(made.reader->uniform_at(0, 0)).count, 0U);
  const auto region = must(made.reader->region_at(0, 1));
  ASSERT_EQ(region->blocks.size(), 1U);
  EXPECT_EQ(region->blocks[0].state, image::block_state::zero);
  EXPECT_EQ(region->blocks[0].size, image::region_size);
}

TYPED_TEST_P(kept_image_contract, fetches_the_bytes_of_every_block) {
  const auto made = this->make({1, 2, 3});
  for (std::size_t i = 0; i < 3; ++i) {
    content out(contract_block);
    must(made.reader->fetch(made.regions[0].blocks[i], out, i % 2 == 0));
    EXPECT_EQ(out, random_bytes(i + 1, contract_block));
    must(made.reader->locate(made.regions[0].blocks[i]));
  }
  content tail(904);
  must(made.reader->fetch(made.regions[1].blocks[1], tail, true));
  EXPECT_EQ(tail, random_bytes(1001, 904));
}

TYPED_TEST_P(kept_image_contract, refuses_blocks_that_are_not_as_stored) {
  const auto made = this->make({1, 2});
  const auto& right = made.regions[0].blocks[0];
  content out(contract_block);
  content small(contract_block - 512);
  EXPECT_EQ(code_of(made.reader->fetch(right, small)), errc::out_of_range);
  EXPECT_TRUE(made.reader->fetch(made.regions[0].blocks[2], out).has_error()) << "zeros are not stored";
  auto other = right;
  other.id = made.regions[0].blocks[1].id;
  EXPECT_TRUE(is_damage(code_of(made.reader->fetch(other, out)).value_or(errc::internal)));
  EXPECT_TRUE(is_damage(code_of(made.reader->locate(other)).value_or(errc::internal)));
  auto moved = right;
  moved.where.offset += 16;
  EXPECT_TRUE(is_damage(code_of(made.reader->fetch(moved, out)).value_or(errc::internal)));
  auto far = right;
  far.where.offset = ~std::uint64_t{0} - 15;
  EXPECT_TRUE(made.reader->fetch(far, out).has_error());
  auto foreign = right;
  foreign.where.pack.session.bytes[0] ^= std::byte{1};
  EXPECT_TRUE(made.reader->fetch(foreign, out).has_error());
}

TYPED_TEST_P(kept_image_contract, names_its_packs_and_finds_them) {
  const auto made = this->make({1, 2});
  const auto& packs = made.reader->packs();
  ASSERT_FALSE(packs.empty());
  EXPECT_TRUE(std::ranges::is_sorted(packs));
  EXPECT_TRUE(std::ranges::count(packs, made.regions[0].blocks[0].where.pack));
  must(made.reader->check_packs());
}

TYPED_TEST_P(kept_image_contract, keeps_several_sources_apart) {
  const auto writer = this->subject_.start();
  this->write_source(*writer, {1, 2});
  const auto nothing = this->source_of(0, 0);
  must(writer->begin_source(nothing));
  must(writer->end_source(nothing));
  const auto put = this->write_source(*writer, {7});
  const auto reader = must(this->subject_.open(must(writer->commit({1, "{}"})).id));
  ASSERT_EQ(reader->info().sources.size(), 3U);
  EXPECT_EQ(code_of(reader->region_at(1, 0)), errc::out_of_range);
  EXPECT_TRUE(std::ranges::equal(must(reader->region_at(2, 0))->blocks, put[0].blocks));
  EXPECT_EQ(must(reader->region_at(0, 0))->blocks.size(), 3U);
}

TYPED_TEST_P(kept_image_contract, an_incremental_shares_what_it_keeps) {
  const auto parent = this->make({1, 2, 3});
  const auto writer = this->subject_.start_after(*parent.reader);
  const content_hasher id(writer->keys().id_key);
  EXPECT_EQ(writer->find(id(random_bytes(2, contract_block)), contract_block), parent.regions[0].blocks[1].where);
  const auto info = this->source_of(contract_size, contract_block + 5000);
  must(writer->begin_source(info));
  const auto changed = this->region_of(*writer, 0, image::region_size, {9});
  must(writer->put_region(changed));
  must(writer->keep_region(1));
  must(writer->keep_region(2));
  must(writer->end_source(info));
  const auto committed = must(writer->commit({2, "{}"}));
  EXPECT_EQ(committed.parent, parent.info.id);
  EXPECT_EQ(committed.new_plain_bytes, contract_block);

  const auto reader = must(this->subject_.open(committed.id));
  EXPECT_TRUE(std::ranges::equal(must(reader->region_at(0, 0))->blocks, changed.blocks));
  EXPECT_TRUE(std::ranges::equal(must(reader->region_at(0, 2))->blocks, parent.regions[1].blocks));
  EXPECT_EQ(must(reader->uniform_at(0, 1)).count, 1U);
  content out(contract_block);
  must(reader->fetch(parent.regions[1].blocks[0], out, true));
  EXPECT_EQ(out, random_bytes(1000, contract_block));
  EXPECT_TRUE(std::ranges::equal(must(parent.reader->region_at(0, 0))->blocks, parent.regions[0].blocks));
}

TYPED_TEST_P(kept_image_contract, is_read_by_many_threads) {
  const auto made = this->make({1, 2, 3});
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        content out(contract_block);
        for (std::uint64_t n = 0; n < 50; ++n) {
          const auto region = made.reader->region_at(0, n % 3);
          if (region.has_error()) ++wrong;
          const auto i = (n + t) % 3;
          if (made.reader->fetch(made.regions[0].blocks[i], out).has_error() || out != random_bytes(i + 1, contract_block))
            ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

REGISTER_TYPED_TEST_SUITE_P(kept_image_contract, does_not_exist_before_commit_nor_without_it,
                            exists_after_commit_whatever_the_writer_does_then, tells_what_commit_told,
                            gives_back_regions_as_they_were_put, a_region_of_one_state_is_a_run_and_a_region,
                            fetches_the_bytes_of_every_block, refuses_blocks_that_are_not_as_stored,
                            names_its_packs_and_finds_them, keeps_several_sources_apart, an_incremental_shares_what_it_keeps,
                            is_read_by_many_threads);

}  // namespace umbra::test
