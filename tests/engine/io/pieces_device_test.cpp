// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/pieces_device.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/memory_device.h"

namespace umbra::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Each byte is the number of its thousand.
memory_device numbered() {
  std::vector<std::byte> bytes(10000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i / 1000);
  return memory_device(std::move(bytes));
}

const std::vector<range> pieces{{5000, 1000}, {2000, 500}, {9000, 1000}};

std::vector<unsigned> bytes_at(device& d, std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> bytes(size);
  EXPECT_TRUE(d.read(offset, bytes).has_value());
  std::vector<unsigned> numbers;
  for (const auto b : bytes) numbers.push_back(std::to_integer<unsigned>(b));
  return numbers;
}

}  // namespace

TEST(pieces_device, reads_its_pieces_in_their_order) {
  auto inner = numbered();
  const auto d = make_pieces(inner, pieces, "row").value();
  EXPECT_EQ(d->name(), "row");
  EXPECT_EQ(d->geometry().size, 2500u);
  EXPECT_THAT(bytes_at(*d, 998, 4), ElementsAre(5, 5, 2, 2));
  EXPECT_THAT(bytes_at(*d, 1499, 2), ElementsAre(2, 9));
  const auto all = bytes_at(*d, 0, 2500);
  EXPECT_EQ(std::ranges::count(all, 2u), 500);
  std::vector<std::byte> two(2);
  EXPECT_TRUE(d->read(2499, two).has_error());
}

TEST(pieces_device, writes_and_zeroes_nothing_but_its_pieces) {
  auto inner = numbered();
  const auto d = make_pieces(inner, pieces, "row").value();
  ASSERT_TRUE(d->write(900, std::vector<std::byte>(200, std::byte{77})).has_value());
  ASSERT_TRUE(d->zero(1400, 200, zero_mode::write).has_value());
  EXPECT_THAT(bytes_at(inner, 5899, 2), ElementsAre(5, 77));
  EXPECT_THAT(bytes_at(inner, 5999, 2), ElementsAre(77, 6));
  EXPECT_THAT(bytes_at(inner, 2099, 2), ElementsAre(77, 2));
  EXPECT_THAT(bytes_at(inner, 2399, 2), ElementsAre(2, 0));
  EXPECT_THAT(bytes_at(inner, 2499, 2), ElementsAre(0, 2));
  EXPECT_THAT(bytes_at(inner, 9099, 2), ElementsAre(0, 9));
  EXPECT_TRUE(d->write(2400, std::vector<std::byte>(101)).has_error());
}

TEST(pieces_device, tells_extents_in_its_own_places) {
  auto inner = numbered();
  const auto d = make_pieces(inner, pieces, "row").value();
  const auto found = d->extents(500, 1500).value();
  std::uint64_t at = 500;
  for (const auto& e : found) {
    EXPECT_EQ(e.offset, at);
    at = e.end();
  }
  EXPECT_EQ(at, 2000u);
}

TEST(pieces_device, is_refused_when_a_piece_sticks_out) {
  auto inner = numbered();
  EXPECT_EQ(make_pieces(inner, {{9500, 501}}, "row").error().code(), errc::out_of_range);
}

TEST(pieces_device, knows_where_its_bytes_are) {
  const piece_row row(pieces);
  EXPECT_EQ(row.size(), 2500u);
  EXPECT_THAT(row.places({900, 700}), ElementsAre(range{5900, 100}, range{2000, 500}, range{9000, 100}));
  EXPECT_THAT(row.places({1100, 10}), ElementsAre(range{2100, 10}));
  EXPECT_THAT(row.places({1000, 0}), IsEmpty());
}

}  // namespace umbra::io
