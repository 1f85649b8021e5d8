// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/overlay_device.h"

#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "engine/io/window_device.h"
#include "tests/contract/device_contract.h"

namespace umbra::test {
namespace {

constexpr std::uint64_t size = 100'000;

// 100,000 bytes whose [10,000, 30,000) and [30,000, 31,000) and last 5,000 come from elsewhere.
struct overlay : testing::Test {
  overlay() {
    std::vector<io::overlay_piece> pieces;
    add(pieces, 95'000, 5'000, 2);
    add(pieces, 10'000, 20'000, 3);
    add(pieces, 30'000, 1'000, 4);
    device = io::make_overlay(std::make_unique<io::memory_device>(expected_base), std::move(pieces)).value();
  }
  void add(std::vector<io::overlay_piece>& pieces, std::uint64_t at, std::size_t bytes, std::uint64_t seed) {
    const auto content = random_bytes(seed, bytes);
    std::ranges::copy(content, expected.begin() + static_cast<std::ptrdiff_t>(at));
    pieces.push_back({at, std::make_unique<io::memory_device>(content)});
  }

  std::vector<std::byte> expected_base = random_bytes(1, size);
  std::vector<std::byte> expected = expected_base;
  std::unique_ptr<io::device> device;
};

TEST_F(overlay, reads_each_part_from_where_it_lies) {
  EXPECT_EQ(device->geometry().size, size);
  EXPECT_TRUE(device->geometry().read_only);
  for (const std::uint64_t step : {std::uint64_t{777}, std::uint64_t{9'999}, size}) {
    for (std::uint64_t at = 0; at < size; at += step) {
      std::vector<std::byte> out(std::min(step, size - at));
      ASSERT_TRUE(succeeds(device->read(at, out)));
      ASSERT_TRUE(same_bytes(byte_view(expected).subspan(at, out.size()), out));
    }
  }
}

TEST_F(overlay, gives_every_transfer_back_as_it_was) {
  const auto queue = device->open_queue(8).value();
  std::vector<std::vector<std::byte>> memory(200);
  std::vector<io::transfer> transfers(memory.size());
  std::size_t back = 0;
  const auto take_back = [&] {
    const auto& t = queue->wait();
    const auto number = static_cast<std::size_t>(&t - transfers.data());
    ASSERT_TRUE(succeeds(t.outcome));
    EXPECT_EQ(t.offset, number * 490);
    ASSERT_TRUE(same_bytes(byte_view(expected).subspan(t.offset, t.memory.size()), t.memory));
    ++back;
  };
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    memory[i].resize(1'500);  // some cross from one device into the next
    transfers[i].offset = i * 490;
    transfers[i].memory = memory[i];
    while (queue->in_flight() == queue->depth()) take_back();
    queue->submit(transfers[i]);
  }
  while (queue->in_flight() > 0) take_back();
  EXPECT_EQ(back, transfers.size());
}

TEST_F(overlay, refuses_writes_and_reads_outside) {
  std::vector<std::byte> bytes(10);
  EXPECT_TRUE(fails_with(errc::denied, device->write(0, bytes)));
  EXPECT_TRUE(fails_with(errc::denied, device->zero(0, 10, io::zero_mode::write)));
  EXPECT_TRUE(fails_with(errc::out_of_range, device->read(size - 9, bytes)));
}

TEST_F(overlay, tells_extents_of_the_whole) {
  const auto found = device->extents(0, size);
  ASSERT_TRUE(succeeds(found));
  EXPECT_EQ(found.value(), (extent_list{{0, size, extent_kind::data}}));
}

TEST(overlay_device, refuses_pieces_that_overlap_or_stick_out) {
  const auto with = [](std::uint64_t a, std::uint64_t b) {
    std::vector<io::overlay_piece> pieces;
    pieces.push_back({a, std::make_unique<io::memory_device>(std::uint64_t{100})});
    pieces.push_back({b, std::make_unique<io::memory_device>(std::uint64_t{100})});
    return io::make_overlay(std::make_unique<io::memory_device>(std::uint64_t{1000}), std::move(pieces));
  };
  EXPECT_TRUE(succeeds(with(0, 900)));
  EXPECT_TRUE(succeeds(with(200, 100)));
  EXPECT_TRUE(fails_with(errc::out_of_range, with(0, 99)));
  EXPECT_TRUE(fails_with(errc::out_of_range, with(0, 901)));
  EXPECT_TRUE(fails_with(errc::out_of_range, with(0, ~0ull - 5)));
}

}  // namespace
}  // namespace umbra::test
