// SPDX-License-Identifier: GPL-3.0-or-later
// The log is a ring of 512 bytes each. The first word of each of them, or the second one of a record's head, is the number of
// the round in which it was written: where it falls by one is the head, the end of what was written last. The record there
// names the tail: all before that has reached its place.
#include "formats/fs/xfs_log.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "formats/fs/xfs_log_items.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t unit = 512;
// Eight records of the greatest size may be on their way at once. What is torn lies in there, and no frozen log has more behind
// its tail.
constexpr std::uint64_t window = 4096;
constexpr std::uint64_t step = 128;  // read at once
constexpr std::uint32_t longest_record = 256 << 10;
constexpr std::uint32_t bytes_a_head = 32 << 10;
constexpr std::uint8_t unmount_flag = 0x20;

error is_torn() { return xfs_doubt("its log ends in the middle of a record and has to be replayed first"); }
error has_changes() { return xfs_doubt("its log holds changes and has to be replayed first"); }

std::uint32_t cycle_of(byte_view block) {
  const auto first = read_struct<wire::be32>(block).value();
  return first == xfs_log_record::right_magic ? read_struct<wire::be32>(block.subspan(4)).value() : first;
}

// Bytes of the ring; `at` may run over its end once.
class log_ring {
 public:
  log_ring(const xfs_geometry& g, io::unaligned_reader& reader) : place_(g.log), reader_(reader) {}

  std::uint64_t size() const { return place_.size / unit; }

  result<void> read(std::uint64_t at, byte_span out) {
    const auto straight = std::min<std::uint64_t>(out.size(), (size() - at) * unit);
    CHECK(within("log", reader_.read(place_.offset + at * unit, out.first(straight))));
    return within("log", reader_.read(place_.offset, out.subspan(straight)));
  }

  result<std::uint32_t> cycle(std::uint64_t at) {
    std::array<std::byte, unit> block;
    CHECK(read(at, block));
    return cycle_of(block);
  }

 private:
  range place_;
  io::unaligned_reader& reader_;
};

struct log_head {
  std::uint64_t at = 0;     // behind what was written last; the ring's size if that is its last block
  std::uint32_t cycle = 0;  // of what lies before it; behind it one less
};

result<log_head> find_head(log_ring& ring) {
  TRY(const auto first, ring.cycle(0));
  TRY(const auto last, ring.cycle(ring.size() - 1));
  if (first == 0) return xfs_doubt("its log was never written");
  if (last == first) return log_head{ring.size(), first};
  if (last != first - 1) return is_torn();
  std::uint64_t low = 0;
  std::uint64_t high = ring.size() - 1;
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto cycle, ring.cycle(middle));
    (cycle == first ? low : high) = middle;
  }
  return log_head{high, first};
}

// What lies right before the head and right behind it, as far as there may be torn writes: all of it must be of its round.
// Answers where the last record begins.
result<std::uint64_t> check_around(log_ring& ring, const log_head& head) {
  const auto before = std::min(window, ring.size());
  const auto after = std::min(window, ring.size() - head.at);
  const auto begin = head.at + ring.size() - before;
  std::optional<std::uint64_t> last;
  buffer memory(std::size_t{step} * unit);
  for (std::uint64_t done = 0; done < before + after; done += step) {
    const auto count = std::min(step, before + after - done);
    const auto blocks = memory.span().first(static_cast<std::size_t>(count * unit));
    CHECK(ring.read((begin + done) % ring.size(), blocks));
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto at = (begin + done + i) % ring.size();
      const auto block = byte_view(blocks).subspan(static_cast<std::size_t>(i * unit));
      if (cycle_of(block) != (at < head.at ? head.cycle : head.cycle - 1)) return is_torn();
      const bool begins = read_struct<wire::be32>(block).value() == xfs_log_record::right_magic;
      if (begins && done + i < before) last = at;
    }
  }
  if (!last) return is_torn();
  return *last;
}

struct log_record {
  xfs_log_record head;
  std::uint64_t blocks = 0;  // heads and bytes
  std::vector<std::byte> body;
};

bool has_right_sum(const xfs_log_record& head, byte_view heads, byte_view body) {
  // Machines of 32 and of 64 bits took another length for the head's. All there is between the pieces is left
  // out, and so are heads for more than there is.
  for (const std::size_t head_length : {std::size_t{328}, std::size_t{324}}) {
    std::vector<std::byte> summed(heads.begin(), heads.begin() + static_cast<std::ptrdiff_t>(head_length));
    std::fill_n(summed.begin() + offsetof(xfs_log_record, crc), 4, std::byte{0});
    for (std::size_t at = unit; at / unit * bytes_a_head < body.size(); at += unit) {
      const auto more = heads.subspan(at, 260);
      summed.insert(summed.end(), more.begin(), more.end());
    }
    if (crc32c(summed, body) == head.crc.value()) return true;
  }
  return false;
}

// Puts the words back where cycles stand.
void unpack(byte_view heads, byte_span body) {
  for (std::size_t i = 0; i * unit < body.size(); ++i) {
    const auto words = i < 64 ? offsetof(xfs_log_record, first_words) : i / 64 * unit + 4;
    const auto word = heads.subspan(words + i % 64 * 4, 4);
    std::ranges::copy(word, body.begin() + static_cast<std::ptrdiff_t>(i * unit));
  }
}

bool is_unmount(const log_record& record) {
  if (record.head.operations.value() != 1 || record.body.size() < sizeof(xfs_log_operation)) return false;
  return (read_struct<xfs_log_operation>(record.body).flags.value() & unmount_flag) != 0;
}

result<log_record> read_record(log_ring& ring, const log_head& end, std::uint64_t at, bool checksums) {
  std::array<std::byte, unit> first;
  CHECK(ring.read(at, first));
  log_record record;
  record.head = read_struct<xfs_log_record>(first);
  const auto& head = record.head;
  const auto cycle = at < end.at ? end.cycle : end.cycle - 1;
  if (head.magic.value() != xfs_log_record::right_magic || head.lsn.value() != (std::uint64_t{cycle} << 32 | at))
    return is_torn();
  const auto version = head.version.value();
  const auto length = head.length.value();
  if ((version != 1 && version != 2) || length > longest_record) return is_torn();
  const auto heads = version == 2 ? std::max<std::uint64_t>(div_up(head.buffer_size.value(), bytes_a_head), 1) : 1;
  if (heads > longest_record / bytes_a_head || length > heads * bytes_a_head) return is_torn();
  record.blocks = heads + div_up(length, unit);
  if (record.blocks > ring.size()) return is_torn();
  std::vector<std::byte> all(static_cast<std::size_t>(record.blocks * unit));
  CHECK(ring.read(at, all));
  const auto head_bytes = byte_view(all).first(static_cast<std::size_t>(heads * unit));
  record.body.assign(all.begin() + static_cast<std::ptrdiff_t>(head_bytes.size()), all.end());
  // mkfs writes no checksum into the one record of its own; version 4 need not.
  const bool may_lack_sum = head.crc.value() == 0 && (!checksums || is_unmount(record));
  if (!may_lack_sum && !has_right_sum(head, head_bytes, byte_view(record.body).first(length))) return is_torn();
  unpack(head_bytes, record.body);
  record.body.resize(length);
  return record;
}

result<void> follow(log_ring& ring, const log_head& head, std::uint64_t tail_lsn, byte_view super, bool checksums) {
  auto at = tail_lsn & 0xffffffff;
  if (at >= ring.size()) return is_torn();
  auto left = (head.at + ring.size() - at) % ring.size();
  if (left == 0 || left > window) return has_changes();
  if (tail_lsn >> 32 != (at < head.at ? head.cycle : head.cycle - 1)) return is_torn();
  xfs_pending_changes changes(super);
  while (left != 0) {
    TRY(const auto record, read_record(ring, head, at, checksums));
    if (record.blocks > left) return is_torn();
    CHECK(changes.add_record(record.body, record.head.operations.value(), record.head.machine.value() == 1));
    left -= record.blocks;
    at = (at + record.blocks) % ring.size();
  }
  return changes.finish(super);
}

}  // namespace

result<void> check_xfs_log(const xfs_geometry& g, byte_view super, io::unaligned_reader& reader) {
  log_ring ring(g, reader);
  TRY(const auto head, find_head(ring));
  TRY(const auto last, check_around(ring, head));
  TRY(const auto record, read_record(ring, head, last, g.checksums));
  if ((last + record.blocks) % ring.size() != head.at % ring.size()) return is_torn();
  if (is_unmount(record)) return success();
  if (g.log_features != 0) return has_changes();
  return follow(ring, head, record.head.tail_lsn.value(), super, g.checksums);
}

}  // namespace umbra::fs
