// SPDX-License-Identifier: GPL-3.0-or-later
// Logs of XFS written here record by record, behind the one that mkfs.xfs leaves. How the kernel writes them is seen in
// tests/root/xfs_variants.sh.
#include "formats/fs/xfs_log.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "tests/formats/fs/xfs_kit.h"

namespace umbra::fs {
namespace {

using namespace test_kit;
using testing::ElementsAre;
using testing::HasSubstr;

using bytes = std::vector<std::byte>;

void add(bytes& to, byte_view what) { to.insert(to.end(), what.begin(), what.end()); }
template <class Word>
void add_word(bytes& to, std::uint64_t value) {
  Word word;
  word = static_cast<typename Word::value_type>(value);
  add(to, bytes_of(word));
}

constexpr std::uint8_t start = 1, commit = 2, goes_on = 4, unmount = 0x20;

bytes operation(std::uint8_t flags, const bytes& body = {}) {
  xfs_log_operation op{};
  op.transaction = 77;
  op.length = static_cast<std::uint32_t>(body.size());
  op.client = 0x69;
  op.flags = flags;
  bytes out;
  add(out, bytes_of(op));
  add(out, body);
  return out;
}

struct record_body {
  bytes text;
  std::uint32_t operations = 0;
  void add(const bytes& op) {
    text.insert(text.end(), op.begin(), op.end());
    ++operations;
  }
};

bytes transaction_head() {
  bytes head;
  for (const std::uint32_t word : {0x5452414eu, 40u, 77u, 2u}) add_word<wire::u32>(head, word);
  return head;
}

bytes buffer_item(std::uint64_t place, std::uint32_t chunks) {
  bytes item;
  for (const std::uint64_t word : {0x123cu, 2u, 0x9000u, 1u}) add_word<wire::u16>(item, word);
  add_word<wire::u64>(item, place);
  add_word<wire::u32>(item, 1);
  add_word<wire::u32>(item, chunks);
  return item;
}

record_body transaction(const bytes& item, const bytes& region) {
  record_body body;
  body.add(operation(start));
  body.add(operation(0, transaction_head()));
  body.add(operation(0, item));
  body.add(operation(0, region));
  body.add(operation(commit));
  return body;
}

class xfs_log : public testing::Test {
 protected:
  static constexpr made_xfs how{"small", "-b size=1024", "40M"};

  xfs_log() {
    const made_volume volume(how);
    log_ = volume.number("sb 0", "logstart");
    const auto group_log = volume.number("sb 0", "agblklog");
    log_ = ((log_ >> group_log) * volume.number("sb 0", "agblocks") + (log_ & ((1u << group_log) - 1))) * 1024;
    units_ = volume.number("sb 0", "logblocks") * 2;
    device_ = volume.load();
    exact_ = map_of(*device_).used;
  }

  byte_span unit(std::uint64_t at) { return device_->contents().subspan(log_ + at % units_ * 512, 512); }

  // The first three chunks of the superblock, with other counters.
  bytes counters() {
    bytes region(device_->contents().begin(), device_->contents().begin() + 384);
    region[151] = std::byte{9};
    return region;
  }

  // Of `at` and the round; answers where the next one begins.
  std::uint64_t write(std::uint32_t cycle, std::uint64_t at, std::uint64_t tail, record_body body, bool right_sum = true,
                      std::uint32_t buffer_size = 32768) {
    const std::uint64_t heads = buffer_size / 32768;  // those behind the first are for longer records than ours
    body.text.resize(align_up(body.text.size(), 512));
    xfs_log_record head{};
    head.magic = xfs_log_record::right_magic;
    head.cycle = cycle;
    head.version = 2;
    head.length = static_cast<std::uint32_t>(body.text.size());
    head.lsn = std::uint64_t{cycle} << 32 | at;
    head.tail_lsn = tail;
    head.operations = body.operations;
    head.machine = 1;
    head.buffer_size = buffer_size;
    for (std::size_t i = 0; i * 512 < body.text.size(); ++i) {
      head.first_words[i] = read_struct<wire::be32>(byte_view(body.text).subspan(i * 512)).value();
      wire::be32 stamp;
      stamp = at + heads + i >= units_ ? cycle + 1 : cycle;
      std::ranges::copy(bytes_of(stamp), body.text.begin() + static_cast<std::ptrdiff_t>(i * 512));
    }
    bytes summed;
    add(summed, bytes_of(head));
    summed.resize(328);
    head.crc = crc32c(summed, body.text) + (right_sum ? 0 : 1);
    std::ranges::fill(unit(at), std::byte{0});
    std::ranges::copy(bytes_of(head), unit(at).begin());
    for (std::uint64_t i = 1; i < heads; ++i) {
      wire::be32 stamp;
      stamp = cycle;
      std::ranges::fill(unit(at + i), std::byte{0});
      std::ranges::copy(bytes_of(stamp), unit(at + i).begin());
    }
    for (std::size_t i = 0; i * 512 < body.text.size(); ++i)
      std::ranges::copy(byte_view(body.text).subspan(i * 512, 512), unit(at + heads + i).begin());
    return at + heads + body.text.size() / 512;
  }

  // All of the ring as one round left it, without a record that could be one.
  void fill(std::uint32_t cycle) {
    wire::be32 stamp;
    stamp = cycle;
    for (std::uint64_t i = 0; i < units_; ++i) {
      std::ranges::fill(unit(i), std::byte{0});
      std::ranges::copy(bytes_of(stamp), unit(i).begin());
    }
  }

  record_body frozen() { return transaction(buffer_item(0, 7), counters()); }
  record_body change() { return transaction(buffer_item(8, 7), bytes(384)); }

  void expect_understood() {
    const auto map = map_of(*device_);
    EXPECT_EQ(map.used, exact_);
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr("used")));
  }
  void expect_doubt(const std::string& words) {
    const auto map = map_of(*device_);
    EXPECT_EQ(map.used, whole(*device_));
    EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
  }

  static std::uint64_t lsn(std::uint64_t cycle, std::uint64_t at) { return cycle << 32 | at; }

  std::unique_ptr<io::memory_device> device_;
  std::uint64_t log_ = 0;
  std::uint64_t units_ = 0;
  range_list exact_;
};

}  // namespace

TEST_F(xfs_log, with_counters_of_the_superblock_is_understood) {
  write(1, 2, lsn(1, 2), frozen());
  expect_understood();
}

TEST_F(xfs_log, with_larger_buffers_is_understood) {
  for (const std::uint32_t size : {65536u, 262144u}) {
    write(1, 2, lsn(1, 2), frozen(), true, size);
    expect_understood();
  }
}

TEST_F(xfs_log, with_another_buffer_is_copied_whole) {
  write(1, 2, lsn(1, 2), change());
  expect_doubt("holds changes");
}

TEST_F(xfs_log, with_an_inode_is_copied_whole) {
  auto item = buffer_item(0, 7);
  item[0] = std::byte{0x3b};
  write(1, 2, lsn(1, 2), transaction(item, counters()));
  expect_doubt("holds changes");
}

TEST_F(xfs_log, with_changes_before_its_tail_is_understood) {
  const auto next = write(1, 2, lsn(1, 2), change());
  write(1, write(1, next, lsn(1, next), frozen()), lsn(1, next), frozen());
  expect_understood();
}

TEST_F(xfs_log, with_changes_behind_its_tail_is_copied_whole) {
  const auto next = write(1, 2, lsn(1, 2), change());
  write(1, write(1, next, lsn(1, 2), frozen()), lsn(1, 2), frozen());
  expect_doubt("holds changes");
}

TEST_F(xfs_log, with_a_clean_end_is_understood_whatever_was_before) {
  record_body end;
  end.add(operation(unmount, bytes(8)));
  write(1, write(1, 2, lsn(1, 2), change()), lsn(1, 2), end);
  expect_understood();
}

TEST_F(xfs_log, that_makes_the_file_system_larger_is_copied_whole) {
  auto region = counters();
  region[14] = region[14] ^ std::byte{1};
  write(1, 2, lsn(1, 2), transaction(buffer_item(0, 7), region));
  expect_doubt("changes the superblock");
}

TEST_F(xfs_log, with_less_in_an_item_than_it_says_is_copied_whole) {
  write(1, 2, lsn(1, 2), transaction(buffer_item(0, 3), counters()));
  expect_doubt("cannot be followed");
}

TEST_F(xfs_log, with_part_of_an_operation_is_copied_whole) {
  auto body = transaction(buffer_item(0, 7), counters());
  body.add(operation(goes_on, bytes(16)));
  write(1, 2, lsn(1, 2), body);
  expect_doubt("holds changes");
}

TEST_F(xfs_log, with_a_wrong_checksum_is_copied_whole) {
  write(1, 2, lsn(1, 2), frozen(), false);
  expect_doubt("middle of a record");
}

TEST_F(xfs_log, with_a_record_that_is_not_all_there_is_copied_whole) {
  write(1, 2, lsn(1, 2), frozen());
  std::ranges::fill(unit(3), std::byte{0});
  expect_doubt("middle of a record");
}

TEST_F(xfs_log, with_a_hole_before_its_head_is_copied_whole) {
  const auto next = write(1, 2, lsn(1, 2), change());
  const auto last = write(1, next, lsn(1, next), change());
  write(1, last, lsn(1, last), frozen());
  std::ranges::fill(unit(next), std::byte{0});
  expect_doubt("middle of a record");
}

TEST_F(xfs_log, with_a_tail_that_cannot_be_is_copied_whole) {
  for (const auto tail : {lsn(1, 3), lsn(1, 4), lsn(2, 2), lsn(0, 2), lsn(1, 0x7fffffff)}) {
    write(1, 2, tail, frozen());
    EXPECT_EQ(map_of(*device_).used, whole(*device_)) << tail;
  }
}

TEST_F(xfs_log, in_a_later_round_is_understood) {
  fill(6);
  write(7, 0, lsn(7, 0), frozen());
  expect_understood();
  fill(6);
  for (std::uint64_t at = 0; at < 5000; at = write(7, at, lsn(7, at), frozen())) {
  }
  expect_understood();
}

TEST_F(xfs_log, that_ends_where_the_ring_ends_is_understood) {
  fill(7);
  write(7, units_ - 2, lsn(7, units_ - 2), frozen());
  expect_understood();
}

TEST_F(xfs_log, with_a_record_around_the_end_of_the_ring_is_followed) {
  fill(6);
  const auto last = units_ - 1;
  write(6, last, lsn(6, last), frozen());
  expect_understood();
  write(6, last, lsn(6, last), change());
  expect_doubt("holds changes");
  write(6, last, lsn(6, last), change());
  write(7, 1, lsn(6, last), frozen());
  expect_doubt("holds changes");
  write(7, 1, lsn(7, 1), frozen());
  expect_understood();
}

TEST_F(xfs_log, that_was_never_written_is_copied_whole) {
  fill(0);
  expect_doubt("never written");
}

}  // namespace umbra::fs
