// SPDX-License-Identifier: GPL-3.0-or-later
// An XFS file system comes from outside: superblock, log, trees, inodes and folders. Input: a volume without what is zero, for
// the smallest one is of 40 MiB: u32 its size in 512 bytes, then pieces of u32 place in 512 bytes and 512 bytes.
#include <algorithm>
#include <map>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/io/device.h"
#include "formats/fs/xfs.h"
#include "tests/fuzz/volume_checks.h"

namespace {

using namespace umbra;

constexpr std::size_t unit = 512;
constexpr std::uint64_t most_units = 512 << 10;

std::uint32_t number_at(byte_view bytes) { return bytes.size() < 4 ? 0 : read_struct<wire::u32>(bytes).value(); }

class sparse_volume final : public io::device {
 public:
  explicit sparse_volume(byte_view seed) : size_(std::min<std::uint64_t>(number_at(seed), most_units) * unit) {
    while (seed.size() >= 4 + 4 + unit) {
      pieces_[number_at(seed.subspan(4))] = seed.subspan(8, unit);
      seed = seed.subspan(4 + unit);
    }
  }

  std::string name() const override { return "seed"; }
  io::device_geometry geometry() const override {
    io::device_geometry g;
    g.size = size_;
    return g;
  }
  result<void> read(std::uint64_t offset, byte_span out) override {
    fuzz::require(fits(offset, out.size(), size_));
    std::ranges::fill(out, std::byte{0});
    for (auto p = pieces_.lower_bound(offset / unit); p != pieces_.end() && p->first * unit < offset + out.size(); ++p) {
      const auto begin = std::max(offset, p->first * unit);
      const auto end = std::min(offset + out.size(), (p->first + 1) * unit);
      std::memcpy(out.data() + (begin - offset), p->second.data() + (begin - p->first * unit), end - begin);
    }
    return success();
  }
  result<void> write(std::uint64_t, byte_view) override { std::abort(); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { std::abort(); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return extent_list{{offset, size}}; }
  result<void> flush() override { return success(); }

 private:
  std::uint64_t size_;
  std::map<std::uint64_t, byte_view> pieces_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sparse_volume volume({reinterpret_cast<const std::byte*>(data), size});
  const auto found = fs::recognise_xfs(volume).value();
  if (found) fuzz::check_volume(*found, volume.geometry().size);
  return 0;
}
