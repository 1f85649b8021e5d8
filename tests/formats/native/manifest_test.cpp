// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/manifest.h"

#include <gtest/gtest.h>

#include "tests/formats/native/map_samples.h"

namespace umbra::native {
namespace {

using image::block_state;
using test::dice;
using test::edit;

const content_hasher hasher{test::sample_key()};

// Two sources, one with a map, and three packs.
manifest sample() {
  dice d(1);
  manifest m;
  m.info.id = d.id<image::session_id>();
  m.info.parent = d.id<image::session_id>();
  m.info.domain = d.id<image::domain_id>();
  m.info.block_size = 65536;
  m.info.created = -5;
  m.info.metadata = R"({"name":"disk","sources":["/dev/sda"]})";
  m.info.new_plain_bytes = 1000;
  m.info.new_stored_bytes = 900;
  m.info.sources = {{.size = 1_TiB, .stored_bytes = 1_GiB, .zero_bytes = 1_TiB - 1_GiB - 7, .unreadable_bytes = 7},
                    {.size = 5, .logical_sector = 4096, .unallocated_bytes = 5}};
  m.roots = {{2, test::sample_page(d)}, {1, test::uniform_pointer(block_state::unallocated)}};
  m.roots[0].page.where.pack = test::sample_pack(2);
  m.packs = {{test::sample_pack(1), 12288}, {test::sample_pack(2), 0}, {test::sample_pack(3), 1_GiB}};
  m.plan = 3;
  m.info.root = root_of(m, hasher);
  return m;
}

// Edits at `at` and seals again, as somebody hostile would.
template <class T, class F>
std::vector<std::byte> forged(std::size_t at, F change) {
  auto bytes = encode(sample(), hasher);
  edit<T>(bytes, at, change);
  const seal again = seal_of(byte_view(bytes).first(bytes.size() - seal::size));
  std::copy(again.bytes.begin(), again.bytes.end(), bytes.end() - seal::size);
  return bytes;
}

template <class F>
errc verdict_on(F change) {
  manifest m = sample();
  change(m);
  const auto back = decode_manifest(encode(m, hasher));
  return back ? errc{} : back.error().code();
}

TEST(manifest, comes_back_as_it_was) {
  const manifest m = sample();
  const auto bytes = encode(m, hasher);
  const auto read = decode_manifest(bytes);
  ASSERT_TRUE(read) << read.error().message();
  const manifest& back = read.value();
  EXPECT_EQ(back.info.id, m.info.id);
  EXPECT_EQ(back.info.parent, m.info.parent);
  EXPECT_EQ(back.info.domain, m.info.domain);
  EXPECT_EQ(back.info.block_size, m.info.block_size);
  EXPECT_EQ(back.info.created, m.info.created);
  EXPECT_EQ(back.info.metadata, m.info.metadata);
  EXPECT_EQ(back.info.root, m.info.root);
  EXPECT_EQ(back.info.sources[0].unreadable_bytes, 7u);
  EXPECT_EQ(back.info.sources[1].logical_sector, 4096u);
  EXPECT_EQ(back.roots[0].page, m.roots[0].page);
  EXPECT_EQ(back.roots[1].page, m.roots[1].page);
  EXPECT_EQ(back.packs[2].size, m.packs[2].size);
  EXPECT_EQ(encode(back, hasher), bytes);
}

TEST(manifest, may_be_of_a_single_file_or_of_nothing) {
  manifest m = sample();
  m.single_file = true;
  m.plan = 0;
  EXPECT_TRUE(decode_manifest(encode(m, hasher)).value().single_file);
  m.info.sources = {};
  m.roots = {};
  m.packs = {};
  m.info.metadata = "{}";
  EXPECT_TRUE(decode_manifest(encode(m, hasher)));
}

TEST(manifest, finds_every_flipped_bit) {
  const auto bytes = encode(sample(), hasher);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    test::flip_bit(flipped, bit);
    ASSERT_FALSE(decode_manifest(flipped)) << bit;
  }
}

TEST(manifest, refuses_every_truncation_and_every_tail) {
  auto bytes = encode(sample(), hasher);
  for (std::size_t n = 0; n < bytes.size(); ++n) ASSERT_FALSE(decode_manifest(byte_view(bytes).first(n))) << n;
  bytes.push_back({});
  EXPECT_FALSE(decode_manifest(bytes));
}

TEST(manifest, tells_kinds_of_failure_apart) {
  const auto code = [](const std::vector<std::byte>& bytes) { return decode_manifest(bytes).error().code(); };
  using header = manifest_header;
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.magic_[0] ^= 1; })), errc::bad_magic);
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.version_major_ = 2; })), errc::unsupported_version);
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.incompat = std::uint64_t{1} << 63; })), errc::unknown_feature);
  auto flipped = encode(sample(), hasher);
  flipped[300] ^= std::byte{1};
  EXPECT_EQ(code(flipped), errc::checksum);
}

TEST(manifest, refuses_hostile_counts) {
  const auto code = [](const std::vector<std::byte>& bytes) { return decode_manifest(bytes).error().code(); };
  using header = manifest_header;
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.source_count = 0xffffffff; })), errc::damaged);
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.pack_count = 0xffffffff; })), errc::damaged);
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.metadata_size = 0xffffffff; })), errc::damaged);
  EXPECT_EQ(code(forged<header>(0, [](header& h) { h.size = h.size.value() - 1; })), errc::damaged);
  EXPECT_EQ(code(forged<header>(0,
                                [](header& h) {
                                  h.pack_count = h.pack_count.value() - 1;
                                  h.metadata_size = h.metadata_size.value() + 32;
                                })),
            errc::damaged);
}

TEST(manifest, ignores_reserved_bytes_and_minor_versions) {
  EXPECT_TRUE(decode_manifest(forged<manifest_header>(0, [](manifest_header& h) { h.reserved.fill(std::byte{1}); })));
  EXPECT_TRUE(decode_manifest(forged<manifest_header>(0, [](manifest_header& h) { h.version_minor_ = 9; })));
  EXPECT_TRUE(decode_manifest(forged<manifest_source>(256, [](manifest_source& s) { s.reserved1.fill(std::byte{1}); })));
}

TEST(manifest, refuses_headers_that_cannot_be) {
  EXPECT_EQ(verdict_on([](manifest&) {}), errc{});
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.id = {}; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.parent = m.info.id; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.block_size = 0; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.block_size = 8_MiB; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.single_file = true; }), errc::damaged);
}

TEST(manifest, refuses_sources_that_cannot_be) {
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.sources[0].size += 1; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.sources[0].zero_bytes += 1; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) {
              m.info.sources[0].excluded_bytes = ~std::uint64_t{0};  // overflows back to the right sum
              m.info.sources[0].zero_bytes += 1;
            }),
            errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.sources[0].logical_sector = 520; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[0].level = 3; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[1].level = 0; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[1].page.state = block_state::stored; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[1].page.plain_size = 1; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[0].page.where.offset += 8; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.roots[0].page.plain_size = max_plain; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.sources[1] = {}, m.roots[1].page = m.roots[0].page; }), errc::damaged);
}

TEST(manifest, refuses_pack_lists_that_are_not_sorted_unique_and_complete) {
  EXPECT_EQ(verdict_on([](manifest& m) { std::swap(m.packs[0], m.packs[1]); }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.packs[0] = m.packs[1]; }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.packs.erase(m.packs.begin() + 1); }), errc::damaged);
}

TEST(manifest, takes_metadata_only_if_it_is_a_json_object) {
  const auto verdict_on_text = [](std::string text) {
    return verdict_on([&](manifest& m) { m.info.metadata = std::move(text); });
  };
  EXPECT_EQ(verdict_on_text("{}"), errc{});
  EXPECT_EQ(verdict_on_text("{\"a\":[{},1.5e3,null,true,\"\\u0041\"]}"), errc{});
  for (const std::string bad :
       {"", "[]", "1", "\"a\"", "{", "{}x", "{\"a\":}", "{\"a\":\"\xff\"}", "\xef\xbb\xbf[]", "{\"a\":1e999}"})
    EXPECT_EQ(verdict_on_text(bad), errc::damaged) << bad;
}

TEST(manifest, bounds_depth_and_size_of_metadata) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(verdict_on([&](manifest& m) { m.info.metadata = nested(64); }), errc{});
  EXPECT_EQ(verdict_on([&](manifest& m) { m.info.metadata = nested(65); }), errc::damaged);
  EXPECT_EQ(verdict_on([&](manifest& m) { m.info.metadata = nested(1'000'000); }), errc::damaged);
  EXPECT_EQ(verdict_on([](manifest& m) { m.info.metadata = "{}" + std::string(max_metadata, ' '); }), errc::damaged);
}

TEST(manifest, hashes_maps_and_sizes_into_its_root) {
  const manifest m = sample();
  const auto changed = [&](auto change) {
    manifest other = m;
    change(other);
    return root_of(other, hasher) != root_of(m, hasher);
  };
  EXPECT_FALSE(changed([](manifest& o) { o.info.created = 9; }));
  EXPECT_FALSE(changed([](manifest& o) { o.roots[0].page.where.offset += 16; }));
  EXPECT_TRUE(changed([](manifest& o) { o.info.sources[1].size += 1; }));
  EXPECT_TRUE(changed([](manifest& o) { o.roots[0].page.id.bytes[5] ^= std::byte{1}; }));
  EXPECT_TRUE(changed([](manifest& o) { o.roots[1].page.state = block_state::zero; }));
}

TEST(manifest, has_its_seal_at_the_end) {
  const auto bytes = encode(sample(), hasher);
  EXPECT_EQ(manifest_seal(bytes), seal_of(byte_view(bytes).first(bytes.size() - 32)));
  EXPECT_TRUE(manifest_seal(byte_view(bytes).first(31)).is_none());
}

}  // namespace
}  // namespace umbra::native
