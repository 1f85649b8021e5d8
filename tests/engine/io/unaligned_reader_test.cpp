// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/unaligned_reader.h"

#include <random>

#include <gtest/gtest.h>

#include "engine/io/memory_device.h"

namespace umbra::io {
namespace {

// Memory that wants aligned transfers, as a block device opened with O_DIRECT does.
class strict_device final : public device {
 public:
  explicit strict_device(std::uint64_t size) : inner_(size) {
    std::mt19937 random(1);
    for (auto& b : inner_.contents()) b = static_cast<std::byte>(random());
  }
  std::string name() const override { return "strict"; }
  device_geometry geometry() const override {
    auto g = inner_.geometry();
    g.alignment = 512;
    return g;
  }
  result<void> read(std::uint64_t offset, byte_span out) override {
    const bool whole = is_aligned(offset, 512) && is_aligned(reinterpret_cast<std::uintptr_t>(out.data()), 512) &&
                       (is_aligned(out.size(), 512) || offset + out.size() == geometry().size);
    if (!whole) return error(errc::usage, "unaligned");
    return inner_.read(offset, out);
  }
  result<void> write(std::uint64_t offset, byte_view in) override { return inner_.write(offset, in); }
  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override { return inner_.zero(offset, size, mode); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_.extents(offset, size); }
  result<void> flush() override { return success(); }

  byte_span contents() { return inner_.contents(); }

 private:
  memory_device inner_;
};

}  // namespace

TEST(unaligned_reader, reads_any_range_of_a_device_that_wants_alignment) {
  constexpr std::size_t size = (3 << 20) + 77;
  strict_device device(size);
  unaligned_reader reader(device);
  std::mt19937_64 random(2);
  for (int round = 0; round < 500; ++round) {
    const auto offset = round == 0 ? 0 : random() % size;
    const auto count = round == 0 ? size : random() % std::min<std::size_t>(size - offset + 1, round % 10 == 0 ? size : 9000);
    std::vector<std::byte> out(count);
    ASSERT_TRUE(reader.read(offset, out).has_value());
    ASSERT_TRUE(std::equal(out.begin(), out.end(), device.contents().begin() + static_cast<std::ptrdiff_t>(offset)));
  }
}

TEST(unaligned_reader, refuses_a_range_that_sticks_out) {
  strict_device device(1000);
  unaligned_reader reader(device);
  std::vector<std::byte> out(10);
  EXPECT_EQ(reader.read(991, out).error().code(), errc::out_of_range);
  EXPECT_EQ(reader.read(~std::uint64_t{0}, out).error().code(), errc::out_of_range);
  EXPECT_TRUE(reader.read(990, out).has_value());
}

}  // namespace umbra::io
