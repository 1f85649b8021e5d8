// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_directory.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "formats/fs/ext_volume.h"

namespace umbra::fs {
namespace {

// linux/Documentation/filesystems/ext4/directory.rst and attributes.rst
struct entry_header {
  wire::u32 inode;
  wire::u16 length;  // to the next entry
  wire::u8 name_length;
  wire::u8 kind;
};
static_assert(sizeof(entry_header) == 8);

struct attribute_header {
  wire::u8 name_length;
  wire::u8 name_index;
  wire::u16 value_offset;
  wire::u32 value_inode;
  wire::u32 value_size;
  wire::u32 hash;
};
static_assert(sizeof(attribute_header) == 16);
constexpr std::uint32_t attribute_magic = 0xea020000;
constexpr std::uint8_t system_attribute = 7;

constexpr std::size_t slack = 8;  // the library may look at an entry's header that begins right at the end

struct block_list final : ext_block_sink {
  struct run {
    std::uint64_t file_block, block, count;
  };
  bool data(std::uint64_t file_block, std::uint64_t block, std::uint64_t count, bool written) override {
    if (written) runs.push_back({file_block, block, count});
    return written;
  }
  std::vector<run> runs;
};

ext_entry_kind kind_of(std::uint8_t written) {
  switch (written) {
    case EXT2_FT_UNKNOWN: return ext_entry_kind::unknown;
    case EXT2_FT_REG_FILE: return ext_entry_kind::file;
    case EXT2_FT_DIR: return ext_entry_kind::directory;
    default: return ext_entry_kind::other;
  }
}

using entry_visit = std::function<result<void>(const ext_entry&)>;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

}  // namespace

ext_directory_reader::ext_directory_reader(ext2_filsys fs, io::unaligned_reader& reader)
    : fs_(fs),
      reader_(reader),
      walk_(fs, reader),
      inode_(std::max<std::size_t>(EXT2_INODE_SIZE(fs->super), sizeof(ext2_inode_large))),
      block_(fs->blocksize + slack),
      blocks_left_(ext2fs_blocks_count(fs->super) + fs->super->s_inodes_count) {}

result<const ext2_inode*> ext_directory_reader::inode(ext2_ino_t number) {
  if (number == 0 || number > fs_->super->s_inodes_count) return doubt(fmt::format("there is no inode {}", number));
  auto* memory = reinterpret_cast<ext2_inode*>(inode_.data());
  const auto size = static_cast<int>(EXT2_INODE_SIZE(fs_->super));
  if (const auto code = ext2fs_read_inode_full(fs_, number, memory, size)) {
    return doubt(fmt::format("inode {}: {}", number, words_of(code)));
  }
  return memory;
}

// Folders that are kept in their inodes count as blocks: an inode is met once.
result<void> ext_directory_reader::count_block() {
  if (blocks_left_ == 0) return doubt("its folders have more blocks than there are");
  --blocks_left_;
  return success();
}

result<void> ext_directory_reader::read(ext2_ino_t folder, ext2_ino_t parent, const entry_visit& visit) {
  folder_ = folder;
  parent_ = parent;
  parent_seen_ = false;
  CHECK(count_block());
  TRY(const auto* found, inode(folder));
  if (!LINUX_S_ISDIR(found->i_mode) || found->i_links_count == 0) return doubt(fmt::format("inode {} is no folder", folder));
  if (found->i_flags & EXT4_INLINE_DATA_FL) return read_inline(visit);
  const auto blocks = EXT2_I_SIZE(found) / fs_->blocksize;
  block_list list;
  if (!walk_.walk(*found, list)) return doubt(fmt::format("folder {}: its blocks cannot be found", folder));
  std::ranges::sort(list.runs, {}, &block_list::run::file_block);
  for (const auto& run : list.runs) {
    for (std::uint64_t i = 0; i < run.count && run.file_block + i < blocks; ++i) {
      CHECK(within(fmt::format("folder {}", folder), read_block(run.block + i)));
      CHECK(within(fmt::format("folder {}", folder), read_entries(byte_view(block_).first(fs_->blocksize), visit)));
    }
  }
  if (!parent_seen_) return doubt(fmt::format("folder {} has no parent", folder));
  return success();
}

result<void> ext_directory_reader::read_block(std::uint64_t block) {
  CHECK(count_block());
  CHECK(reader_.read(block * fs_->blocksize, byte_span(block_).first(fs_->blocksize)));
  if (!ext2fs_dir_block_csum_verify(fs_, folder_, reinterpret_cast<ext2_dir_entry*>(block_.data()))) {
    return error(errc::checksum, "one of its blocks");
  }
  return success();
}

// The parent's number and the first entries lie where others have block numbers, the rest in an attribute.
result<void> ext_directory_reader::read_inline(const entry_visit& visit) {
  const auto i_block = byte_view(inode_).subspan(offsetof(ext2_inode, i_block), sizeof(ext2_inode::i_block));
  const auto rest = inline_rest();
  std::vector<std::byte> copy(i_block.begin() + 4, i_block.end());  // visitors may read other inodes
  std::vector<std::byte> more(rest.begin(), rest.end());
  CHECK(read_entry({read_struct<wire::u32>(i_block).value(), ext_entry_kind::directory, ".."}, visit));
  CHECK(within(fmt::format("folder {}", folder_), read_entries(copy, visit)));
  return within(fmt::format("folder {}", folder_), read_entries(more, visit));
}

byte_view ext_directory_reader::inline_rest() const {
  const byte_view bytes = byte_view(inode_).first(EXT2_INODE_SIZE(fs_->super));
  if (bytes.size() <= EXT2_GOOD_OLD_INODE_SIZE + 4) return {};
  const std::size_t extra = read_struct<wire::u16>(bytes.subspan(EXT2_GOOD_OLD_INODE_SIZE)).value();
  const auto begin = EXT2_GOOD_OLD_INODE_SIZE + extra;
  if (!fits(begin, 4, bytes.size()) || read_struct<wire::u32>(bytes.subspan(begin)).value() != attribute_magic) return {};
  const auto area = bytes.subspan(begin + 4);  // offsets of values count from here
  for (std::size_t at = 0; fits(at, sizeof(attribute_header), area.size());) {
    const auto a = read_struct<attribute_header>(area.subspan(at));
    const std::size_t name_length = a.name_length.value();
    if (name_length == 0 && a.name_index.value() == 0) break;
    if (!fits(at + sizeof(a), name_length, area.size())) break;
    const auto name = as_text(area.subspan(at + sizeof(a), name_length));
    if (a.name_index.value() == system_attribute && name == "data" && a.value_inode.value() == 0) {
      const std::size_t offset = a.value_offset.value();
      const std::size_t size = a.value_size.value();
      return fits(offset, size, area.size()) ? area.subspan(offset, size) : byte_view();
    }
    at += align_up(sizeof(a) + name_length, 4);
  }
  return {};
}

result<void> ext_directory_reader::read_entries(byte_view bytes, const entry_visit& visit) {
  while (!bytes.empty()) {
    if (bytes.size() < sizeof(entry_header)) return doubt("an entry is cut off");
    const auto header = read_struct<entry_header>(bytes);
    std::size_t length = header.length.value();
    if (length == 0xffff || length == 0) length = fs_->blocksize >= 65536 ? 65536 : length;
    const std::size_t name_length = header.name_length.value();
    if (length % 4 != 0 || length < sizeof(header) + name_length || length > bytes.size()) return doubt("an entry's length");
    if (header.inode.value() != 0) {
      const auto name = as_text(bytes.subspan(sizeof(header), name_length));
      const auto kind = kind_of(ext2fs_has_feature_filetype(fs_->super) ? header.kind.value() : std::uint8_t{0});
      CHECK(read_entry({header.inode.value(), kind, name}, visit));
    }
    bytes = bytes.subspan(length);
  }
  return success();
}

result<void> ext_directory_reader::read_entry(const ext_entry& e, const entry_visit& visit) {
  if (e.name == ".") return success();
  if (e.name == "..") {
    parent_seen_ = true;
    if (e.inode != parent_) return doubt(fmt::format("folder {} is in folder {}, and says {}", folder_, parent_, e.inode));
    return success();
  }
  if (e.name.empty() || e.name.find('/') != std::string_view::npos || e.name.find('\0') != std::string_view::npos) {
    return doubt("a name that cannot be");
  }
  return visit(e);
}

}  // namespace umbra::fs
