// SPDX-License-Identifier: GPL-3.0-or-later
// A Btrfs comes from outside. The smallest one has 16 MiB, nearly all of it empty, so the input is what is not: a number of
// MiB (32 bits), then pieces of 4 KiB, each behind its number (32 bits, its place in units of 4 KiB). If the number of MiB has
// its highest bit set, the checksums of all pieces are mended first: else no mutation would get behind them.
#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/block/hash.h"
#include "engine/io/device.h"
#include "formats/fs/btrfs.h"
#include "tests/fuzz/volume_checks.h"

namespace umbra {
namespace {

constexpr std::uint64_t piece_size = 4096;

// Zeros, but for some pieces.
class sparse_volume final : public io::device {
 public:
  sparse_volume(byte_view input) {
    if (input.size() < 4) return;
    const auto head = read_struct<wire::u32>(input).value();
    size_ = std::min<std::uint64_t>(head & 0xffff, 1024) << 20;
    for (auto left = input.subspan(4); left.size() >= 4 + piece_size; left = left.subspan(4 + piece_size)) {
      auto& piece = pieces_[read_struct<wire::u32>(left).value()];
      piece.assign(left.begin() + 4, left.begin() + 4 + piece_size);
      if ((head >> 31) != 0) mend(piece);
    }
  }

  std::string name() const override { return "fuzz"; }
  io::device_geometry geometry() const override {
    io::device_geometry g;
    g.size = size_;
    return g;
  }
  result<void> read(std::uint64_t offset, byte_span out) override {
    fuzz::require(fits(offset, out.size(), size_));
    while (!out.empty()) {
      const auto within = static_cast<std::size_t>(offset % piece_size);
      const auto part = out.first(std::min<std::size_t>(out.size(), piece_size - within));
      const auto piece = pieces_.find(offset / piece_size);
      if (piece == pieces_.end()) {
        std::fill(part.begin(), part.end(), std::byte{});
      } else {
        std::memcpy(part.data(), piece->second.data() + within, part.size());
      }
      out = out.subspan(part.size());
      offset += part.size();
    }
    return success();
  }
  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, "read-only"); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { return error(errc::denied, "read-only"); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    return extent_list{{offset, size, extent_kind::data}};
  }
  result<void> flush() override { return success(); }

 private:
  static void mend(std::vector<std::byte>& piece) {
    wire::u32 sum;
    sum = crc32c(byte_view(piece).subspan(32));
    std::memcpy(piece.data(), &sum, sizeof(sum));
  }

  std::uint64_t size_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::byte>> pieces_;
};

}  // namespace
}  // namespace umbra

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  sparse_volume volume({reinterpret_cast<const std::byte*>(data), size});
  const auto found = fs::recognise_btrfs(volume).value();
  if (found) fuzz::check_volume(*found, volume.geometry().size);
  return 0;
}
