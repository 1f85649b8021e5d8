// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_journal.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/fs/ext_inode_map.h"
#include "formats/fs/ext_journal_layout.h"
#include "formats/fs/ext_journal_scan.h"
#include "formats/fs/ext_volume.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t window_size = 256 << 10;
constexpr std::size_t extent_limit = 1 << 20;
constexpr std::uint32_t smallest_log = 1024;  // blocks, where there are fast commits
constexpr std::uint64_t log_limit = 1 << 24;  // blocks; mke2fs makes none of more than 10240000

error doubt(std::string why) { return {errc::decode, "its journal: " + std::move(why)}; }

}  // namespace

result<ext_journal> ext_journal::open(ext2_filsys fs, io::unaligned_reader& reader, ext2_ino_t inode) {
  ext_journal journal(fs, reader);
  CHECK(journal.find_blocks(inode));
  CHECK(journal.read_superblock());
  return journal;
}

result<void> ext_journal::find_blocks(ext2_ino_t number) {
  ext2_inode inode;
  if (const auto code = ext2fs_read_inode(fs_, number, &inode)) return doubt(words_of(code));
  if (!LINUX_S_ISREG(inode.i_mode) || inode.i_links_count == 0 || !ext_has_blocks(inode)) return doubt("it has no inode");
  ext_inode_map map(fs_, reader_, extent_limit);
  if (!map.add(inode)) return doubt("not all of it can be found");
  extents_ = map.take();
  std::ranges::sort(extents_, {}, &plan::file_extent::file_offset);
  std::uint64_t reach = 0;
  for (const auto& e : extents_) {
    if (e.file_offset != reach) return doubt("it has holes");
    reach += e.size;
    place_.push_back({e.offset, e.size});
  }
  if (reach == 0 || EXT2_I_SIZE(&inode) > reach) return doubt("it is shorter than its inode says");
  normalise(place_);
  if (total_size(place_) != reach) return doubt("it overlaps itself");
  return success();
}

result<void> ext_journal::read_superblock() {
  std::array<std::byte, sizeof(jbd2::superblock)> bytes;
  if (reader_.read(extents_.front().offset, bytes).has_error()) return doubt("its superblock cannot be read");
  auto s = read_struct<jbd2::superblock>(bytes);
  const auto type = s.header.type.value();
  if (s.header.magic.value() != jbd2::magic || (type != jbd2::superblock_1 && type != jbd2::superblock_2)) {
    return doubt("it has no superblock");
  }
  if (s.block_size.value() != fs_->blocksize) return doubt("its blocks are of another size");
  if (s.error.value() != 0) return doubt("the kernel found errors in it");
  if (type == jbd2::superblock_2) CHECK(check_features(s.compat.value(), s.incompat.value(), s.ro_compat.value()));
  if (incompat_ & (jbd2::incompat::csum_v2 | jbd2::incompat::csum_v3)) {
    if (s.checksum_type.value() != jbd2::crc32c_type) return doubt("unknown kind of checksums");
    const auto told = s.checksum.value();
    s.checksum = 0;
    if (jbd2::crc32c(~0U, bytes_of(s)) != told) return doubt("its superblock has a wrong checksum");
    seed_ = jbd2::crc32c(~0U, bytes_of(s.id));
  }
  first_ = s.first.value();
  start_ = s.start.value();
  sequence_ = s.sequence.value();
  return check_log(s.length.value(), s.fast_commit_blocks.value());
}

result<void> ext_journal::check_features(std::uint32_t compat, std::uint32_t incompat, std::uint32_t ro_compat) {
  using namespace jbd2::incompat;
  if (const auto unknown = incompat & ~(revoke | bit64 | async_commit | csum_v2 | csum_v3 | fast_commit)) {
    return doubt(fmt::format("unknown incompat feature {:#x}", unknown));
  }
  if (ro_compat != 0) return doubt(fmt::format("unknown ro_compat feature {:#x}", ro_compat));
  if ((incompat & csum_v2) && (incompat & csum_v3)) return doubt("two kinds of checksums");
  // Whole transactions are summed up then, and a broken one may or may not be the last.
  if (compat & jbd2::compat::checksum) return doubt("checksums of the oldest kind");
  if (incompat & async_commit) return doubt("it commits without order");
  incompat_ = incompat;
  return success();
}

result<void> ext_journal::check_log(std::uint32_t length, std::uint32_t fast_commit_blocks) {
  const auto blocks = (extents_.back().file_offset + extents_.back().size) / fs_->blocksize;
  if (length > blocks || length > log_limit) return doubt("it is longer than its inode");
  end_ = length;
  if (incompat_ & jbd2::incompat::fast_commit) {
    const auto fast = fast_commit_blocks != 0 ? fast_commit_blocks : jbd2::default_fast_commit_blocks;
    if (fast < 2 || fast >= length || length - fast < smallest_log) return doubt("it has no room for its fast commits");
    end_ -= fast;
  }
  if (first_ == 0 || first_ >= end_) return doubt("its log has no place");
  if (start_ != 0 && (start_ < first_ || start_ >= end_)) return doubt("its log begins elsewhere");
  return success();
}

std::uint64_t ext_journal::offset_of(std::uint64_t block) const {
  const auto at = block * fs_->blocksize;
  const auto behind = std::ranges::upper_bound(extents_, at, {}, &plan::file_extent::file_offset);
  const auto& e = *std::prev(behind);
  return e.offset + (at - e.file_offset);
}

result<byte_view> ext_journal::read(std::uint64_t block) {
  const std::uint64_t size = fs_->blocksize;
  if (block < window_begin_ || block - window_begin_ >= window_count_) {
    if (window_.size() == 0) window_ = buffer(static_cast<std::size_t>(std::max(window_size, size)));
    const auto offset = offset_of(block);
    std::uint64_t count = 1;
    while (count < window_.size() / size && block + count < end_ && offset_of(block + count) == offset + count * size) ++count;
    window_count_ = 0;
    // A bad sector behind the block must not cost the block.
    if (reader_.read(offset, window_.span().first(static_cast<std::size_t>(count * size))).has_error()) {
      count = 1;
      if (reader_.read(offset, window_.span().first(static_cast<std::size_t>(size))).has_error()) {
        return doubt(fmt::format("block {} cannot be read", block));
      }
    }
    window_begin_ = block;
    window_count_ = count;
  }
  return window_.view().subspan(static_cast<std::size_t>((block - window_begin_) * size), static_cast<std::size_t>(size));
}

result<pending_changes> ext_journal::read_changes() {
  if (is_empty()) return pending_changes();
  return journal_scan(*this).run();
}

}  // namespace umbra::fs
