// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_bitmap.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "engine/base/wire.h"
#include "formats/fs/ext_structures.h"

namespace umbra::fs {
namespace {

// Bitmaps of neighbouring groups lie side by side in ext4: one read brings many.
constexpr std::size_t read_ahead = 256 << 10;

class bitmap_reader {
 public:
  bitmap_reader(ext2_filsys fs, io::unaligned_reader& reader)
      : reader_(reader), block_size_(fs->blocksize), memory_(read_ahead) {}

  // The block's bytes, valid until the next call.
  result<byte_span> read(blk64_t block) {
    const auto offset = block * block_size_;
    if (offset < begin_ || offset + block_size_ > begin_ + size_) CHECK(fill(offset));
    return memory_.span().subspan(static_cast<std::size_t>(offset - begin_), block_size_);
  }

 private:
  // A bad sector behind the block must not cost the block.
  result<void> fill(std::uint64_t offset) {
    if (!fits(offset, block_size_, reader_.size())) return error(errc::out_of_range, "its place");
    begin_ = offset;
    size_ = std::min<std::uint64_t>(memory_.size(), reader_.size() - offset);
    if (reader_.read(offset, memory_.span().first(static_cast<std::size_t>(size_)))) return success();
    size_ = 0;
    CHECK(reader_.read(offset, memory_.span().first(block_size_)));
    size_ = block_size_;
    return success();
  }

  io::unaligned_reader& reader_;
  std::uint32_t block_size_;
  buffer memory_;
  std::uint64_t begin_ = 0;
  std::uint64_t size_ = 0;
};

// Bits of 64 clusters, the first one lowest.
std::uint64_t word_at(byte_view bitmap, std::size_t index) { return read_struct<wire::u64>(bitmap.subspan(index * 8)).value(); }

class usage_scan {
 public:
  usage_scan(ext2_filsys fs, io::unaligned_reader& reader, std::size_t range_limit)
      : fs_(fs),
        bitmaps_(fs, reader),
        limit_(range_limit),
        blocks_(ext2fs_blocks_count(fs->super)),
        ratio_(static_cast<std::uint64_t>(EXT2FS_CLUSTER_RATIO(fs))) {}

  result<used_blocks> run() {
    for (dgrp_t g = 0; g < fs_->group_desc_count; ++g) {
      if (own_.size() + claimed_.size() > limit_) {
        shorten(g);
        break;
      }
      CHECK(within(fmt::format("group {}", g), visit(g)));
    }
    claimed_.insert(claimed_.end(), own_.begin(), own_.end());
    own_ = {};
    normalise(claimed_);
    CHECK(check_unused_groups());
    out_.bytes = std::move(claimed_);
    for (auto& r : out_.bytes) r = {r.offset * fs_->blocksize, r.size * fs_->blocksize};
    return std::move(out_);
  }

 private:
  // Ranges are in blocks until the end.
  range group_blocks(dgrp_t g) const {
    const auto first = ext2fs_group_first_block2(fs_, g);
    return {first, ext2fs_group_last_block2(fs_, g) - first + 1};
  }

  void shorten(dgrp_t g) {
    const auto begin = group_blocks(g).offset;
    claimed_.push_back({begin, blocks_ - begin});
    out_.shortened =
        fmt::format("its free space is in more than {} pieces: from {} on all counts as used", limit_, begin * fs_->blocksize);
  }

  result<void> visit(dgrp_t g) {
    if (!ext2fs_group_desc_csum_verify(fs_, g)) return error(errc::checksum, "its descriptor");
    CHECK(add_own(g));
    if (ext2fs_has_group_desc_csum(fs_) && ext2fs_bg_flags_test(fs_, g, EXT2_BG_BLOCK_UNINIT)) {
      unused_groups_.push_back(g);
      return success();
    }
    TRY(auto bitmap, within("bitmap", bitmaps_.read(ext2fs_block_bitmap_loc(fs_, g))));
    const auto bytes = fs_->super->s_clusters_per_group / 8;
    if (!ext2fs_block_bitmap_csum_verify(fs_, g, reinterpret_cast<char*>(bitmap.data()), static_cast<int>(bytes))) {
      return error(errc::checksum, "its bitmap");
    }
    return add_claimed(g, bitmap);
  }

  // Superblock copy and descriptors are also placed where no bitmap is read.
  result<void> add_own(dgrp_t g) {
    return visit_structures(fs_, g,
                            [&](ext_structure, std::uint64_t block, std::uint64_t count) { add_structure(block, count); });
  }

  void add_structure(std::uint64_t block, std::uint64_t count) {
    // Whole clusters, as they are allocated.
    const auto begin = block / ratio_ * ratio_;
    const auto end = std::min(div_up(block + count, ratio_) * ratio_, blocks_);
    if (!own_.empty() && own_.back().end() == begin) {
      own_.back().size += end - begin;
    } else {
      own_.push_back({begin, end - begin});
    }
  }

  // Adds the runs of set bits, and compares their number with what the descriptor says.
  result<void> add_claimed(dgrp_t g, byte_view bitmap) {
    const auto group = group_blocks(g);
    const auto clusters = div_up(group.size, ratio_);
    std::uint64_t used = 0;
    for (std::uint64_t at = 0; at < clusters;) {
      const auto begin = find(bitmap, at, clusters, true);
      at = find(bitmap, begin, clusters, false);
      if (begin == at) break;
      used += at - begin;
      claim(group.offset + begin * ratio_, std::min(group.offset + at * ratio_, group.end()));
    }
    if (clusters - used != ext2fs_bg_free_blocks_count(fs_, g))
      return error(errc::decode, "its bitmap and its count of free blocks differ");
    return success();
  }

  void claim(std::uint64_t begin, std::uint64_t end) {
    if (!claimed_.empty() && claimed_.back().end() == begin) {
      claimed_.back().size += end - begin;
    } else {
      claimed_.push_back({begin, end - begin});
    }
  }

  // The first cluster from `at` on whose bit is `wanted`, else `end`.
  static std::uint64_t find(byte_view bitmap, std::uint64_t at, std::uint64_t end, bool wanted) {
    while (at < end) {
      auto word = word_at(bitmap, static_cast<std::size_t>(at / 64));
      if (!wanted) word = ~word;
      word &= ~std::uint64_t{0} << (at % 64);
      if (word != 0) return std::min<std::uint64_t>(at / 64 * 64 + static_cast<unsigned>(std::countr_zero(word)), end);
      at = at / 64 * 64 + 64;
    }
    return end;
  }

  // A group whose bitmap was never written holds nothing but structures. If its descriptor counts more than we know
  // of, something lies there that we do not.
  result<void> check_unused_groups() const {
    auto r = claimed_.begin();
    for (const auto g : unused_groups_) {
      const auto group = group_blocks(g);
      while (r != claimed_.end() && r->end() <= group.offset) ++r;
      std::uint64_t used = 0;
      for (auto next = r; next != claimed_.end() && next->offset < group.end(); ++next) {
        used += div_up(std::min(next->end(), group.end()) - std::max(next->offset, group.offset), ratio_);
      }
      if (div_up(group.size, ratio_) - used != ext2fs_bg_free_blocks_count(fs_, g)) {
        return error(errc::decode, fmt::format("group {}: it has no bitmap, but not all of it is free", g));
      }
    }
    return success();
  }

  ext2_filsys fs_;
  bitmap_reader bitmaps_;
  std::size_t limit_;
  std::uint64_t blocks_;
  std::uint64_t ratio_;  // blocks a cluster
  range_list claimed_;   // what bitmaps say
  range_list own_;       // what the layout says
  std::vector<dgrp_t> unused_groups_;
  used_blocks out_;
};

}  // namespace

result<used_blocks> read_used_blocks(ext2_filsys fs, io::unaligned_reader& reader, std::size_t range_limit) {
  return usage_scan(fs, reader, range_limit).run();
}

}  // namespace umbra::fs
