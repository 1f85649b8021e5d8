// SPDX-License-Identifier: GPL-3.0-or-later
// The driver goes over the log three times: to its end, for what is revoked, for what is written. Once is enough here, because
// nothing is written: blocks and revocations are noted, and those behind the last commit are forgotten.
#include "formats/fs/ext_journal_scan.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/block/crc32c.h"
#include "formats/fs/ext_journal_layout.h"

namespace umbra::fs {
namespace {

constexpr std::size_t logged_limit = 1 << 20;   // 24 MiB
constexpr std::size_t revoked_limit = 2 << 20;  // 32 MiB

error doubt(std::string why) { return {errc::decode, "its journal: " + std::move(why)}; }

// Sequence numbers wrap around.
bool is_later(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

}  // namespace

std::uint32_t jbd2::crc32c(std::uint32_t state, byte_view bytes) {
  static const auto update = crc::has_hardware() ? crc::update_hardware : crc::update_portable;
  return update(state, bytes);
}

journal_scan::journal_scan(ext_journal& journal)
    : journal_(journal), blocks_(ext2fs_blocks_count(journal.fs_->super)), at_(journal.start_), sequence_(journal.sequence_) {}

bool journal_scan::has_checksums() const { return has(jbd2::incompat::csum_v2) || has(jbd2::incompat::csum_v3); }

result<pending_changes> journal_scan::run() {
  CHECK(read_log());
  CHECK(check_fast_commits());
  logged_.resize(logged_for_good_);
  revoked_.resize(revoked_for_good_);
  drop_revoked();
  CHECK(check_data());
  return newest();
}

void journal_scan::advance() {
  if (++at_ == journal_.end_) at_ = journal_.first_;
  ++passed_;
}

result<void> journal_scan::read_log() {
  while (true) {
    // Nothing in a log is met twice: the numbers would not fit.
    if (passed_ >= journal_.end_ - journal_.first_) return doubt("its log has no end");
    TRY(const auto block, journal_.read(at_));
    const auto header = read_struct<jbd2::block_header>(block);
    if (header.magic.value() != jbd2::magic || header.sequence.value() != sequence_) return success();
    advance();
    switch (header.type.value()) {
      case jbd2::descriptor: CHECK(add_descriptor(block)); break;
      case jbd2::revoke: CHECK(add_revoked(block)); break;
      case jbd2::commit:
        CHECK(check_commit(block));
        logged_for_good_ = logged_.size();
        revoked_for_good_ = revoked_.size();
        ++sequence_;
        break;
      default: return success();
    }
  }
}

// Descriptors and revocations end with a checksum of the block in which it is zero.
bool journal_scan::is_tail_right(byte_view block) const {
  if (!has_checksums()) return true;
  const wire::be32 none(0);
  const auto body = jbd2::crc32c(journal_.seed_, block.first(block.size() - 4));
  return jbd2::crc32c(body, bytes_of(none)) == read_struct<wire::be32>(block.last(4)).value();
}

result<void> journal_scan::add_descriptor(byte_view block) {
  if (!is_tail_right(block)) return doubt("a descriptor has a wrong checksum");
  // Reading other blocks would overwrite this one's memory; its tags are all noted before that.
  auto rest = block.first(usable(block)).subspan(sizeof(jbd2::block_header));
  for (bool last = false; !last;) {
    TRY(const auto size, add_tag(rest, last));
    if (size == 0) break;
    rest = rest.subspan(size);
    advance();
  }
  return success();
}

result<std::size_t> journal_scan::add_tag(byte_view bytes, bool& last) {
  const bool v3 = has(jbd2::incompat::csum_v3);
  const bool wide = has(jbd2::incompat::bit64);
  const auto size = v3 ? sizeof(jbd2::tag_3) : 8u + (wide ? 4u : 0u) + (has(jbd2::incompat::csum_v2) ? 2u : 0u);
  if (bytes.size() < size) return std::size_t{0};
  logged one;
  std::uint32_t flags = 0;
  std::uint64_t high = 0;
  if (v3) {
    const auto tag = read_struct<jbd2::tag_3>(bytes);
    one.block = tag.block_low.value();
    high = tag.block_high.value();
    flags = tag.flags.value();
    one.checksum = tag.checksum.value();
  } else {
    one.block = read_struct<wire::be32>(bytes).value();
    one.checksum = read_struct<wire::be16>(bytes.subspan(offsetof(jbd2::tag, checksum))).value();
    flags = read_struct<wire::be16>(bytes.subspan(offsetof(jbd2::tag, flags))).value();
    if (wide) high = read_struct<wire::be32>(bytes.subspan(offsetof(jbd2::tag, block_high))).value();
  }
  if (wide) one.block |= high << 32;
  if (one.block >= blocks_) return doubt("it would write outside the file system");
  if (logged_.size() >= logged_limit) return doubt("it holds too many changes");
  one.at = static_cast<std::uint32_t>(at_);
  one.sequence = sequence_;
  one.escaped = (flags & jbd2::tag_flag::escaped) != 0;
  logged_.push_back(one);
  last = (flags & jbd2::tag_flag::last) != 0;
  const auto whole = size + ((flags & jbd2::tag_flag::same_id) ? 0u : 16u);
  if (whole > bytes.size()) last = true;
  return std::min(whole, bytes.size());
}

result<void> journal_scan::add_revoked(byte_view block) {
  if (!is_tail_right(block)) return doubt("a list of revoked blocks has a wrong checksum");
  const auto bytes = read_struct<jbd2::revoke_block>(block).bytes.value();
  const std::size_t each = has(jbd2::incompat::bit64) ? 8 : 4;
  if (bytes < sizeof(jbd2::revoke_block) || bytes > usable(block)) return doubt("a list of revoked blocks has a wrong length");
  for (auto rest = block.first(bytes).subspan(sizeof(jbd2::revoke_block)); rest.size() >= each; rest = rest.subspan(each)) {
    if (revoked_.size() >= revoked_limit) return doubt("too many blocks are revoked");
    revoked_.push_back({each == 8 ? read_struct<wire::be64>(rest).value() : read_struct<wire::be32>(rest).value(), sequence_});
  }
  return success();
}

result<void> journal_scan::check_commit(byte_view block) const {
  if (!has_checksums()) return success();
  auto commit = read_struct<jbd2::commit_block>(block);
  const auto told = commit.checksum[0].value();
  commit.checksum[0] = 0;
  const auto head = jbd2::crc32c(journal_.seed_, bytes_of(commit));
  if (jbd2::crc32c(head, block.subspan(sizeof(commit))) != told) return doubt("a commit has a wrong checksum");
  return success();
}

// Fast commits lie behind the log, one block further than one would think, and belong to the transaction that would come next.
// What they change is not followed: they tell of names and inodes, not of blocks.
result<void> journal_scan::check_fast_commits() {
  if (!has(jbd2::incompat::fast_commit)) return success();
  std::array<std::byte, sizeof(jbd2::fast_commit_head)> bytes;
  if (journal_.reader_.read(journal_.offset_of(journal_.end_ + 1), bytes).has_error())
    return doubt("fast commits cannot be read");
  const auto head = read_struct<jbd2::fast_commit_head>(bytes);
  const bool empty = std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
  const bool old =
      head.tag.tag.value() == jbd2::fast_commit_head_tag && head.tag.length.value() == 8 && head.sequence.value() != sequence_;
  if (!empty && !old) return doubt("it holds fast commits");
  return success();
}

// A block that was revoked in a transaction is not written by that one or those before.
void journal_scan::drop_revoked() {
  // Of each block the latest comes first.
  std::ranges::sort(revoked_, [](const revoked& a, const revoked& b) {
    return a.block != b.block ? a.block < b.block : is_later(a.sequence, b.sequence);
  });
  std::erase_if(logged_, [&](const logged& l) {
    const auto r = std::ranges::lower_bound(revoked_, l.block, {}, &revoked::block);
    return r != revoked_.end() && r->block == l.block && !is_later(l.sequence, r->sequence);
  });
  revoked_ = {};
}

result<void> journal_scan::check_data() {
  if (!has_checksums()) return success();
  for (const auto& l : logged_) {
    TRY(const auto block, journal_.read(l.at));
    const wire::be32 sequence(l.sequence);
    const auto sum = jbd2::crc32c(jbd2::crc32c(journal_.seed_, bytes_of(sequence)), block);
    const auto told = has(jbd2::incompat::csum_v3) ? sum : sum & 0xffff;
    if (told != l.checksum) return doubt(fmt::format("the new block {} has a wrong checksum", l.block));
  }
  return success();
}

result<pending_changes> journal_scan::newest() {
  pending_changes changes;
  changes.transactions = sequence_ - journal_.sequence_;
  const std::uint64_t size = journal_.fs_->blocksize;
  std::ranges::stable_sort(logged_, {}, &logged::block);
  range_list targets;
  for (std::size_t i = 0; i < logged_.size(); ++i) {
    const auto& l = logged_[i];
    if (i + 1 < logged_.size() && logged_[i + 1].block == l.block) continue;
    changes.patches.push_back({l.block * size, journal_.offset_of(l.at), l.escaped});
    targets.push_back({l.block * size, size});
  }
  normalise(targets);
  if (!intersect(targets, journal_.place()).empty()) return doubt("it would overwrite itself");
  return changes;
}

}  // namespace umbra::fs
