// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_log_items.h"

#include <algorithm>

namespace umbra::fs {
namespace {

namespace op_flags {
constexpr std::uint8_t start = 1, commit = 2, goes_on = 4, went_on = 8, unmount = 0x20;
}

constexpr std::uint32_t transaction_magic = 0x5452414e;  // "TRAN"
constexpr std::uint16_t buffer_item = 0x123c;
constexpr std::size_t chunk_size = 128;  // of a buffer that is logged in parts
constexpr std::size_t most_open = 64;

// Items are written as they lie in memory.
std::uint16_t word16(byte_view bytes, std::size_t at, bool little) {
  const auto field = bytes.subspan(at);
  return little ? read_struct<wire::u16>(field).value() : read_struct<wire::be16>(field).value();
}
std::uint32_t word32(byte_view bytes, std::size_t at, bool little) {
  const auto field = bytes.subspan(at);
  return little ? read_struct<wire::u32>(field).value() : read_struct<wire::be32>(field).value();
}
std::uint64_t word64(byte_view bytes, std::size_t at, bool little) {
  const auto field = bytes.subspan(at);
  return little ? read_struct<wire::u64>(field).value() : read_struct<wire::be64>(field).value();
}

error cannot_follow() { return xfs_doubt("its log has to be replayed first, and cannot be followed"); }
error has_changes() { return xfs_doubt("its log holds changes and has to be replayed first"); }

}  // namespace

result<void> xfs_pending_changes::add_record(byte_view body, std::uint32_t operations, bool little) {
  for (; operations > 0; --operations) {
    if (body.size() < sizeof(xfs_log_operation)) return cannot_follow();
    const auto op = read_struct<xfs_log_operation>(body);
    body = body.subspan(sizeof(op));
    if (op.length.value() > body.size()) return cannot_follow();
    CHECK(add_operation(op, body.first(op.length.value()), little));
    body = body.subspan(op.length.value());
  }
  return success();
}

result<void> xfs_pending_changes::add_operation(const xfs_log_operation& op, byte_view body, bool little) {
  const auto flags = op.flags.value();
  if (flags & op_flags::unmount) return success();
  if (flags & (op_flags::goes_on | op_flags::went_on)) return has_changes();
  const auto id = op.transaction.value();
  if (flags & op_flags::start) {
    if (open_.size() >= most_open) return cannot_follow();
    open_[id] = {};
    return success();
  }
  const auto found = open_.find(id);
  if (found == open_.end()) return cannot_follow();
  auto& t = found->second;
  if (flags & op_flags::commit) {
    if (t.regions_left != 0) return cannot_follow();
    open_.erase(found);
    return success();
  }
  if (body.empty()) return success();
  if (!t.named) {
    if (body.size() < 4 || word32(body, 0, little) != transaction_magic) return cannot_follow();
    t.named = true;
    return success();
  }
  if (t.regions_left == 0) return begin_item(t, body, little);
  --t.regions_left;
  return change_superblock(t, body);
}

// A buffer's item: u16 kind, u16 regions with this one, u16 flags, u16 length, i64 place in 512 bytes, u32 words, words of bits.
result<void> xfs_pending_changes::begin_item(transaction& t, byte_view body, bool little) const {
  constexpr std::size_t fixed = 20;
  if (body.size() < fixed) return cannot_follow();
  if (word16(body, 0, little) != buffer_item || word64(body, 8, little) != 0) return has_changes();
  const auto regions = word16(body, 2, little);
  const std::size_t words = word32(body, 16, little);
  if (regions == 0 || words > (body.size() - fixed) / 4) return cannot_follow();
  t.regions_left = static_cast<std::uint16_t>(regions - 1);
  t.next_chunk = 0;
  t.chunks.assign(words * 32, false);
  for (std::size_t i = 0; i < t.chunks.size(); ++i) {
    t.chunks[i] = (word32(body, fixed + i / 32 * 4, little) >> i % 32 & 1) != 0;
  }
  return success();
}

result<void> xfs_pending_changes::change_superblock(transaction& t, byte_view body) {
  while (t.next_chunk < t.chunks.size() && !t.chunks[t.next_chunk]) ++t.next_chunk;
  if (body.size() % chunk_size != 0 || t.next_chunk * chunk_size + body.size() > super_.size()) return cannot_follow();
  std::ranges::copy(body, super_.begin() + static_cast<std::ptrdiff_t>(t.next_chunk * chunk_size));
  for (auto n = body.size() / chunk_size; n > 0; --n, ++t.next_chunk) {
    if (t.next_chunk >= t.chunks.size() || !t.chunks[t.next_chunk]) return cannot_follow();
  }
  return success();
}

result<void> xfs_pending_changes::finish(byte_view super) const {
  const auto now = read_struct<xfs_superblock>(super);
  if (!same_geometry(now, read_struct<xfs_superblock>(super_))) return xfs_doubt("its log changes the superblock");
  return success();
}

}  // namespace umbra::fs
