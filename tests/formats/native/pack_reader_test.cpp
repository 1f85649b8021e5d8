// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_reader.h"

#include <gmock/gmock.h>

#include "tests/formats/native/pack_samples.h"
#include "tests/support/mend_pack.h"

namespace umbra::native {
namespace {

using samples::builder;
using samples::bytes;
using samples::must;
using testing::HasSubstr;

template <class T>
errc code_of(const result<T>& r) {
  return r.has_error() ? r.assume_error().code() : errc{};
}

// What for_each_indexed must tell of a pack: its data records, here those that end before `limit`.
std::vector<indexed_record> expected_index(const samples::sample_pack& pack, std::uint64_t limit = ~std::uint64_t{0}) {
  std::vector<indexed_record> index;
  for (const auto& r : pack.index)
    if (r.offset + 96 + r.stored_size <= limit) index.push_back(r);
  return index;
}

TEST(pack_reader, reads_every_record_back) {
  builder b(samples::super());
  b.add(0).add(1).add(64 << 10).add(40000, record_type::leaf).add(17, record_type::node);
  b.add_encoded(test::compressible_bytes(3, 60000));
  const auto pack = b.finish();
  const auto reader = must(samples::open(pack.data));
  EXPECT_EQ(reader->super().pack, pack.super.pack);
  EXPECT_EQ(reader->file_size(), pack.data.size());
  EXPECT_LT(pack.records.back().where.stored_size, 60000u);
  for (const auto& r : pack.records) EXPECT_EQ(must(samples::read(*reader, r)), r.plain);
  EXPECT_TRUE(reader->footer_state().has_value());
}

TEST(pack_reader, refuses_a_record_other_than_the_one_looked_for) {
  const auto pack = samples::small();
  const auto reader = must(samples::open(pack.data));
  const auto refused = [&](auto change) {
    auto r = pack.records[0];
    change(r);
    return code_of(samples::read(*reader, r));
  };
  EXPECT_EQ(refused([](auto&) {}), errc{});
  EXPECT_EQ(refused([](auto& r) { r.type = record_type::leaf; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.id.bytes[31] ^= std::byte{1}; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.plain.push_back({}); }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { --r.where.stored_size; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { ++r.where.stored_size; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.where.stored_size = ~0u; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.where.offset += 8; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.where.offset += 16; }), errc::bad_magic);
  EXPECT_EQ(refused([](auto& r) { r.where.offset = 0; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.where.offset = ~std::uint64_t{15}; }), errc::damaged);
  EXPECT_EQ(refused([](auto& r) { r.where.pack.number++; }), errc::internal);
  EXPECT_EQ(refused([&](auto& r) { r.where = pack.records[2].where; }), errc::damaged);
}

TEST(pack_reader, names_pack_and_offset_in_errors) {
  auto pack = samples::small();
  pack.data[4096 + 96] ^= std::byte{1};
  const auto answer = samples::read(*must(samples::open(pack.data)), pack.records[0]);
  EXPECT_EQ(answer.error().code(), errc::checksum);
  EXPECT_THAT(answer.error().message(), HasSubstr("pack at 4096"));
}

TEST(pack_reader, never_reads_wrong_bytes_from_a_pack_with_a_flipped_bit) {
  auto pack = samples::small();
  const auto& r = pack.records[0];
  const auto end = r.where.offset + 96 + r.where.stored_size;
  for (auto bit = r.where.offset * 8; bit < end * 8; ++bit) {
    samples::flip(pack.data, bit);
    ASSERT_TRUE(samples::read(*must(samples::open(pack.data)), r).has_error()) << "bit " << bit;
    samples::flip(pack.data, bit);
  }
  for (std::size_t bit = 4096 * 8; bit < pack.data.size() * 8; bit += 3) {  // elsewhere: right or refused
    samples::flip(pack.data, bit);
    const auto reader = must(samples::open(pack.data));
    for (const auto& other : pack.records) {
      const auto answer = samples::read(*reader, other);
      ASSERT_TRUE(answer.has_error() || answer.assume_value() == other.plain) << "bit " << bit;
    }
    samples::flip(pack.data, bit);
  }
}

TEST(pack_reader, reads_what_lies_before_a_cut_and_refuses_the_rest) {
  const auto pack = samples::small();
  for (std::size_t size = 4096; size < pack.data.size(); ++size) {
    const auto reader = must(samples::open(byte_view(pack.data).first(size)));
    for (const auto& r : pack.records) {
      const bool whole = r.where.offset + 96 + r.where.stored_size <= size;
      const auto answer = samples::read(*reader, r);
      ASSERT_EQ(answer.has_value(), whole) << size;
      ASSERT_TRUE(whole || is_damage(answer.assume_error().code())) << size;
    }
  }
}

TEST(pack_reader, refuses_to_open_what_is_no_whole_superblock) {
  const auto pack = samples::small();
  for (std::size_t size = 0; size < 4096; size += 7)
    ASSERT_TRUE(samples::open(byte_view(pack.data).first(size)).has_error()) << size;
}

TEST(pack_reader, refuses_a_pack_under_another_packs_name) {
  const auto pack = samples::small();
  const auto open_as = [&](const image::pack_id& id) {
    return pack_reader::open(std::make_unique<test::byte_file>(pack.data), "pack", id);
  };
  EXPECT_TRUE(open_as(pack.super.pack).has_value());
  const auto refused = open_as(samples::super(2).pack);
  EXPECT_EQ(code_of(refused), errc::damaged);
  EXPECT_THAT(refused.error().text(), HasSubstr(to_string(pack.super.pack)));
}

TEST(pack_reader, refuses_unknown_incompat_features_alone) {
  auto info = samples::super();
  info.words = {0, ~0ull, ~0ull, ~0ull};
  EXPECT_TRUE(samples::open(builder(info).add(9).finish().data).has_value());
  info.words = {1ull << 40, 0, 0, 0};
  const auto refused = samples::open(builder(info).add(9).finish().data);
  EXPECT_EQ(code_of(refused), errc::unknown_feature);
  EXPECT_THAT(refused.error().text(), HasSubstr("incompat bit 40"));
}

TEST(pack_reader, tells_the_index_of_packs_with_any_number_of_segments) {
  for (const std::size_t segments : {0u, 1u, 2u, 63u, 64u, 65u, 128u, 200u}) {
    const auto pack = samples::many(segments);
    EXPECT_EQ(must(samples::indexed(pack.data)), pack.index) << segments;
  }
}

TEST(pack_reader, visits_once_a_segment_and_stops_when_told) {
  const auto pack = samples::many(70, 8);
  const auto reader = must(samples::open(pack.data));
  std::size_t visits = 0;
  must(reader->for_each_indexed([&](const auto& segment) -> result<void> {
    EXPECT_EQ(segment.size(), 2u);
    ++visits;
    return success();
  }));
  EXPECT_EQ(visits, 70u);
  const auto stopped = reader->for_each_indexed([&](const auto&) -> result<void> { return error(errc::cancelled, "enough"); });
  EXPECT_EQ(stopped.error().text(), "enough");
}

TEST(pack_reader, tells_the_index_by_walking_when_the_footer_is_gone) {
  auto pack = samples::many(70);
  const auto before = must(samples::indexed(pack.data));
  pack.data.resize(pack.data.size() - 4096);
  EXPECT_EQ(must(samples::indexed(pack.data)), before);
  EXPECT_TRUE(must(samples::open(pack.data))->footer_state().has_error());
  EXPECT_TRUE(must(samples::open(pack.data))->sections().has_error());
}

TEST(pack_reader, of_a_torn_pack_tells_what_lies_before_the_tear) {
  const auto pack = samples::many(3);
  for (std::size_t size = 4096; size < pack.data.size(); ++size) {
    const auto told = samples::indexed(byte_view(pack.data).first(size));
    ASSERT_EQ(must(told), expected_index(pack, size)) << size;
  }
}

TEST(pack_reader, without_footer_tells_only_records_whose_bytes_are_right) {
  auto pack = samples::many(3);
  pack.data.resize(pack.data.size() - 4096);
  const auto victim = pack.index[2];
  pack.data[victim.offset + 100] ^= std::byte{4};
  auto expected = pack.index;
  expected.erase(expected.begin() + 2);
  EXPECT_EQ(must(samples::indexed(pack.data)), expected);
}

TEST(pack_reader, reports_damage_to_indexes_under_a_right_footer) {
  auto pack = samples::many(3, 2);
  const auto good = pack.data;
  const auto reader = must(samples::open(good));
  std::vector<std::uint64_t> places;
  must(reader->walk([&](const pack_reader::walked_record& r) -> result<void> {
    if (r.info.type == record_type::mini_index || r.info.type == record_type::checkpoint) places.push_back(r.offset);
    return success();
  }));
  ASSERT_EQ(places.size(), 5u);
  for (const auto place : places) {
    pack.data[place + 100] ^= std::byte{1};
    EXPECT_EQ(code_of(samples::indexed(pack.data)), errc::checksum);
    pack.data[place + 100] ^= std::byte{1};
  }
}

TEST(pack_reader, passes_media_errors_on) {
  const auto pack = samples::small();
  const auto reader = must(samples::open(pack.data, range{4096, 200}));
  EXPECT_EQ(code_of(samples::read(*reader, pack.records[0])), errc::io_read);
  EXPECT_TRUE(samples::read(*reader, pack.records[2]).has_value());
  EXPECT_EQ(code_of(must(samples::open(pack.data, range{pack.data.size() - 100, 100}))
                        ->for_each_indexed([](const auto&) -> result<void> { return success(); })),
            errc::io_read);
}

TEST(pack_reader, limits_what_it_reads_plainly) {
  const auto pack = samples::small();
  const auto reader = must(samples::open(pack.data));
  EXPECT_EQ(must(reader->read_plain(4096, record_type::data, 700)), pack.records[0].plain);
  EXPECT_EQ(code_of(reader->read_plain(4096, record_type::data, 699)), errc::damaged);
  EXPECT_EQ(code_of(reader->read_plain(4096, record_type::manifest, 700)), errc::damaged);
  EXPECT_EQ(must(reader->header_at(4096)).stored_size, 700u);
  EXPECT_EQ(code_of(reader->header_at(4097)), errc::damaged);
  EXPECT_EQ(code_of(reader->header_at(pack.data.size() - 16)), errc::damaged);
}

// A later minor version may append fields to headers: 16 bytes of payload become header.
TEST(pack_reader, passes_over_the_end_of_a_longer_header) {
  auto pack = samples::small();
  auto& r = pack.records[0];
  auto header = read_struct<record_header>(byte_view(pack.data).subspan(4096));
  header.header_size = std::uint16_t{112};
  header.stored_size = header.plain_size = 684u;
  std::memcpy(pack.data.data() + 4096, &header, sizeof header);
  ASSERT_TRUE(test::mend_record(pack.data, 4096));
  r.where.stored_size = 684;
  r.plain.erase(r.plain.begin(), r.plain.begin() + 16);
  const auto reader = must(samples::open(pack.data));
  EXPECT_EQ(must(samples::read(*reader, r)), r.plain);
  EXPECT_EQ(must(reader->read_plain(4096, record_type::data, 684)), r.plain);
}

// Seals and checksums are right, numbers are lies: answers may be errors, never anything beyond the bytes there are.
TEST(pack_reader, survives_a_footer_of_lies) {
  const auto pack = samples::many(5, 2);
  const auto lie = [&](auto change) {
    auto data = pack.data;
    auto f = read_struct<footer>(byte_view(data).last(4096));
    change(f);
    std::memcpy(data.data() + data.size() - 4096, &f, sizeof f);
    test::mend_seal(byte_span(data).last(4096));
    return code_of(must(samples::open(data))->footer_state());
  };
  EXPECT_EQ(lie([](footer&) {}), errc{});
  EXPECT_EQ(lie([](footer& f) { f.size = 1u; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.section_count = 33u; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.section_count = 1u; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.segment_count = ~std::uint64_t{0}; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.segment_count = std::uint64_t{0}; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.record_count = ~std::uint64_t{0}; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.last_checkpoint = std::uint64_t{0}; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.last_checkpoint = ~std::uint64_t{4095}; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.last_checkpoint = f.last_checkpoint.value() + 16; }), errc::decode);
  EXPECT_EQ(lie([](footer& f) { f.pack_size = std::uint64_t{8192}; }), errc::damaged);
  EXPECT_EQ(lie([](footer& f) { f.session = {}; }), errc::damaged);
  EXPECT_EQ(lie([](footer& f) { f.compat = std::uint64_t{1}; }), errc::damaged);
  EXPECT_EQ(lie([](footer& f) { f.version_major_ = std::uint16_t{2}; }), errc::unsupported_version);
}

TEST(pack_reader, skips_sections_it_does_not_know) {
  auto data = builder(samples::super()).add(10).manifest(test::text_bytes("{}")).finish().data;
  auto f = read_struct<footer>(byte_view(data).last(4096));
  f.sections[0].type = 77u;
  std::memcpy(data.data() + data.size() - 4096, &f, sizeof f);
  test::mend_seal(byte_span(data).last(4096));
  const auto sections = must(must(samples::open(data))->sections());
  ASSERT_EQ(sections.size(), 1u);
  EXPECT_EQ(sections[0].copy, 1u);
}

}  // namespace
}  // namespace umbra::native
