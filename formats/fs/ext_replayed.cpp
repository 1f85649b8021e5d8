// SPDX-License-Identifier: GPL-3.0-or-later
// Only places are kept in memory, 24 bytes for a block: a journal may hold a gigabyte of changes.
#include "formats/fs/ext_replayed.h"

#include <algorithm>

#include "engine/io/bounds.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/ext_journal_layout.h"

namespace umbra::fs {
namespace {

class replayed_device final : public io::device {
 public:
  replayed_device(io::device& volume, std::vector<journal_patch> patches, std::uint32_t block_size)
      : volume_(volume), patches_(std::move(patches)), block_size_(block_size) {}

  std::string name() const override { return volume_.name(); }

  io::device_geometry geometry() const override {
    auto g = volume_.geometry();
    g.read_only = true;
    return g;
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(io::check_bounds(*this, offset, out.size()));
    CHECK(volume_.read(offset, out));
    const auto end = offset + out.size();
    auto p = std::ranges::upper_bound(patches_, offset, {}, [&](const auto& patch) { return patch.target + block_size_; });
    io::unaligned_reader journal(volume_);
    for (; p != patches_.end() && p->target < end; ++p) {
      const auto from = std::max(offset, p->target);
      const auto to = std::min(end, p->target + block_size_);
      const auto piece = out.subspan(static_cast<std::size_t>(from - offset), static_cast<std::size_t>(to - from));
      CHECK(journal.read(p->source + (from - p->target), piece));
      if (p->escaped) put_magic(piece, from - p->target);
    }
    return success();
  }

  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, name() + ": is read-only"); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override {
    return error(errc::denied, name() + ": is read-only");
  }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    CHECK(io::check_bounds(*this, offset, size));
    return extent_list{{offset, size, extent_kind::data}};
  }
  result<void> flush() override { return success(); }

 private:
  // `piece` begins `inside` bytes behind a block's beginning.
  static void put_magic(byte_span piece, std::uint64_t inside) {
    const wire::be32 magic(jbd2::magic);
    const auto bytes = bytes_of(magic);
    for (auto at = inside; at < bytes.size() && at - inside < piece.size(); ++at) piece[at - inside] = bytes[at];
  }

  io::device& volume_;
  const std::vector<journal_patch> patches_;
  const std::uint64_t block_size_;
};

}  // namespace

std::unique_ptr<io::device> make_replayed(io::device& volume, std::vector<journal_patch> patches, std::uint32_t block_size) {
  return std::make_unique<replayed_device>(volume, std::move(patches), block_size);
}

}  // namespace umbra::fs
