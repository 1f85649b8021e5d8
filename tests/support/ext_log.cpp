// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/ext_log.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/block/crc32c.h"
#include "engine/io/file_device.h"
#include "tests/support/shell.h"

namespace umbra::fs {
namespace {

std::unique_ptr<io::device> open_for_writing(const std::string& path) {
  io::open_options options;
  options.mode = io::open_options::access::read_write;
  return std::move(io::open_device(path, options).value());
}

std::uint64_t number_of(const std::string& command) { return std::stoull(test::shell(command)); }

template <class T>
void copy_into(std::vector<std::byte>& block, std::size_t at, const T& value) {
  ASSERT_LE(at + sizeof(T), block.size());
  std::memcpy(block.data() + at, &value, sizeof(T));
}

}  // namespace

block_texts differing_blocks(io::device& before, io::device& after, std::uint32_t block_size) {
  block_texts found;
  std::vector<std::byte> a(block_size);
  std::vector<std::byte> b(block_size);
  for (std::uint64_t at = 0; at + block_size <= after.geometry().size; at += block_size) {
    EXPECT_TRUE(before.read(at, a).has_value() && after.read(at, b).has_value());
    if (a != b) found[at / block_size] = b;
  }
  return found;
}

ext_log::ext_log(const std::string& path, const how& what) : path_(path), how_(what), at_(what.start), sequence_(what.sequence) {
  block_size_ = number_of("LC_ALL=C dumpe2fs -h " + path + " | sed -n 's/^Block size: *//p'");
  first_ = number_of(fmt::format("debugfs -R 'bmap <8> 0' {}", path)) * block_size_;
  std::vector<std::byte> bytes(sizeof(super_));
  EXPECT_TRUE(open_for_writing(path)->read(first_, bytes).has_value());
  super_ = read_struct<jbd2::superblock>(bytes);
  length_ = super_.length.value();
  EXPECT_EQ(number_of(fmt::format("debugfs -R 'bmap <8> {}' {}", length_ - 1, path)) * block_size_, offset_of(length_ - 1));
  seed_ = crc::update_portable(~0U, bytes_of(super_.id));
}

std::vector<std::byte> ext_log::begin(jbd2::block_type type) const {
  std::vector<std::byte> block(block_size_);
  jbd2::block_header header;
  header.magic = jbd2::magic;
  header.type = type;
  header.sequence = sequence_;
  copy_into(block, 0, header);
  return block;
}

void ext_log::seal(std::vector<std::byte>& block) const {
  if (has(jbd2::incompat::csum_v2 | jbd2::incompat::csum_v3)) {
    copy_into(block, block.size() - 4, wire::be32(crc::update_portable(seed_, block)));
  }
}

void ext_log::put(std::vector<std::byte> block) {
  ASSERT_TRUE(open_for_writing(path_)->write(next_offset(), block).has_value());
  const auto end = length_ - how_.fast_commit_blocks;
  if (++at_ == end) at_ = 1;
}

void ext_log::describe(const block_texts& blocks) {
  const auto v3 = has(jbd2::incompat::csum_v3);
  const auto v2 = has(jbd2::incompat::csum_v2);
  const auto wide = has(jbd2::incompat::bit64);
  const std::size_t size = v3 ? 16 : 8 + (wide ? 4 : 0) + (v2 ? 2 : 0);
  for (auto next = blocks.begin(); next != blocks.end();) {
    auto descriptor = begin(jbd2::descriptor);
    std::vector<std::vector<std::byte>> texts;
    for (std::size_t at = sizeof(jbd2::block_header); next != blocks.end() && at + size + 16 + 4 <= block_size_; ++next) {
      auto text = next->second;
      const wire::be32 sequence(sequence_);
      const wire::be32 magic(jbd2::magic);
      std::uint32_t flags = texts.empty() ? 0 : jbd2::tag_flag::same_id;
      if (std::equal(text.begin(), text.begin() + 4, bytes_of(magic).begin())) {
        flags |= jbd2::tag_flag::escaped;
        copy_into(text, 0, wire::be32(0));
      }
      const auto sum = crc::update_portable(crc::update_portable(seed_, bytes_of(sequence)), text);
      texts.push_back(std::move(text));
      const bool last = std::next(next) == blocks.end() || at + 2 * size + 16 + 4 > block_size_;
      if (last) flags |= jbd2::tag_flag::last;
      if (v3) {
        jbd2::tag_3 tag;
        tag.block_low = static_cast<std::uint32_t>(next->first);
        tag.flags = flags;
        tag.block_high = static_cast<std::uint32_t>(next->first >> 32);
        tag.checksum = sum;
        copy_into(descriptor, at, tag);
      } else {
        copy_into(descriptor, at, wire::be32(static_cast<std::uint32_t>(next->first)));
        if (v2) copy_into(descriptor, at + 4, wire::be16(static_cast<std::uint16_t>(sum)));
        copy_into(descriptor, at + 6, wire::be16(static_cast<std::uint16_t>(flags)));
      }
      at += size + ((flags & jbd2::tag_flag::same_id) ? 0 : 16);
    }
    seal(descriptor);
    put(std::move(descriptor));
    for (auto& text : texts) put(std::move(text));
  }
}

void ext_log::revoke(const std::vector<std::uint64_t>& blocks) {
  const std::size_t each = has(jbd2::incompat::bit64) ? 8 : 4;
  for (auto next = blocks.begin(); next != blocks.end();) {
    auto block = begin(jbd2::revoke);
    auto at = sizeof(jbd2::revoke_block);
    for (; next != blocks.end() && at + each + 4 <= block.size(); at += each, ++next) {
      if (each == 8) {
        copy_into(block, at, wire::be64(*next));
      } else {
        copy_into(block, at, wire::be32(static_cast<std::uint32_t>(*next)));
      }
    }
    copy_into(block, sizeof(jbd2::block_header), wire::be32(static_cast<std::uint32_t>(at)));
    seal(block);
    put(std::move(block));
  }
}

void ext_log::commit() {
  auto block = begin(jbd2::commit);
  if (has(jbd2::incompat::csum_v2 | jbd2::incompat::csum_v3)) {
    copy_into(block, offsetof(jbd2::commit_block, checksum), wire::be32(crc::update_portable(seed_, block)));
  }
  put(std::move(block));
  ++sequence_;
}

void ext_log::finish() {
  super_.header.type = jbd2::superblock_2;
  super_.start = how_.start;
  super_.sequence = how_.sequence;
  super_.incompat = how_.incompat;
  super_.compat = how_.compat;
  super_.fast_commit_blocks = how_.fast_commit_blocks;
  super_.checksum = 0;
  if (has(jbd2::incompat::csum_v2 | jbd2::incompat::csum_v3)) {
    super_.checksum_type = jbd2::crc32c_type;
    super_.checksum = crc::update_portable(~0U, bytes_of(super_));
  }
  ASSERT_TRUE(open_for_writing(path_)->write(first_, bytes_of(super_)).has_value());
  test::shell(fmt::format("debugfs -w -R 'feature needs_recovery' {}", path_));
}

}  // namespace umbra::fs
