// SPDX-License-Identifier: GPL-3.0-or-later
#include <gmock/gmock.h>

#include "formats/native/checkpoint.h"
#include "formats/native/mini_index.h"
#include "tests/formats/native/pack_samples.h"
#include "tests/support/mend_pack.h"

namespace umbra::native {
namespace {

using samples::builder;
using samples::bytes;
using samples::must;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

// Messages of a walk; a pack that does not even open counts as one.
std::vector<std::string> damage_of(byte_view data, range unreadable = {}) {
  const auto report = samples::walk(data, unreadable);
  if (report.has_error()) return {report.assume_error().message()};
  std::vector<std::string> words;
  for (const auto& e : report.assume_value().damage) words.push_back(e.message());
  return words;
}

// Records of data that a walk saw whole.
std::size_t good_blocks(byte_view data, range unreadable = {}) {
  std::size_t count = 0;
  must(must(samples::open(data, unreadable))->walk([&](const pack_reader::walked_record& r) -> result<void> {
    if (r.info.type == record_type::data && r.checksum_ok) ++count;
    return success();
  }));
  return count;
}

std::vector<std::uint64_t> places_of(byte_view data, record_type type) {
  std::vector<std::uint64_t> places;
  must(must(samples::open(data))->walk([&](const pack_reader::walked_record& r) -> result<void> {
    if (r.info.type == type) places.push_back(r.offset);
    return success();
  }));
  return places;
}

TEST(pack_walk, finds_nothing_wrong_with_what_was_written) {
  EXPECT_THAT(damage_of(samples::small().data), IsEmpty());
  EXPECT_THAT(damage_of(builder(samples::super()).finish().data), IsEmpty());
  for (const std::size_t segments : {1u, 2u, 64u, 65u, 130u}) EXPECT_THAT(damage_of(samples::many(segments).data), IsEmpty());
  EXPECT_THAT(damage_of(builder(samples::super()).add(100).manifest(test::text_bytes("{}")).finish().data), IsEmpty());
}

TEST(pack_walk, shows_every_record_and_counts_bytes) {
  const auto pack = samples::many(66);
  std::size_t next = 0;
  std::uint64_t all = 0;
  const auto report = must(must(samples::open(pack.data))->walk([&](const pack_reader::walked_record& r) -> result<void> {
    ++all;
    EXPECT_TRUE(r.checksum_ok);
    if (r.info.type != record_type::data) return success();
    EXPECT_EQ(r.offset, pack.records[next].where.offset);
    EXPECT_EQ(r.info.id, pack.records[next].id);
    EXPECT_EQ(bytes(r.stored.begin(), r.stored.end()), pack.records[next].plain);
    ++next;
    return success();
  }));
  EXPECT_EQ(next, pack.records.size());
  EXPECT_EQ(report.records, all);
  EXPECT_EQ(report.bytes, pack.data.size());
}

TEST(pack_walk, reads_packs_larger_than_its_window) {
  builder b(samples::super());
  for (int i = 0; i < 160; ++i) b.add(64 << 10);
  b.add(9 << 20, record_type::leaf);
  const auto pack = b.finish();
  EXPECT_THAT(damage_of(pack.data), IsEmpty());
  EXPECT_EQ(good_blocks(pack.data), 160u);
}

TEST(pack_walk, finds_every_single_flipped_bit) {
  auto pack = samples::small();
  for (std::size_t bit = 0; bit < pack.data.size() * 8; ++bit) {
    samples::flip(pack.data, bit);
    ASSERT_FALSE(damage_of(pack.data).empty()) << "bit " << bit % 8 << " of byte " << bit / 8;
    samples::flip(pack.data, bit);
  }
}

TEST(pack_walk, finds_flipped_bytes_in_packs_with_everything) {
  auto data = builder(samples::super(), {500, 2})
                  .add(600)
                  .add(501)
                  .add(3, record_type::node)
                  .add(500)
                  .manifest(test::text_bytes("{}"))
                  .finish()
                  .data;
  for (std::size_t at = 0; at < data.size(); ++at) {
    data[at] ^= std::byte{0x5a};
    ASSERT_FALSE(damage_of(data).empty()) << "byte " << at;
    data[at] ^= std::byte{0x5a};
  }
}

TEST(pack_walk, finds_every_cut) {
  const auto pack = samples::many(2);
  for (std::size_t size = 0; size < pack.data.size(); ++size)
    ASSERT_FALSE(damage_of(byte_view(pack.data).first(size)).empty()) << size;
}

TEST(pack_walk, says_that_a_cut_pack_has_no_footer) {
  const auto pack = samples::many(2);
  const auto words = damage_of(byte_view(pack.data).first(pack.data.size() - 4096));
  ASSERT_EQ(words.size(), 1u);
  EXPECT_THAT(words[0], HasSubstr("no footer"));
}

TEST(pack_walk, finds_bytes_after_the_footer) {
  for (const std::size_t extra : {1u, 15u, 16u, 4096u, 5000u}) {
    auto data = samples::small().data;
    data.resize(data.size() + extra);
    EXPECT_THAT(damage_of(data), Contains(HasSubstr("after the footer"))) << extra;
  }
}

TEST(pack_walk, finds_two_segments_in_each_others_place) {
  auto pack = samples::many(4);
  std::swap_ranges(pack.data.begin() + 4096, pack.data.begin() + 8192, pack.data.begin() + 8192);
  EXPECT_THAT(damage_of(pack.data), Contains(HasSubstr("pack at 4096")));
}

TEST(pack_walk, finds_a_record_moved_to_another_offset) {
  auto pack = samples::small();
  const auto from = pack.data.begin() + static_cast<std::ptrdiff_t>(pack.records[2].where.offset);
  std::copy(from, from + 96 + 50, pack.data.begin() + 4096);
  EXPECT_THAT(damage_of(pack.data), Contains(HasSubstr("checksum")));
}

TEST(pack_walk, finds_a_segment_of_another_pack) {
  auto pack = samples::many(3);
  builder foreign(samples::super(2), {1000, 64});
  for (int i = 0; i < 3; ++i) foreign.add(300).add(600);
  const auto other = foreign.finish();
  std::copy(other.data.begin() + 4096, other.data.begin() + 8192, pack.data.begin() + 4096);
  EXPECT_THAT(damage_of(pack.data), Contains(HasSubstr("another pack")));
  EXPECT_EQ(good_blocks(pack.data), 4u);
}

TEST(pack_walk, finds_a_foreign_footer) {
  auto pack = samples::small();
  const auto other = builder(samples::super(2)).add(700).add(300, record_type::leaf).add(50).finish();
  std::copy(other.data.end() - 4096, other.data.end(), pack.data.end() - 4096);
  EXPECT_THAT(damage_of(pack.data), Contains(HasSubstr("footer of another pack")));
}

TEST(pack_walk, goes_on_behind_damage) {
  const auto pack = samples::many(10, 3);
  for (std::size_t i = 0; i < pack.records.size(); ++i) {
    auto data = pack.data;
    data[pack.records[i].where.offset] ^= std::byte{1};  // the header's magic
    EXPECT_EQ(good_blocks(data), pack.records.size() - 1);
    EXPECT_EQ(damage_of(data).size(), 1u) << "one wound, one word";
  }
}

TEST(pack_walk, tells_one_damage_for_a_lost_mini_index_or_checkpoint) {
  const auto pack = samples::many(10, 3);
  for (const auto type : {record_type::mini_index, record_type::checkpoint, record_type::padding}) {
    for (const auto place : places_of(pack.data, type)) {
      auto data = pack.data;
      data[place + 20] ^= std::byte{1};
      EXPECT_EQ(damage_of(data).size(), 1u) << place;
      EXPECT_EQ(good_blocks(data), pack.records.size());
    }
  }
}

TEST(pack_walk, goes_on_behind_lost_pages_and_zeroed_segments) {
  const auto pack = samples::many(30, 4);
  for (std::size_t page = 1; page + 1 < pack.data.size() / 4096; ++page) {
    auto data = pack.data;
    std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(page * 4096), 4096, std::byte{});
    EXPECT_EQ(damage_of(data).size(), 1u) << page;
    EXPECT_GE(good_blocks(data), pack.records.size() - 2);
  }
}

TEST(pack_walk, takes_unreadable_sectors_as_damage_and_goes_on) {
  const auto pack = samples::many(30, 4);
  const range bad{8192 + 512, 512};
  const auto words = damage_of(pack.data, bad);
  ASSERT_FALSE(words.empty());
  EXPECT_THAT(words[0], HasSubstr("bad sector"));
  EXPECT_GE(good_blocks(pack.data, bad), pack.records.size() - 2);
}

TEST(pack_walk, tells_damaged_payloads_with_their_record) {
  auto pack = samples::small();
  pack.data[4096 + 96] ^= std::byte{1};
  std::size_t wrong = 0;
  const auto report = must(must(samples::open(pack.data))->walk([&](const pack_reader::walked_record& r) -> result<void> {
    if (!r.checksum_ok) {
      EXPECT_EQ(r.offset, 4096u);
      ++wrong;
    }
    return success();
  }));
  EXPECT_EQ(wrong, 1u);
  ASSERT_EQ(report.damage_count, 1u);
  EXPECT_EQ(report.damage[0].code(), errc::checksum);
  EXPECT_THAT(report.damage[0].message(), HasSubstr("pack at 4096"));
}

TEST(pack_walk, ends_with_the_visitors_error) {
  const auto pack = samples::small();
  const auto stopped =
      must(samples::open(pack.data))->walk([](const auto&) -> result<void> { return error(errc::cancelled, "enough"); });
  ASSERT_TRUE(stopped.has_error());
  EXPECT_EQ(stopped.assume_error().text(), "enough");
}

TEST(pack_walk, keeps_a_thousand_words_and_counts_the_rest) {
  builder b(samples::super());
  for (int i = 0; i < 1500; ++i) b.add(8);
  auto pack = b.finish();
  for (const auto& r : pack.records) pack.data[r.where.offset + 96] ^= std::byte{1};
  const auto report = must(samples::walk(pack.data));
  EXPECT_EQ(report.damage.size(), 1000u);
  EXPECT_EQ(report.damage_count, 1500u);
}

// ---- what somebody wrote on purpose: all checksums are right
// --------------------------------------------------------------------

template <class Structure, class Change>
bytes with_lie(bytes data, std::uint64_t record, std::size_t at, const Change& change) {
  auto s = read_struct<Structure>(byte_view(data).subspan(record + at));
  change(s);
  std::memcpy(data.data() + record + at, &s, sizeof s);
  test::mend_record(data, record);
  return data;
}

TEST(pack_walk, finds_lies_in_a_mini_index) {
  const auto data = samples::small().data;
  const auto place = places_of(data, record_type::mini_index).at(0);
  const auto lie = [&](std::size_t at, auto change) { return damage_of(with_lie<mini_index_entry>(data, place, at, change)); };
  const auto entry = 96 + sizeof(mini_index_header);
  EXPECT_THAT(lie(entry, [](auto& e) { e.content_id[0] ^= std::byte{1}; }), Contains(HasSubstr("does not list")));
  EXPECT_THAT(lie(entry, [](auto& e) { e.type = std::uint16_t{2}; }), Contains(HasSubstr("does not list")));
  EXPECT_THAT(lie(entry, [](auto& e) { e.codec = std::uint8_t{1}; }), Contains(HasSubstr("does not list")));
  EXPECT_THAT(lie(entry, [](auto& e) { e.offset = std::uint64_t{0}; }), Contains(HasSubstr("outside its segment")));
  const auto head = [&](auto change) { return damage_of(with_lie<mini_index_header>(data, place, 96, change)); };
  EXPECT_THAT(head([](auto& h) { h.segment = 1u; }), Contains(HasSubstr("mini-index of segment 1 in segment 0")));
  EXPECT_THAT(head([](auto& h) { h.segment_offset = std::uint64_t{8192}; }), Contains(HasSubstr("outside its segment")));
  EXPECT_THAT(head([](auto& h) { h.count = 2u; }), Contains(HasSubstr("entries")));
}

TEST(pack_walk, finds_lies_in_a_checkpoint) {
  const auto data = samples::many(4, 2).data;
  const auto place = places_of(data, record_type::checkpoint).at(1);
  const auto lie = [&](auto change) {
    return damage_of(with_lie<checkpoint_entry>(data, place, 96 + sizeof(checkpoint_header), change));
  };
  EXPECT_THAT(lie([](auto& e) { e.segment_offset = e.segment_offset.value() + 4096; }), testing::Not(IsEmpty()));
  EXPECT_THAT(lie([](auto& e) { e.record_count = 7u; }), Contains(HasSubstr("outside its range")));
  const auto head = [&](auto change) { return damage_of(with_lie<checkpoint_header>(data, place, 96, change)); };
  EXPECT_THAT(head([](auto& h) { h.first_segment = 1u; }), Contains(HasSubstr("does not name the segments")));
  EXPECT_THAT(head([](auto& h) { h.previous = std::uint64_t{4096}; }), Contains(HasSubstr("follows one at 4096")));
  EXPECT_THAT(head([](auto& h) { h.previous = std::uint64_t{1} << 40; }), Contains(HasSubstr("checkpoint follows")));
}

TEST(pack_walk, finds_lies_in_headers_and_padding) {
  const auto data = samples::small().data;
  const auto padding = places_of(data, record_type::padding).at(0);
  EXPECT_THAT(damage_of(with_lie<std::byte>(data, padding, 100, [](auto& b) { b = std::byte{1}; })),
              Contains(HasSubstr("padding holds")));
  const auto header = [&](std::uint64_t at, auto change) { return damage_of(with_lie<record_header>(data, at, 0, change)); };
  EXPECT_THAT(header(4096, [](auto& h) { h.sequence = std::uint64_t{5}; }), Contains(HasSubstr("record 5 where 0 is due")));
  const auto carrier = builder(samples::super()).add(1).manifest(test::text_bytes("{}")).finish().data;
  const auto manifest = places_of(carrier, record_type::manifest).at(0);
  EXPECT_THAT(damage_of(with_lie<record_header>(carrier, manifest, 0, [](auto& h) { h.codec = std::uint8_t{1}; })),
              Contains(HasSubstr("not stored plain")));
  EXPECT_THAT(header(padding, [](auto& h) { h.content_id.fill(std::byte{1}); }), Contains(HasSubstr("padding with an id")));
  const auto index = places_of(data, record_type::mini_index).at(0);
  EXPECT_THAT(header(index, [](auto& h) { h.content_id.fill(std::byte{1}); }), Contains(HasSubstr("id is not that")));
}

TEST(pack_walk, finds_blocks_larger_than_the_pack_allows) {
  auto data = samples::small().data;
  auto s = read_struct<superblock>(data);
  s.block_size = 4096u;
  std::memcpy(data.data(), &s, sizeof s);
  test::mend_seal(byte_span(data).first(4096));
  EXPECT_THAT(damage_of(data), IsEmpty());
  auto large = builder(samples::super()).add(5000).finish().data;
  std::memcpy(large.data() + offsetof(superblock, block_size), &s.block_size, 4);
  test::mend_seal(byte_span(large).first(4096));
  EXPECT_THAT(damage_of(large), Contains(HasSubstr("a block of 5000 bytes")));
}

TEST(pack_walk, finds_lies_in_the_footer) {
  const auto data = builder(samples::super()).add(100).manifest(test::text_bytes("{}")).finish().data;
  const auto lie = [&](auto change) {
    auto lying = data;
    auto f = read_struct<footer>(byte_view(lying).last(4096));
    change(f);
    std::memcpy(lying.data() + lying.size() - 4096, &f, sizeof f);
    test::mend_seal(byte_span(lying).last(4096));
    return damage_of(lying);
  };
  EXPECT_THAT(lie([](footer&) {}), IsEmpty());
  EXPECT_THAT(lie([](footer& f) { f.record_count = std::uint64_t{1}; }), Contains(HasSubstr("counts 1 records")));
  EXPECT_THAT(lie([](footer& f) { f.segment_count = std::uint64_t{1}; }), Contains(HasSubstr("counts 1 segments")));
  EXPECT_THAT(lie([](footer& f) { f.last_checkpoint = std::uint64_t{4096}; }), Contains(HasSubstr("last checkpoint")));
  EXPECT_THAT(lie([](footer& f) { f.sections[0].offset = std::uint64_t{4096}; }), Contains(HasSubstr("names a manifest")));
  EXPECT_THAT(lie([](footer& f) { f.section_count = 1u; }), Contains(HasSubstr("fewer manifests")));
}

}  // namespace
}  // namespace umbra::native
