// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/record.h"

#include <gtest/gtest.h>

#include "tests/formats/native/pack_samples.h"
#include "tests/support/mend_pack.h"

namespace umbra::native {
namespace {

using samples::bytes;
using samples::must;

constexpr std::uint64_t place = 4096 + 16 * 7;

image::pack_id pack() { return samples::super().pack; }

record sample(const bytes& stored) {
  const content_hasher hasher(samples::super().domain.id_key);
  return plain_record(record_type::leaf, hasher, stored);
}

record_header header() {
  static const auto stored = test::random_bytes(5, 1000);
  return encode_header(sample(stored), pack(), place, 42);
}

errc code_of(byte_view head, const image::pack_id& of, std::uint64_t at) {
  const auto decoded = decode_header(head, of, at);
  return decoded.has_error() ? decoded.assume_error().code() : errc{};
}

// A header that its maker wrote like that: right CRC, other fields.
template <class Change>
errc code_after(const Change& change) {
  bytes data(place + sizeof(record_header));
  const auto super = encode(samples::super());
  std::memcpy(data.data(), &super, sizeof super);
  auto h = header();
  change(h);
  std::memcpy(data.data() + place, &h, sizeof h);
  test::mend_header(data, place);
  return code_of(byte_view(data).subspan(place), pack(), place);
}

TEST(record, header_comes_back_as_it_was_written) {
  const auto stored = test::random_bytes(5, 1000);
  const auto r = sample(stored);
  const auto h = encode_header(r, pack(), place, 42);
  const auto info = must(decode_header(bytes_of(h), pack(), place));
  EXPECT_EQ(info.type, record_type::leaf);
  EXPECT_EQ(info.id, r.id);
  EXPECT_EQ(info.sequence, 42u);
  EXPECT_EQ(info.header_size, 96u);
  EXPECT_EQ(info.stored_size, 1000u);
  EXPECT_EQ(info.plain_size, 1000u);
  EXPECT_EQ(info.codec, codec::codec_id::none);
  EXPECT_EQ(info.checksum, checksum(stored));
  EXPECT_EQ(info.extent(), record_extent(1000));
}

TEST(record, extent_is_a_multiple_of_16) {
  EXPECT_EQ(record_extent(0), 96u);
  EXPECT_EQ(record_extent(1), 112u);
  EXPECT_EQ(record_extent(16), 112u);
  EXPECT_EQ(record_extent(17), 128u);
  EXPECT_EQ(record_extent(~0u), 96u + (std::uint64_t{1} << 32));
}

TEST(record, refuses_header_moved_to_another_offset) {
  const auto h = header();
  EXPECT_EQ(code_of(bytes_of(h), pack(), place), errc{});
  for (const auto at : {place + 16, place - 16, place + 4096, place + (std::uint64_t{1} << 32)})
    EXPECT_EQ(code_of(bytes_of(h), pack(), at), errc::checksum);
}

TEST(record, refuses_header_of_another_pack) {
  const auto h = header();
  EXPECT_EQ(code_of(bytes_of(h), samples::super(2).pack, place), errc::checksum);
  auto sibling = pack();
  ++sibling.number;
  EXPECT_EQ(code_of(bytes_of(h), sibling, place), errc::checksum);
  auto namesake = pack();
  namesake.session.bytes[15] ^= std::byte{1};  // the tag is the same, the session is not
  EXPECT_EQ(code_of(bytes_of(h), namesake, place), errc::checksum);
}

TEST(record, refuses_header_with_any_flipped_bit) {
  const auto h = header();
  const auto view = bytes_of(h);
  bytes data(view.begin(), view.end());
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    samples::flip(data, bit);
    ASSERT_NE(code_of(data, pack(), place), errc{}) << "bit " << bit;
    samples::flip(data, bit);
  }
}

TEST(record, refuses_what_it_does_not_know_and_must) {
  EXPECT_EQ(code_after([](record_header&) {}), errc{});
  EXPECT_EQ(code_after([](record_header& h) { h.flags_required = std::uint16_t{0x8000}; }), errc::unknown_feature);
  EXPECT_EQ(code_after([](record_header& h) { h.cipher = std::uint8_t{1}; }), errc::unknown_feature);
  EXPECT_EQ(code_after([](record_header& h) { h.codec = std::uint8_t{99}; }), errc::unknown_feature);
  EXPECT_EQ(code_after([](record_header& h) { h.id_algorithm = std::uint8_t{2}; }), errc::unknown_feature);
}

TEST(record, passes_over_what_it_may_not_know) {
  EXPECT_EQ(code_after([](record_header& h) { h.flags_optional = std::uint16_t{0xffff}; }), errc{});
  EXPECT_EQ(code_after([](record_header& h) { h.type = std::uint16_t{500}; }), errc{});
  EXPECT_EQ(code_after([](record_header& h) { h.reserved0 = 1u; }), errc{});
  EXPECT_EQ(code_after([](record_header& h) { h.header_size = std::uint16_t{112}; }), errc{});
}

TEST(record, refuses_impossible_numbers) {
  for (const auto size : std::vector<std::uint16_t>{0, 16, 95, 97, 4112, 65520})
    EXPECT_EQ(code_after([&](record_header& h) { h.header_size = size; }), errc::decode) << size;
  EXPECT_EQ(code_after([](record_header& h) { h.stored_size = h.plain_size = max_plain + 1; }), errc::decode);
  EXPECT_EQ(code_after([](record_header& h) { h.plain_size = 1001u; }), errc::decode);  // stored raw
  EXPECT_EQ(code_after([](record_header& h) { h.session_index = std::uint8_t{1}; }), errc::decode);
  EXPECT_EQ(code_after([](record_header& h) { h.type = std::uint16_t{0}; }), errc::decode);
  EXPECT_EQ(code_after([](record_header& h) { h.pack_tag = std::uint64_t{0}; }), errc::decode);
}

TEST(record, refuses_a_type_under_another_types_magic) {
  EXPECT_EQ(code_after([](record_header& h) { h.type = std::uint16_t{1}; }), errc::decode);
  EXPECT_EQ(code_after([](record_header& h) { h.magic_ = data_magic; }), errc::decode);
  EXPECT_EQ(code_after([](record_header& h) { h.magic_ = footer_magic; }), errc::bad_magic);
}

}  // namespace
}  // namespace umbra::native
