// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/superblock.h"

#include <gmock/gmock.h>

#include "tests/formats/native/pack_samples.h"
#include "tests/support/mend_pack.h"

namespace umbra::native {
namespace {

using samples::bytes;
using samples::must;
using testing::HasSubstr;

bytes encoded(const superblock_info& info) {
  const auto block = encode(info);
  const auto view = bytes_of(block);
  return {view.begin(), view.end()};
}

// A superblock changed by its maker, not by accident.
template <class Change>
bytes resealed(const Change& change) {
  auto block = encode(samples::super());
  change(block);
  const auto view = bytes_of(block);
  bytes data(view.begin(), view.end());
  test::mend_seal(data);
  return data;
}

errc code_of(byte_view data, superblock_kind kind = superblock_kind::pack) {
  const auto decoded = decode_superblock(data, kind);
  return decoded.has_error() ? decoded.assume_error().code() : errc{};
}

std::string text_of(byte_view data) {
  const auto decoded = decode_superblock(data, superblock_kind::pack);
  return decoded.has_error() ? decoded.assume_error().text() : std::string();
}

TEST(superblock, comes_back_as_it_was_written) {
  auto info = samples::super();
  info.words = {1, 2, 4, 8};
  info.writer = "umbra 9.9";
  info.writer_build_ = 77;
  const auto back = must(decode_superblock(encoded(info), superblock_kind::pack));
  EXPECT_EQ(back.kind, superblock_kind::pack);
  EXPECT_EQ(back.domain.id, info.domain.id);
  EXPECT_EQ(back.domain.id_key, info.domain.id_key);
  EXPECT_EQ(back.domain.secret, info.domain.secret);
  EXPECT_EQ(back.domain.block_size, info.domain.block_size);
  EXPECT_EQ(back.pack, info.pack);
  EXPECT_EQ(back.words, info.words);
  EXPECT_EQ(back.writer, "umbra 9.9");
  EXPECT_EQ(back.writer_build_, 77u);
}

TEST(superblock, of_a_vault_has_no_session) {
  auto info = samples::super();
  info.kind = superblock_kind::vault;
  const auto back = must(decode_superblock(encoded(info), superblock_kind::vault));
  EXPECT_TRUE(back.pack.session.is_none());
  EXPECT_EQ(back.pack.number, 0u);
}

TEST(superblock, names_its_specification_in_clear_text) {
  const auto data = encoded(samples::super());
  EXPECT_THAT(std::string(as_text(data)), HasSubstr("docs/formats/native-v1.md"));
}

TEST(superblock, with_any_flipped_bit_is_refused) {
  auto data = encoded(samples::super());
  for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
    samples::flip(data, bit);
    ASSERT_NE(code_of(data), errc{}) << "bit " << bit;
    samples::flip(data, bit);
  }
  EXPECT_EQ(code_of(data), errc{});
}

TEST(superblock, cut_off_anywhere_is_refused) {
  const auto data = encoded(samples::super());
  for (std::size_t size = 0; size < data.size(); ++size)
    ASSERT_EQ(code_of(byte_view(data).first(size)), size < 8 ? errc::bad_magic : errc::damaged) << size;
}

TEST(superblock, of_the_other_kind_is_named) {
  EXPECT_EQ(code_of(encoded(samples::super()), superblock_kind::vault), errc::bad_magic);
  auto vault = samples::super();
  vault.kind = superblock_kind::vault;
  EXPECT_THAT(text_of(encoded(vault)), HasSubstr("superblock of a vault, not of a pack"));
}

TEST(superblock, hints_at_text_transfers) {
  const auto data = encoded(samples::super());
  auto seven_bit = data;
  for (auto& byte : seven_bit) byte &= std::byte{0x7f};
  EXPECT_THAT(text_of(seven_bit), HasSubstr("eighth bit"));
  auto to_unix = data;
  to_unix.erase(to_unix.begin() + 4);
  EXPECT_THAT(text_of(to_unix), HasSubstr("as text"));
  auto to_dos = data;
  to_dos.insert(to_dos.begin() + 5, std::byte{'\r'});
  EXPECT_THAT(text_of(to_dos), HasSubstr("as text"));
  auto late = data;
  late.insert(late.begin() + 7, std::byte{'\r'});
  EXPECT_THAT(text_of(late), HasSubstr("as text"));
  EXPECT_EQ(text_of(test::random_bytes(1, 4096)), "not an Umbra image or pack");
}

TEST(superblock, of_another_major_version_is_told_from_damage) {
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.version_major_ = std::uint16_t{2}; })), errc::unsupported_version);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.version_minor_ = std::uint16_t{9}; })), errc{});
  auto damaged = encoded(samples::super());
  damaged[8] ^= std::byte{3};  // version 2, but the seal says that nobody wrote that
  EXPECT_EQ(code_of(damaged), errc::checksum);
}

TEST(superblock, with_unknown_algorithms_is_refused) {
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.id_algorithm = std::uint8_t{2}; })), errc::unsupported_version);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.change_algorithm = std::uint8_t{0}; })), errc::unsupported_version);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.checksum_algorithm = std::uint8_t{9}; })), errc::unsupported_version);
}

TEST(superblock, with_impossible_numbers_is_refused) {
  for (const std::uint32_t size : {0u, 512u, 4095u, 4097u, 6000u, 8u << 20, ~0u})
    EXPECT_EQ(code_of(resealed([&](superblock& s) { s.block_size = size; })), errc::decode) << size;
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.max_plain_ = max_plain + 1; })), errc::decode);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.max_plain_ = 4096u; })), errc::decode);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.size = 8192u; })), errc::decode);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.kind = 2u; })), errc::decode);
  EXPECT_EQ(code_of(resealed([](superblock& s) { s.session = {}; })), errc::decode);
}

TEST(superblock, ignores_reserved_bytes) {
  EXPECT_EQ(code_of(resealed([](superblock& s) {
              s.reserved0 = std::uint8_t{1};
              s.reserved1 = 7u;
              s.reserved2.fill(std::byte{0xee});
              s.reserved3.fill(std::byte{0x55});
            })),
            errc{});
}

TEST(superblock, writers_name_is_printable_whatever_it_was) {
  const auto data = resealed([](superblock& s) {
    std::fill(std::begin(s.writer), std::end(s.writer), '\x1b');
    s.writer[1] = '[';
  });
  const auto info = must(decode_superblock(data, superblock_kind::pack));
  EXPECT_EQ(info.writer, "?[" + std::string(30, '?'));
}

}  // namespace
}  // namespace umbra::native
