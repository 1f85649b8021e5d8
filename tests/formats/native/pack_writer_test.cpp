// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_writer.h"

#include <gmock/gmock.h>

#include "formats/native/mini_index.h"
#include "tests/formats/native/pack_samples.h"

namespace umbra::native {
namespace {

using samples::builder;
using samples::bytes;
using samples::must;

// Every record of a pack with its place, padding included.
struct placed {
  record_info info;
  std::uint64_t offset;
  bytes stored;
};
std::vector<placed> all_records(const bytes& data) {
  std::vector<placed> all;
  const auto pack = must(samples::open(data));
  const auto report = must(pack->walk([&](const pack_reader::walked_record& r) -> result<void> {
    all.push_back({r.info, r.offset, bytes(r.stored.begin(), r.stored.end())});
    return success();
  }));
  EXPECT_EQ(report.damage_count, 0u) << (report.damage.empty() ? "" : report.damage.front().message());
  return all;
}

std::size_t count(const std::vector<placed>& all, record_type type) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const placed& p) { return p.info.type == type; }));
}

footer footer_of(const bytes& data) { return read_struct<footer>(byte_view(data).last(sizeof(footer))); }

TEST(pack_writer, of_nothing_writes_superblock_and_footer) {
  const auto pack = builder(samples::super()).finish();
  EXPECT_EQ(pack.data.size(), 8192u);
  EXPECT_EQ(footer_of(pack.data).last_checkpoint.value(), 0u);
  EXPECT_TRUE(all_records(pack.data).empty());
}

TEST(pack_writer, puts_records_back_to_back_on_multiples_of_16) {
  const auto pack = samples::small();
  EXPECT_EQ(pack.data.size(), 16384u);  // superblock, one segment, checkpoint, footer
  EXPECT_EQ(pack.records[0].where.offset, 4096u);
  for (std::size_t i = 1; i < pack.records.size(); ++i) {
    const auto& before = pack.records[i - 1].where;
    EXPECT_EQ(pack.records[i].where.offset, before.offset + record_extent(before.stored_size));
  }
}

TEST(pack_writer, numbers_all_records_padding_included) {
  const auto pack = samples::many(5, 2);
  const auto all = all_records(pack.data);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].info.sequence, i);
  EXPECT_EQ(footer_of(pack.data).record_count.value(), all.size());
  EXPECT_GT(count(all, record_type::padding), 0u);
}

TEST(pack_writer, closes_segments_by_size_with_index_and_padding) {
  const auto pack = samples::many(7);
  const auto all = all_records(pack.data);
  EXPECT_EQ(count(all, record_type::mini_index), 7u);
  EXPECT_EQ(footer_of(pack.data).segment_count.value(), 7u);
  std::vector<segment_record> seen;
  std::uint32_t segment = 0;
  for (const auto& r : all) {
    if (r.info.type == record_type::mini_index) {
      const auto index = must(decode_mini_index(r.stored, r.offset));
      EXPECT_EQ(index.segment, segment++);
      EXPECT_EQ(index.records, seen);
      EXPECT_EQ(index.segment_offset % 4096, 0u);
      seen.clear();
    } else if (r.info.type == record_type::data) {
      seen.push_back({r.info.id, r.offset, r.info.stored_size, r.info.plain_size, r.info.type, 0});
    }
  }
}

TEST(pack_writer, writes_a_checkpoint_every_so_many_segments_and_at_the_end) {
  for (const auto& [segments, checkpoints] : {std::pair{1, 1}, {3, 1}, {4, 1}, {5, 2}, {8, 2}, {9, 3}}) {
    const auto pack = samples::many(static_cast<std::size_t>(segments), 4);
    const auto all = all_records(pack.data);
    EXPECT_EQ(count(all, record_type::checkpoint), static_cast<std::size_t>(checkpoints)) << segments;
    for (const auto& r : all) {
      if (r.info.type == record_type::checkpoint) {
        EXPECT_EQ(r.offset % 4096, 0u);
      }
    }
  }
}

TEST(pack_writer, hands_on_one_append_a_segment) {
  const auto pack = samples::many(6);
  ASSERT_EQ(pack.appends.size(), 1u + 6u + 1u);  // superblock; segments; checkpoint and footer
  for (const auto size : pack.appends) EXPECT_EQ(size % 4096, 0u);
}

TEST(pack_writer, fills_every_possible_gap_to_the_page) {
  for (std::size_t size = 1; size < 4200; size += 13) {
    const auto pack = builder(samples::super(), {1, 1}).add(size).add(4200 - size).finish();
    ASSERT_EQ(pack.data.size() % 4096, 0u);
    all_records(pack.data);
    if (HasFailure()) FAIL() << "records of " << size << " bytes";
  }
}

TEST(pack_writer, goes_one_page_further_where_no_header_fits_the_gap) {
  // One record of n bytes and its mini-index take 96 + n + 96 + 72 bytes, rounded: the gap is 4096 less that.
  const auto padding_for = [](std::size_t n) {
    const auto all = all_records(builder(samples::super()).add(n).finish().data);
    return all[2].info.type == record_type::padding && all[2].offset < 8192 ? std::int64_t{all[2].info.stored_size} : -1;
  };
  EXPECT_EQ(padding_for(4096 - 96 - 176 - 96), 0);               // just a header
  EXPECT_EQ(padding_for(4096 - 96 - 176 - 80), 80 - 96 + 4096);  // too small by one step
  EXPECT_EQ(padding_for(4096 - 96 - 176 - 16), 16 - 96 + 4096);
  EXPECT_EQ(padding_for(4096 - 96 - 176), -1);  // no gap, no padding
}

TEST(pack_writer, writes_the_same_bytes_for_the_same_calls) {
  EXPECT_EQ(samples::many(9, 2).data, samples::many(9, 2).data);
  EXPECT_EQ(samples::small().data, samples::small().data);
}

TEST(pack_writer, tells_size_and_index_as_it_goes) {
  builder b(samples::super());
  EXPECT_EQ(b.writer().size(), 4096u);
  b.add(100).add(40, record_type::node);
  EXPECT_EQ(b.writer().size(), 4096 + record_extent(100) + record_extent(40));
  const auto index = b.writer().take_index();
  ASSERT_EQ(index.size(), 1u);  // data alone
  EXPECT_EQ(index[0].offset, 4096u);
  EXPECT_EQ(index[0].plain_size, 100u);
  EXPECT_TRUE(b.writer().take_index().empty());
  b.add(10);
  EXPECT_EQ(b.writer().take_index().size(), 1u);
}

TEST(pack_writer, refuses_records_that_are_not_the_callers) {
  builder b(samples::super());
  for (const auto type : {record_type::mini_index, record_type::checkpoint, record_type::manifest, record_type::padding,
                          record_type::parity, static_cast<record_type>(0), static_cast<record_type>(99)}) {
    record r;
    r.type = type;
    const auto answer = b.writer().append(r);
    ASSERT_TRUE(answer.has_error());
    EXPECT_EQ(answer.assume_error().code(), errc::usage);
  }
  EXPECT_EQ(b.writer().size(), 4096u);
}

TEST(pack_writer, refuses_sizes_beyond_the_packs_limits_and_goes_on) {
  builder b(samples::super());
  const auto too_large = test::zero_bytes((64 << 10) + 1);
  record r;
  r.stored = too_large;
  r.plain_size = static_cast<std::uint32_t>(too_large.size());
  EXPECT_EQ(b.writer().append(r).error().code(), errc::out_of_range);
  r.type = record_type::leaf;
  EXPECT_TRUE(b.writer().append(r).has_value());  // only blocks are bound to the block size
  r.plain_size = max_plain + 1;
  EXPECT_EQ(b.writer().append(r).error().code(), errc::out_of_range);
  r.plain_size = 5;
  EXPECT_EQ(b.writer().append(r).error().code(), errc::usage);
  EXPECT_EQ(b.add(5).finish().data.size() % 4096, 0u);
}

TEST(pack_writer, needs_a_packs_superblock) {
  const content_hasher hasher{content_key{}};
  const auto out = std::make_shared<test::written_bytes>();
  auto vault = samples::super();
  vault.kind = superblock_kind::vault;
  EXPECT_TRUE(pack_writer::start(std::make_unique<test::byte_writer>(out), vault, hasher).has_error());
  auto nobody = samples::super();
  nobody.pack.session = {};
  EXPECT_TRUE(pack_writer::start(std::make_unique<test::byte_writer>(out), nobody, hasher).has_error());
  EXPECT_TRUE(out->bytes.empty());
}

TEST(pack_writer, after_a_failed_append_is_given_up) {
  builder b(samples::super(), {1000, 2});
  b.out().fail_at_append = 1;
  const auto plain = test::random_bytes(1, 1200);
  const content_hasher hasher(samples::super().domain.id_key);
  const auto r = plain_record(record_type::data, hasher, plain);
  EXPECT_EQ(b.writer().append(r).error().code(), errc::no_space);
  b.out().fail_at_append = ~std::size_t{0};  // the disk has room again: too late
  EXPECT_TRUE(b.writer().append(r).has_error());
  EXPECT_TRUE(b.writer().append_manifest(plain).has_error());
  EXPECT_TRUE(b.writer().finish().has_error());
  EXPECT_FALSE(b.out().finished);
}

TEST(pack_writer, keeps_a_manifest_twice_a_page_apart) {
  for (const std::size_t size : {0u, 1u, 500u, 3000u, 4000u, 5000u, 100000u}) {
    const auto text = test::random_bytes(9, size);
    const auto data = builder(samples::super()).add(900).manifest(text).finish().data;
    const auto all = all_records(data);
    EXPECT_EQ(count(all, record_type::manifest), 2u);
    const auto pack = must(samples::open(data));
    const auto sections = must(pack->sections());
    ASSERT_EQ(sections.size(), 2u);
    EXPECT_EQ(sections[0].copy, 0u);
    EXPECT_EQ(sections[1].copy, 1u);
    EXPECT_GE(sections[1].offset, sections[0].offset + record_extent(sections[0].stored_size) + 4096);
    for (const auto& s : sections) EXPECT_EQ(must(pack->read_plain(s.offset, record_type::manifest, max_plain)), text);
  }
}

TEST(pack_writer, carries_one_manifest_of_limited_size) {
  builder b(samples::super());
  const auto huge = test::zero_bytes(max_plain + 1);
  EXPECT_EQ(b.writer().append_manifest(huge).error().code(), errc::out_of_range);
  b.manifest(byte_view(huge).first(max_plain));
  EXPECT_EQ(b.writer().append_manifest(byte_view(huge).first(10)).error().code(), errc::usage);
  all_records(b.finish().data);
}

TEST(pack_writer, closes_a_segment_of_tiny_records_before_its_index_grows_too_large) {
  builder b(samples::super(), {~0u, 64});
  const content_hasher hasher(samples::super().domain.id_key);
  const auto r = plain_record(record_type::data, hasher, {});
  for (std::size_t i = 0; i <= max_segment_records; ++i) ASSERT_TRUE(b.writer().append(r).has_value());
  EXPECT_EQ(count(all_records(b.finish().data), record_type::mini_index), 2u);
}

}  // namespace
}  // namespace umbra::native
