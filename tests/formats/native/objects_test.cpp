// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/objects.h"

#include <gtest/gtest.h>

#include "engine/store/store.h"
#include "tests/formats/native/map_samples.h"
#include "tests/support/mend_pack.h"

namespace umbra::native {
namespace {

using test::dice;
using test::edit;

class object : public testing::Test {
 protected:
  dice d_{1};
  image::domain_id domain_ = d_.id<image::domain_id>();
  image::session_id session_ = d_.id<image::session_id>();
  std::vector<std::byte> bytes_ = encode_object(object_kind::begin, domain_, session_, as_bytes("{\"name\":\"disk\"}"));

  result<std::vector<std::byte>> decode(byte_view bytes) const {
    return decode_object(bytes, object_kind::begin, domain_, session_);
  }
};

TEST_F(object, comes_back_as_it_was) {
  const auto body = decode(bytes_);
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(as_text(body.value()), "{\"name\":\"disk\"}");
  const auto empty = encode_object(object_kind::forgotten, domain_, session_, {});
  EXPECT_TRUE(decode_object(empty, object_kind::forgotten, domain_, session_).value().empty());
}

TEST_F(object, finds_every_flipped_bit) {
  for (std::size_t bit = 0; bit < bytes_.size() * 8; ++bit) {
    auto flipped = bytes_;
    test::flip_bit(flipped, bit);
    ASSERT_FALSE(decode(flipped)) << bit;
  }
}

TEST_F(object, refuses_every_truncation_and_every_tail) {
  for (std::size_t n = 0; n < bytes_.size(); ++n) EXPECT_FALSE(decode(byte_view(bytes_).first(n))) << n;
  bytes_.push_back({});
  EXPECT_FALSE(decode(bytes_));
}

TEST_F(object, refuses_other_kinds_vaults_and_sessions) {
  const image::domain_id other_domain = d_.id<image::domain_id>();
  const image::session_id other_session = d_.id<image::session_id>();
  EXPECT_EQ(decode_object(bytes_, object_kind::outcome, domain_, session_).error().code(), errc::damaged);
  EXPECT_EQ(decode_object(bytes_, object_kind::begin, other_domain, session_).error().code(), errc::damaged);
  EXPECT_EQ(decode_object(bytes_, object_kind::begin, domain_, other_session).error().code(), errc::damaged);
}

TEST_F(object, tells_magic_version_and_seal_apart) {
  auto magic = bytes_;
  edit<object_header>(magic, 0, [](object_header& h) { h.magic_[3] ^= 1; });
  EXPECT_EQ(decode(magic).error().code(), errc::bad_magic);
  auto version = bytes_;
  edit<object_header>(version, 0, [](object_header& h) { h.version_major_ = 2; });
  EXPECT_EQ(decode(version).error().code(), errc::checksum);
  test::mend_seal(version);
  EXPECT_EQ(decode(version).error().code(), errc::unsupported_version);
  auto body = bytes_;
  body[70] ^= std::byte{1};
  EXPECT_EQ(decode(body).error().code(), errc::checksum);
  auto size = bytes_;
  edit<object_header>(size, 0, [](object_header& h) { h.body_size = 0xffffffff; });
  EXPECT_EQ(decode(size).error().code(), errc::damaged);
}

TEST(outcome, comes_back_as_it_was) {
  dice d(2);
  const outcome commit{verdict::commit, 4, d.id<seal>()};
  EXPECT_EQ(decode_outcome(encode_outcome(commit)).value(), commit);
  const outcome dead;
  EXPECT_EQ(decode_outcome(encode_outcome(dead)).value(), dead);
}

TEST(outcome, refuses_what_decides_nothing) {
  dice d(2);
  const auto good = encode_outcome({verdict::commit, 4, d.id<seal>()});
  const auto refused = [&](auto change) {
    auto bytes = good;
    edit<outcome_body>(bytes, 0, change);
    return !decode_outcome(bytes);
  };
  EXPECT_FALSE(refused([](outcome_body&) {}));
  EXPECT_TRUE(refused([](outcome_body& b) { b.verdict_ = 0; }));
  EXPECT_TRUE(refused([](outcome_body& b) { b.verdict_ = 3; }));
  EXPECT_TRUE(refused([](outcome_body& b) { b.verdict_ = 2; }));
  EXPECT_TRUE(refused([](outcome_body& b) { b.plan_seal = {}; }));
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(decode_outcome(byte_view(good).first(n)));
}

TEST(condemned, lists_packs_sorted_and_once) {
  const std::vector packs{test::sample_pack(3), test::sample_pack(1), test::sample_pack(3)};
  const auto body = encode_condemned(packs);
  EXPECT_EQ(decode_condemned(body).value(), (std::vector{test::sample_pack(1), test::sample_pack(3)}));
  EXPECT_TRUE(decode_condemned({}).value().empty());
}

TEST(condemned, refuses_odd_lengths_and_wrong_order) {
  auto body = encode_condemned({test::sample_pack(1), test::sample_pack(3)});
  EXPECT_FALSE(decode_condemned(byte_view(body).first(47)));
  std::swap_ranges(body.begin(), body.begin() + 24, body.begin() + 24);
  EXPECT_FALSE(decode_condemned(body));
  const std::vector<std::byte> huge((max_condemned + 1) * sizeof(pack_ref));
  EXPECT_FALSE(decode_condemned(huge));
}

TEST(pack_name, reads_back_and_is_a_valid_object_name) {
  dice d(3);
  for (const std::uint32_t number : {0u, 7u, 10u, 0xffffffffu}) {
    const image::pack_id id{d.id<image::session_id>(), number};
    const std::string name = pack_name(id);
    EXPECT_TRUE(store::is_valid_name(name)) << name;
    EXPECT_EQ(parse_pack_name(name), id);
  }
}

TEST(pack_name, is_read_in_its_own_spelling_only) {
  const std::string hex = "3f0123456789abcdef0123456789abcd";
  const std::string good = "packs/3f/" + hex + "-12";
  ASSERT_TRUE(parse_pack_name(good));
  EXPECT_EQ(pack_name(*parse_pack_name(good)), good);
  const std::vector<std::string> wrong{
      "",
      "packs/",
      "packs/3f/" + hex,
      "packs/3f/" + hex + "-",
      "packs/3f/" + hex + "-012",
      "packs/3f/" + hex + "-+1",
      "packs/3f/" + hex + "-1x",
      "packs/3f/" + hex + "-4294967296",
      "packs/40/" + hex + "-1",
      "packs/3F/" + hex + "-1",
      "packs/3f/3F0123456789abcdef0123456789abcd-1",
      "Packs/3f/" + hex + "-1",
      "packs/3f/" + hex + "-1.tmp",
      "/packs/3f/" + hex + "-1",
  };
  for (const std::string& bad : wrong) EXPECT_FALSE(parse_pack_name(bad)) << bad;
}

TEST(session_names, follow_the_layout_of_a_vault) {
  image::session_id session;
  session.bytes.fill(std::byte{0xab});
  const std::string hex(32, 'x');
  EXPECT_EQ(session_object(session, "begin"), "sessions/abababababababababababababababab/begin");
  EXPECT_EQ(plan_object(session, 12), "sessions/abababababababababababababababab/plan-12");
  EXPECT_TRUE(store::is_valid_name(plan_object(session, 0)));
}

}  // namespace
}  // namespace umbra::native
