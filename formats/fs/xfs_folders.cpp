// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/xfs_folders.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

// Blocks with entries lie in the first 32 GiB of a folder; behind them are hashes and free lists.
constexpr std::uint64_t entries_end = std::uint64_t{32} << 30;

constexpr std::uint32_t only_block = 0x58443242;     // "XD2B": entries and hashes in one
constexpr std::uint32_t entry_block = 0x58443244;    // "XD2D"
constexpr std::uint32_t only_block_5 = 0x58444233;   // "XDB3"
constexpr std::uint32_t entry_block_5 = 0x58444433;  // "XDD3"
constexpr std::size_t head_size = 16;                // with the three greatest gaps
constexpr std::size_t head_size_5 = 64;
constexpr std::uint16_t gap_tag = 0xffff;

constexpr std::size_t most_folders = 4 << 20;
constexpr std::size_t longest_path = 8 << 10;         // twice what Linux opens at once
constexpr std::size_t most_pending_bytes = 64 << 20;  // of paths

std::uint8_t byte_at(byte_view bytes, std::size_t at) { return std::to_integer<std::uint8_t>(bytes[at]); }

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

bool is_name(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

xfs_entry_kind kind_of(byte_view bytes, std::size_t at, bool has_kind) {
  return has_kind ? static_cast<xfs_entry_kind>(byte_at(bytes, at)) : xfs_entry_kind::unknown;
}

}  // namespace

error xfs_folder_reader::doubt(const char* why) const { return xfs_doubt(fmt::format("folder, inode {}: {}", number_, why)); }

result<void> xfs_folder_reader::run(const xfs_inode& folder, const entry_visitor& visit) {
  number_ = folder.number;
  block_.clear();
  if (!folder.is_folder()) return doubt("it is none");
  if (folder.data.how == xfs_fork::form::local) return read_short(folder, visit);
  reach_ = 0;
  CHECK(forks_.run(folder, folder.data, [&](const xfs_extent& e) { return read_extent(e, visit); }));
  if (!block_.empty()) return doubt("part of a block");
  return success();
}

result<void> xfs_folder_reader::read_extent(const xfs_extent& e, const entry_visitor& visit) {
  const auto per_block = geometry_.directory_block_size / geometry_.block_size;
  for (std::uint64_t i = 0; i < e.count; ++i) {
    const auto at = e.file_block + i;
    if (at >= entries_end / geometry_.block_size) return success();
    if (block_.empty() ? at % per_block != 0 : at != reach_) return doubt("a hole inside a block");
    if (e.unwritten) return doubt("unwritten");
    if (blocks_left_ == 0) return doubt("more blocks than there are");
    --blocks_left_;
    reach_ = at + 1;
    const auto place = e.place.offset + i * geometry_.block_size;
    const auto had = block_.size();
    if (had == 0) block_place_ = place;
    block_.resize(had + geometry_.block_size);
    CHECK(within("folder", reader_.read(place, byte_span(block_).subspan(had))));
    if (block_.size() < geometry_.directory_block_size) continue;
    CHECK(read_block(visit));
    block_.clear();
  }
  return success();
}

// In the inode: u8 count, u8 whether inode numbers are long, the parent; then u8 length, u16 place, name, kind, inode number.
result<void> xfs_folder_reader::read_short(const xfs_inode& folder, const entry_visitor& visit) {
  auto bytes = folder.data.bytes;
  if (folder.size > bytes.size() || folder.size < 6) return doubt("size");
  bytes = bytes.first(static_cast<std::size_t>(folder.size));
  const auto count = byte_at(bytes, 0);
  const std::size_t wide = byte_at(bytes, 1) != 0 ? 8 : 4;
  const std::size_t kind_size = geometry_.file_types ? 1 : 0;
  if (bytes.size() < 2 + wide) return doubt("size");
  bytes = bytes.subspan(2 + wide);
  for (unsigned i = 0; i < count; ++i) {
    if (bytes.empty()) return doubt("too many entries");
    const std::size_t length = byte_at(bytes, 0);
    const auto inode_at = 3 + length + kind_size;
    if (bytes.size() < inode_at + wide) return doubt("an entry outside of it");
    xfs_entry e;
    e.name = as_text(bytes.subspan(3, length));
    e.kind = kind_of(bytes, 3 + length, geometry_.file_types);
    const auto number = bytes.subspan(inode_at);
    e.inode = wide == 8 ? read_struct<wire::be64>(number).value() : read_struct<wire::be32>(number).value();
    if (!is_name(e.name)) return doubt("a name");
    CHECK(visit(e));
    bytes = bytes.subspan(inode_at + wide);
  }
  return success();
}

result<void> xfs_folder_reader::check_address() const {
  const auto head = read_struct<xfs_directory_head>(block_);
  if (!has_right_crc(block_, offsetof(xfs_directory_head, crc))) return doubt("wrong checksum");
  if (head.owner.value() != number_ || head.place.value() != block_place_ / 512) return doubt("a block of somewhere else");
  if (!std::ranges::equal(bytes_of(head.id), geometry_.id)) return doubt("a block of another file system");
  return success();
}

// A block that holds all of a folder ends in hashes, 8 bytes each, and their number.
result<std::size_t> xfs_folder_reader::end_of_entries(std::uint32_t magic) const {
  if (magic == (geometry_.checksums ? entry_block_5 : entry_block)) return block_.size();
  if (magic != (geometry_.checksums ? only_block_5 : only_block)) return doubt("a block of another kind");
  const auto tail = block_.size() - 8;
  const std::uint64_t hashes = read_struct<wire::be32>(byte_view(block_).subspan(tail)).value();
  if (hashes > tail / 8) return doubt("number of hashes");
  return tail - static_cast<std::size_t>(hashes) * 8;
}

result<void> xfs_folder_reader::read_block(const entry_visitor& visit) {
  const auto magic = read_struct<wire::be32>(block_).value();
  if (geometry_.checksums) CHECK(check_address());
  TRY(const auto end, end_of_entries(magic));
  return read_entries(geometry_.checksums ? head_size_5 : head_size, end, visit);
}

// u64 inode, u8 length, name, kind, padding, u16 own place; all in steps of 8. A gap is 0xffff and u16 length.
result<void> xfs_folder_reader::read_entries(std::size_t begin, std::size_t end, const entry_visitor& visit) {
  const byte_view bytes(block_);
  const std::size_t kind_size = geometry_.file_types ? 1 : 0;
  while (begin < end) {
    const auto left = bytes.subspan(begin, end - begin);
    if (left.size() < 16) {  // an entry is never shorter, a gap may be
      if (left.size() < 8 || read_struct<wire::be16>(left).value() != gap_tag) return doubt("an entry outside of it");
    }
    std::size_t size = 0;
    if (read_struct<wire::be16>(left).value() == gap_tag) {
      size = read_struct<wire::be16>(left.subspan(2)).value();
    } else {
      xfs_entry e;
      const std::size_t length = byte_at(left, 8);
      size = static_cast<std::size_t>(align_up(9 + length + kind_size + 2, 8));
      if (size > left.size()) return doubt("an entry outside of it");
      e.inode = read_struct<wire::be64>(left).value();
      e.name = as_text(left.subspan(9, length));
      e.kind = kind_of(left, 9 + length, geometry_.file_types);
      if (!is_name(e.name)) return doubt("a name");
      if (!is_dots(e.name)) CHECK(visit(e));
    }
    if (size == 0 || size % 8 != 0 || size > left.size()) return doubt("a gap");
    begin += size;
  }
  return success();
}

namespace {

class path_walk {
 public:
  path_walk(const xfs_geometry& g, io::unaligned_reader& reader, const xfs_path_visitor& visitor)
      : geometry_(g), reader_(reader), visitor_(visitor), folders_(g, reader) {}

  result<void> run() {
    pending_.push_back({"", geometry_.root_inode});
    seen_.insert(geometry_.root_inode);
    while (!pending_.empty() && goes_on_) {
      const auto at = std::move(pending_.back());
      pending_.pop_back();
      pending_bytes_ -= at.path.size();
      TRY(const auto inode, read_inode(geometry_, reader_, at.inode, memory_));
      CHECK(folders_.run(inode, [&](const xfs_entry& e) { return meet(at.path, e); }));
    }
    return success();
  }

 private:
  struct folder {
    std::string path;  // without the last '/'
    std::uint64_t inode = 0;
  };

  result<void> meet(const std::string& folder_path, xfs_entry e) {
    if (!goes_on_) return success();
    auto path = fmt::format("{}/{}", folder_path, e.name);
    if (e.kind == xfs_entry_kind::unknown) {
      TRY(const auto named, read_inode(geometry_, reader_, e.inode, other_));
      if (named.is_file()) e.kind = xfs_entry_kind::file;
      if (named.is_folder()) e.kind = xfs_entry_kind::folder;
    }
    goes_on_ = visitor_.entry(path, e);
    if (e.kind != xfs_entry_kind::folder || !visitor_.enters(path) || !seen_.insert(e.inode).second) return success();
    pending_bytes_ += path.size();
    if (path.size() > longest_path) return xfs_doubt("folders too deep");
    if (seen_.size() > most_folders || pending_bytes_ > most_pending_bytes) return xfs_doubt("too many folders");
    pending_.push_back({std::move(path), e.inode});
    return success();
  }

  const xfs_geometry& geometry_;
  io::unaligned_reader& reader_;
  const xfs_path_visitor& visitor_;
  xfs_folder_reader folders_;
  std::vector<folder> pending_;
  std::size_t pending_bytes_ = 0;
  std::unordered_set<std::uint64_t> seen_;
  bool goes_on_ = true;
  std::vector<std::byte> memory_;  // of the present folder's inode
  std::vector<std::byte> other_;   // of an inode looked at for its kind
};

}  // namespace

result<void> walk_paths(const xfs_geometry& g, io::unaligned_reader& reader, const xfs_path_visitor& visitor) {
  return path_walk(g, reader, visitor).run();
}

}  // namespace umbra::fs
