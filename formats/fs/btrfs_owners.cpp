// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_owners.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/btrfs_files.h"
#include "formats/fs/btrfs_names.h"

namespace umbra::fs {
namespace {

using plan::owner_kind;
using plan::range_owner;

constexpr std::size_t text_limit = 32 << 20;
constexpr std::size_t owner_limit = 1 << 18;  // beyond that many the rest is unknown

// One copy of a chunk, by its place on the device.
struct stripe {
  const btrfs_chunk* chunk = nullptr;
  std::uint64_t place = 0;
};

std::vector<stripe> stripes_of(const btrfs_chunks& chunks) {
  std::vector<stripe> all;
  for (const auto& c : chunks.all())
    for (std::uint8_t i = 0; i < c.copies; ++i) all.push_back({&c, c.places[i]});
  std::ranges::sort(all, {}, &stripe::place);
  return all;
}

// The file in a leaf that refers to an extent.
std::optional<btrfs_inode_id> file_in_leaf(const btrfs_node& leaf, std::uint64_t logical) {
  for (std::size_t i = 0; leaf.level() == 0 && i < leaf.count(); ++i) {
    btrfs_disk_file_extent e;
    if (leaf.key(i).type != btrfs_type::extent_data || !decode_file_extent(leaf.item(i), e)) continue;
    if (e.disk_offset.value() == logical) return btrfs_inode_id{leaf.owner(), leaf.key(i).objectid};
  }
  return std::nullopt;
}

class owner_words {
 public:
  explicit owner_words(btrfs_forest& forest) : forest_(forest), paths_(forest) {}

  range_owner describe(std::uint64_t logical, const btrfs_references& refs) {
    if (refs.is_block) return {{}, owner_kind::metadata, tree_name(refs.tree.value_or(owner_of_block(logical)))};
    auto file = refs.file;
    if (!file && refs.parent) {
      if (const auto leaf = forest_.reader().read_anything(*refs.parent)) file = file_in_leaf(*leaf.value(), logical);
    }
    if (!file) return {};
    if (!is_file_tree(file->tree))
      return {{}, owner_kind::metadata, file->tree == btrfs_id::root_tree ? "free space cache" : tree_name(file->tree)};
    if (auto path = paths_.path_of(*file)) return {{}, owner_kind::file, *std::move(path)};
    return {{}, owner_kind::unknown, fmt::format("a deleted file of subvolume {}", file->tree)};
  }

  // False once so much has been told that what follows stays without a name.
  bool may_tell(const std::string& name) {
    text_ += name.size();
    return text_ <= text_limit;
  }

 private:
  std::uint64_t owner_of_block(std::uint64_t logical) {
    const auto node = forest_.reader().read_anything(logical);
    return node ? node.value()->owner() : 0;
  }

  btrfs_forest& forest_;
  btrfs_paths paths_;
  std::size_t text_ = 0;  // told so far
};

// Walks the extents of one chunk beside the wanted ranges in it, both ascending.
class extent_scan final : public btrfs_visitor {
 public:
  extent_scan(owner_words& words, const btrfs_geometry& geometry, const stripe& where, range_list wanted,
              std::vector<range_owner>& out)
      : words_(words), geometry_(geometry), where_(where), wanted_(std::move(wanted)), out_(out) {}

  result<void> see(const btrfs_key& key, byte_view item) override {
    if (key.type == btrfs_type::extent_item || key.type == btrfs_type::metadata_item) {
      finish();
      const auto size = key.type == btrfs_type::extent_item ? key.offset : geometry_.node_size;
      if (!fits(key.objectid - where_.chunk->logical, size, where_.chunk->size)) return error(errc::decode, "an extent");
      while (at_ < wanted_.size() && wanted_[at_].end() <= key.objectid) ++at_;
      if (at_ == wanted_.size() || wanted_[at_].offset >= key.objectid + size) return success();
      TRY(refs_, decode_references(key.type, item));
      extent_ = {key.objectid, size};
    } else if (key.objectid == extent_.offset && extent_.size != 0) {
      add_reference_item(refs_, key.type, key.offset, item);
    }
    return success();
  }

  // Tells what is wanted of the last extent.
  void finish() {
    if (extent_.size == 0) return;
    auto owner = words_.describe(extent_.offset, refs_);
    for (auto i = at_; i < wanted_.size() && wanted_[i].offset < extent_.end(); ++i) {
      const auto from = std::max(wanted_[i].offset, extent_.offset);
      const auto to = std::min(wanted_[i].end(), extent_.end());
      if (from >= to) continue;
      if (out_.size() >= owner_limit) return;  // the rest is for the caller, from reach() on
      if (!words_.may_tell(owner.name)) owner = {};
      reach_ = to;
      owner.where = {where_.place + (from - where_.chunk->logical), to - from};
      out_.push_back(owner);
    }
    reach_ = extent_.end();
    extent_ = {};
  }

  std::uint64_t reach() const { return reach_; }

 private:
  owner_words& words_;
  const btrfs_geometry& geometry_;
  const stripe& where_;
  const range_list wanted_;  // logical
  std::vector<range_owner>& out_;
  std::size_t at_ = 0;       // the first wanted range that does not lie before the extents seen
  std::uint64_t reach_ = 0;  // end of the last extent that was told
  range extent_;             // logical; still to be told
  btrfs_references refs_;
};

// What the extent tree knows of `where`: in order, with gaps where space is free.
std::vector<range_owner> extents_in(btrfs_forest& forest, const range_list& where) {
  std::vector<range_owner> out;
  owner_words words(forest);
  const auto* root = forest.root(btrfs_id::extent_tree);
  for (const auto& s : stripes_of(forest.chunks())) {
    auto wanted = clip(where, {s.place, s.chunk->size});
    if (wanted.empty() || root == nullptr) continue;
    for (auto& r : wanted) r.offset = r.offset - s.place + s.chunk->logical;
    extent_scan scan(words, forest.geometry(), s, wanted, out);
    const btrfs_key_range items{{s.chunk->logical, 0, 0}, {s.chunk->end() - 1, 0xff, btrfs_no_limit}};
    const bool whole = walk(forest.reader(), *root, items, scan).has_value() && out.size() < owner_limit;
    if (whole) {
      scan.finish();
      continue;
    }
    // From here on nobody knows.
    const auto from = std::max(scan.reach(), s.chunk->logical);
    for (const auto& r : clip(wanted, {from, s.chunk->end() - from}))
      out.push_back({{s.place + (r.offset - s.chunk->logical), r.size}, owner_kind::unknown, {}});
  }
  return out;
}

void add_place(std::vector<range_owner>& to, const range_list& where, range place, owner_kind kind, const char* name) {
  for (const auto& r : clip(where, place)) to.push_back({r, kind, name});
}

// What lies in no chunk.
std::vector<range_owner> fixed_places(const btrfs_geometry& g, std::uint64_t volume_size, const range_list& where) {
  constexpr auto super_size = sizeof(btrfs_superblock);
  constexpr std::uint64_t reserved = 1 << 20;
  std::vector<range_owner> out;
  add_place(out, where, {0, btrfs_superblock_offset}, owner_kind::metadata, "boot area");
  add_place(out, where, {btrfs_superblock_offset, super_size}, owner_kind::metadata, "superblock");
  const auto behind = btrfs_superblock_offset + super_size;
  add_place(out, where, {behind, reserved - behind}, owner_kind::metadata, "boot area");
  for (const auto offset : btrfs_mirror_offsets)
    if (fits(offset, super_size, g.device_size)) add_place(out, where, {offset, super_size}, owner_kind::metadata, "superblock");
  add_place(out, where, {g.device_size, volume_size - g.device_size}, owner_kind::unknown, "");
  return out;
}

void append(std::vector<range_owner>& to, range_owner next) {
  if (!to.empty()) {
    auto& last = to.back();
    if (last.where.end() == next.where.offset && last.kind == next.kind && last.name == next.name) {
      last.where.size += next.where.size;
      return;
    }
  }
  to.push_back(std::move(next));
}

// Exactly `where`, from pieces in order that may overlap where something is damaged; what no piece has goes to `rest`.
std::vector<range_owner> compose(const range_list& where, std::vector<range_owner> pieces, owner_kind rest) {
  std::ranges::stable_sort(pieces, {}, [](const range_owner& o) { return o.where.offset; });
  std::vector<range_owner> all;
  auto piece = pieces.begin();
  for (const auto& r : where) {
    auto at = r.offset;
    for (; piece != pieces.end() && piece->where.offset < r.end(); ++piece) {
      const auto from = std::max(piece->where.offset, at);
      const auto to = std::min(piece->where.end(), r.end());
      if (from >= to) continue;
      if (from > at) append(all, {{at, from - at}, rest, {}});
      append(all, {{from, to - from}, piece->kind, std::move(piece->name)});
      at = to;
    }
    if (at < r.end()) append(all, {{at, r.end() - at}, rest, {}});
  }
  return all;
}

}  // namespace

std::vector<range_owner> btrfs_owners(btrfs_forest& forest, std::uint64_t volume_size, const range_list& where) {
  auto pieces = fixed_places(forest.geometry(), volume_size, where);
  auto extents = extents_in(forest, where);
  pieces.insert(pieces.end(), std::make_move_iterator(extents.begin()), std::make_move_iterator(extents.end()));
  // A log lies in free space.
  return compose(where, std::move(pieces), forest.log() == nullptr ? owner_kind::free_space : owner_kind::unknown);
}

}  // namespace umbra::fs
