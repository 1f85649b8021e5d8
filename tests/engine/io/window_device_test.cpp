// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/window_device.h"

#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "tests/contract/device_contract.h"

namespace umbra::test {
namespace {

// Memory that wants its transfers aligned.
class aligned_memory final : public io::device {
 public:
  std::string name() const override { return "aligned"; }
  io::device_geometry geometry() const override {
    auto g = inner_.geometry();
    g.alignment = 4096;
    return g;
  }
  result<void> read(std::uint64_t offset, byte_span out) override { return inner_.read(offset, out); }
  result<void> write(std::uint64_t offset, byte_view in) override { return inner_.write(offset, in); }
  result<void> zero(std::uint64_t o, std::uint64_t n, io::zero_mode m) override { return inner_.zero(o, n, m); }
  result<extent_list> extents(std::uint64_t o, std::uint64_t n) override { return inner_.extents(o, n); }
  result<void> flush() override { return success(); }

 private:
  io::memory_device inner_{1 << 20};
};

TEST(window_device, shows_a_part_of_the_inner_device) {
  io::memory_device disk(random_bytes(1, 10000));
  auto window = io::make_window(disk, {1000, 5000});
  ASSERT_TRUE(succeeds(window));
  EXPECT_EQ(window.value()->geometry().size, 5000u);
  EXPECT_EQ(window.value()->name(), "memory@1000+5000");
  buffer found(5000);
  ASSERT_TRUE(succeeds(window.value()->read(0, found.span())));
  EXPECT_TRUE(same_bytes(disk.contents().subspan(1000, 5000), found.view()));
}

TEST(window_device, leaves_the_rest_of_the_inner_device_alone) {
  const auto before = random_bytes(1, 10000);
  io::memory_device disk(before);
  auto window = io::make_window(disk, {1000, 5000});
  ASSERT_TRUE(succeeds(window));
  const auto bytes = filled_buffer(2, 5000);
  ASSERT_TRUE(succeeds(window.value()->write(0, bytes.view())));
  EXPECT_TRUE(fails_with(errc::out_of_range, window.value()->write(1, bytes.view())));
  EXPECT_TRUE(same_bytes(bytes.view(), disk.contents().subspan(1000, 5000)));
  EXPECT_TRUE(same_bytes(byte_view(before).first(1000), disk.contents().first(1000)));
  EXPECT_TRUE(same_bytes(byte_view(before).subspan(6000), disk.contents().subspan(6000)));
}

TEST(window_device, tells_extents_by_its_own_offsets) {
  io::memory_device disk(10000);
  auto window = io::make_window(disk, {1000, 5000});
  ASSERT_TRUE(succeeds(window));
  const auto found = window.value()->extents(100, 200);
  ASSERT_TRUE(succeeds(found));
  EXPECT_EQ(found.value(), (extent_list{{100, 200, extent_kind::data}}));
}

TEST(window_device, gives_transfers_back_as_they_were) {
  io::memory_device disk(random_bytes(1, 10000));
  auto window = io::make_window(disk, {1000, 5000});
  ASSERT_TRUE(succeeds(window));
  auto queue = window.value()->open_queue(2);
  ASSERT_TRUE(succeeds(queue));
  buffer memory(100);
  io::transfer t;
  t.offset = 4900;
  t.memory = memory.span();
  queue.value()->submit(t);
  EXPECT_EQ(&queue.value()->wait(), &t);
  EXPECT_EQ(t.offset, 4900u);
  EXPECT_TRUE(same_bytes(disk.contents().subspan(5900, 100), memory.view()));
}

TEST(window_device, may_be_empty_or_the_whole) {
  io::memory_device disk(10000);
  EXPECT_TRUE(succeeds(io::make_window(disk, {0, 10000})));
  EXPECT_TRUE(succeeds(io::make_window(disk, {10000, 0})));
}

TEST(window_device, refuses_to_stick_out) {
  io::memory_device disk(10000);
  EXPECT_TRUE(fails_with(errc::out_of_range, io::make_window(disk, {1, 10000})));
  EXPECT_TRUE(fails_with(errc::out_of_range, io::make_window(disk, {10001, 0})));
  EXPECT_TRUE(fails_with(errc::out_of_range, io::make_window(disk, {~0ull, 2})));
  EXPECT_TRUE(fails_with(errc::out_of_range, io::make_window(std::make_unique<io::memory_device>(10), {0, 11})));
}

TEST(window_device, begins_only_where_the_inner_device_is_aligned) {
  aligned_memory disk;
  EXPECT_TRUE(fails_with(errc::usage, io::make_window(disk, {512, 4096})));
  const auto window = io::make_window(disk, {8192, 5000});
  ASSERT_TRUE(succeeds(window));
  EXPECT_EQ(window.value()->geometry().alignment, 4096u);
}

}  // namespace
}  // namespace umbra::test
