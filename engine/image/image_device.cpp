// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/image/image_device.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::image {
namespace {

class image_device final : public io::device {
 public:
  image_device(image_reader& image, std::size_t source, lost_bytes lost) : image_(image), source_(source), lost_(lost) {}

  std::string name() const override { return fmt::format("image {} source {}", to_hex(image_.info().id.view()), source_); }

  io::device_geometry geometry() const override {
    const auto& s = info();
    return {.size = s.size, .logical_sector = s.logical_sector, .physical_sector = s.logical_sector};
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    if (!fits(offset, out.size(), info().size)) return error(errc::out_of_range, name());
    std::vector<std::byte> whole_block;
    while (!out.empty()) {
      TRY(const auto region, image_.region_at(source_, offset / region_size));
      TRY(const auto moved, read_within(*region, offset, out, whole_block));
      offset += moved;
      out = out.subspan(moved);
    }
    return success();
  }

  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, name() + ": images are read-only"); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override {
    return error(errc::denied, name() + ": images are read-only");
  }
  result<void> flush() override { return success(); }

  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    if (!fits(offset, size, info().size)) return error(errc::out_of_range, name());
    extent_list list;
    const auto end = offset + size;
    while (offset < end) {
      const auto index = offset / region_size;
      TRY(const auto run, image_.uniform_at(source_, index));
      if (run.count > 0) {
        const auto run_end = std::min(end, (index + run.count) * region_size);
        add(list, {offset, run_end - offset, kind_of(run.state)});
        offset = run_end;
        continue;
      }
      TRY(const auto region, image_.region_at(source_, index));
      for (const auto& b : region->blocks) {
        if (b.end() <= offset || b.offset >= end) continue;
        const auto from = std::max(offset, b.offset);
        add(list, {from, std::min(end, b.end()) - from, kind_of(b.state)});
      }
      offset = std::min(end, region->offset() + region->size);
    }
    return list;
  }

 private:
  const source_info& info() const { return image_.info().sources[source_]; }

  bool is_lost(block_state state) const { return state == block_state::unreadable && lost_ == lost_bytes::error; }
  extent_kind kind_of(block_state state) const {
    return state == block_state::stored || is_lost(state) ? extent_kind::data : extent_kind::zero;
  }

  static void add(extent_list& list, extent e) {
    if (!list.empty() && list.back().kind == e.kind) {
      list.back().size += e.size;
    } else {
      list.push_back(e);
    }
  }

  // Reads what of [offset, ...) lies in this region; tells how much that was.
  result<std::uint64_t> read_within(const region& r, std::uint64_t offset, byte_span out, std::vector<std::byte>& whole_block) {
    const auto end = std::min(offset + out.size(), r.offset() + r.size);
    auto b = std::partition_point(r.blocks.begin(), r.blocks.end(), [&](const block& x) { return x.end() <= offset; });
    for (auto at = offset; at < end; ++b) {
      const auto upto = std::min(end, b->end());
      const auto piece = out.subspan(at - offset, upto - at);
      CHECK(read_block(*b, at - b->offset, piece, whole_block));
      at = upto;
    }
    return end - offset;
  }

  result<void> read_block(const block& b, std::uint64_t skip, byte_span out, std::vector<std::byte>& whole_block) {
    if (is_lost(b.state)) {
      return error(errc::io_read,
                   fmt::format("{} at {}: it could not be read when the image was taken", name(), b.offset + skip));
    }
    if (b.state != block_state::stored) {
      std::ranges::fill(out, std::byte{0});
      return success();
    }
    if (skip == 0 && out.size() == b.size) return image_.fetch(b, out);
    whole_block.resize(b.size);
    CHECK(image_.fetch(b, whole_block));
    std::ranges::copy(byte_view(whole_block).subspan(skip, out.size()), out.begin());
    return success();
  }

  image_reader& image_;
  std::size_t source_;
  lost_bytes lost_;
};

}  // namespace

result<std::unique_ptr<io::device>> make_image_device(image_reader& image, std::size_t source, lost_bytes lost) {
  if (source >= image.info().sources.size()) {
    return error(errc::out_of_range, fmt::format("source {} of an image with {}", source, image.info().sources.size()));
  }
  return std::unique_ptr<io::device>(std::make_unique<image_device>(image, source, lost));
}

}  // namespace umbra::image
