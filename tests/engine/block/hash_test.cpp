// SPDX-License-Identifier: GPL-3.0-or-later
// Published vectors, and XXH3 against a second copy of it: the header's inline, scalar build instead of the library's dispatch.
#include "engine/block/hash.h"

#include <gtest/gtest.h>

#define XXH_INLINE_ALL
#define XXH_VECTOR 0
#include <xxhash.h>

#include <boost/crc.hpp>
#include <thread>

#include "engine/base/random.h"
#include "engine/block/crc32c.h"
#include "tests/support/pattern.h"

namespace umbra {
namespace {

// Each side of every length at which XXH3, BLAKE3 or CRC-32C changes its way of working.
constexpr std::size_t lengths[] = {0,    1,    2,    3,     4,     7,     8,     9,     15,     16,   17,   31,
                                   32,   63,   64,   65,    127,   128,   129,   239,   240,    241,  255,  256,
                                   511,  512,  513,  1023,  1024,  1025,  2048,  2049,  3072,   4095, 4096, 4097,
                                   8191, 8192, 8193, 16384, 31744, 65535, 65536, 65537, 1048576};

change_secret default_secret() {
  return read_struct<change_secret>(as_bytes({reinterpret_cast<const char*>(XXH3_kSecret), 192}));
}

std::string hex_of(const XXH128_hash_t& hash) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return to_hex(bytes_of(canonical));
}

content_key key_of(std::string_view text) { return read_struct<content_key>(as_bytes(text)); }

// The input of BLAKE3's published vectors.
std::vector<std::byte> counting_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 251);
  return bytes;
}

TEST(change_hash, of_nothing_is_the_published_one) {
  EXPECT_EQ(to_hex(change_hasher(default_secret())({}).view()), "99aa06d3014798d86001c324468d497f");
}

TEST(change_hash, equals_the_plain_library_function) {
  const auto secret = seeded_random(11)->make<change_secret>();
  const auto data = test::random_bytes(1, 1048576);
  for (const auto length : lengths) {
    const auto bytes = byte_view(data).first(length);
    EXPECT_EQ(to_hex(change_hasher(secret)(bytes).view()),
              hex_of(XXH3_128bits_withSecret(bytes.data(), length, secret.bytes.data(), secret.bytes.size())))
        << length;
    EXPECT_EQ(to_hex(change_hasher(default_secret())(bytes).view()), hex_of(XXH3_128bits(bytes.data(), length))) << length;
  }
}

TEST(change_hash, depends_on_every_part_of_the_secret_that_a_block_uses) {
  const auto data = test::random_bytes(2, 65536);
  const auto secret = seeded_random(12)->make<change_secret>();
  const auto hash = change_hasher(secret)(data);
  for (std::size_t at = 0; at < change_secret::size; at += 8) {
    auto other = secret;
    other.bytes[at] ^= std::byte{1};
    EXPECT_NE(change_hasher(other)(data), hash) << at;
  }
}

TEST(change_hash, sees_any_single_flipped_bit) {
  auto data = test::random_bytes(3, 4096);
  const change_hasher hasher(seeded_random(13)->make<change_secret>());
  const auto hash = hasher(data);
  for (std::size_t at = 0; at < data.size(); ++at) {
    data[at] ^= std::byte{0x10};
    ASSERT_NE(hasher(data), hash) << at;
    data[at] ^= std::byte{0x10};
  }
  EXPECT_EQ(hasher(data), hash);
}

TEST(checksum, of_nothing_is_the_published_one) { EXPECT_EQ(checksum({}), 0x2D06800538D394C2U); }

TEST(checksum, equals_the_plain_library_function) {
  const auto data = test::random_bytes(4, 1048576);
  for (const auto length : lengths) {
    const auto bytes = byte_view(data).first(length);
    EXPECT_EQ(checksum(bytes), XXH3_64bits(bytes.data(), length)) << length;
    EXPECT_EQ(checksum(bytes, 0x123456789abcdef0U), XXH3_64bits_withSeed(bytes.data(), length, 0x123456789abcdef0U)) << length;
    EXPECT_EQ(checksum(bytes, 0), checksum(bytes)) << length;
  }
}

TEST(checksum, seed_binds_bytes_to_a_place) {
  const auto data = test::random_bytes(5, 4096);
  EXPECT_NE(checksum(data, 4096), checksum(data, 8192));
}

TEST(seal, equals_the_published_vectors) {
  EXPECT_EQ(to_hex(seal_of({}).view()), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  EXPECT_EQ(to_hex(seal_of(counting_bytes(1)).view()), "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213");
  EXPECT_EQ(to_hex(seal_of(counting_bytes(1024)).view()), "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7");
  EXPECT_EQ(to_hex(seal_of(counting_bytes(102400)).view()), "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085");
}

TEST(content_id, equals_the_published_keyed_vectors) {
  const content_hasher hasher(key_of("whats the Elvish word for friend"));
  EXPECT_EQ(to_hex(hasher({}).view()), "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26");
  EXPECT_EQ(to_hex(hasher(counting_bytes(1)).view()), "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b");
  EXPECT_EQ(to_hex(hasher(counting_bytes(1024)).view()), "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4");
  EXPECT_EQ(to_hex(hasher(counting_bytes(102400)).view()), "1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7");
}

TEST(content_id, differs_between_keys_and_from_the_plain_hash) {
  const auto data = test::random_bytes(6, 65536);
  const auto a = content_hasher(seeded_random(1)->make<content_key>())(data);
  const auto b = content_hasher(seeded_random(2)->make<content_key>())(data);
  EXPECT_NE(a, b);
  EXPECT_NE(to_hex(a.view()), to_hex(seal_of(data).view()));
}

TEST(hashers, give_the_same_answer_on_every_thread) {
  const auto data = test::random_bytes(7, 65536);
  const change_hasher change(seeded_random(3)->make<change_secret>());
  const content_hasher content(seeded_random(4)->make<content_key>());
  const auto want_change = change(data);
  const auto want_content = content(data);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        ASSERT_EQ(change(data), want_change);
        ASSERT_EQ(content(data), want_content);
      }
    });
  }
}

std::uint32_t boost_crc32c(byte_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> machine;
  machine.process_bytes(bytes.data(), bytes.size());
  return machine.checksum();
}

TEST(crc32c, equals_the_vectors_of_rfc_3720) {
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32)), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::vector<std::byte>(32, std::byte{0xff})), 0x62A8AB43U);
  EXPECT_EQ(crc32c(counting_bytes(32)), 0x46DD794EU);
}

TEST(crc32c, of_two_parts_is_that_of_the_whole) {
  const auto data = test::random_bytes(8, 300);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    ASSERT_EQ(crc32c(byte_view(data).first(cut), byte_view(data).subspan(cut)), boost_crc32c(data)) << cut;
  }
}

TEST(crc32c, both_ways_agree_at_every_length_and_alignment) {
  if (!crc::has_hardware()) GTEST_SKIP() << "this CPU has no crc32 instruction";
  const auto data = test::random_bytes(9, 400);
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t length = 0; length <= 390; ++length) {
      const auto bytes = byte_view(data).subspan(offset, length);
      ASSERT_EQ(crc::update_hardware(0x12345678, bytes), crc::update_portable(0x12345678, bytes)) << offset << ' ' << length;
    }
  }
}

TEST(crc32c, portable_way_equals_boosts_own_definition) {
  const auto data = test::random_bytes(10, 5000);
  for (const std::size_t length : {0U, 1U, 8U, 9U, 100U, 4096U, 5000U}) {
    const auto bytes = byte_view(data).first(length);
    EXPECT_EQ(~crc::update_portable(~0U, bytes), boost_crc32c(bytes)) << length;
    EXPECT_EQ(crc32c(bytes), boost_crc32c(bytes)) << length;
  }
}

}  // namespace
}  // namespace umbra
