// SPDX-License-Identifier: GPL-3.0-or-later
// Tree blocks of Btrfs: read from whichever copy is good, checked before anybody looks into them.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/buffer.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/btrfs_chunks.h"

namespace umbra::fs {

// A tree block, and all that is known of it from where it was found.
struct btrfs_pointer {
  std::uint64_t logical = 0;
  std::uint64_t generation = 0;
  std::uint8_t level = 0;
  std::uint64_t tree = 0;          // the tree it was found in
  std::optional<btrfs_key> first;  // its first key; not known of a root
  std::optional<btrfs_key> below;  // all its keys are smaller
};

// Immutable. Keys ascend, and all places lie inside the block: make() has seen to that.
class btrfs_node {
 public:
  static result<btrfs_node> make(buffer bytes, const btrfs_geometry& geometry, std::uint64_t logical);

  std::uint8_t level() const { return header().level.value(); }
  std::uint64_t owner() const { return header().owner.value(); }
  std::uint64_t generation() const { return header().generation.value(); }
  std::size_t count() const { return header().count.value(); }
  btrfs_key key(std::size_t index) const;
  // The number of keys that are smaller.
  std::size_t count_below(const btrfs_key& key) const;
  // Of a leaf (level 0).
  byte_view item(std::size_t index) const;
  // Of any other; `self` is where this node was found.
  btrfs_pointer child(std::size_t index, const btrfs_pointer& self) const;

 private:
  explicit btrfs_node(buffer bytes) : bytes_(std::move(bytes)) {}
  btrfs_disk_header header() const { return read_struct<btrfs_disk_header>(bytes_.view()); }
  byte_view body() const { return bytes_.view().subspan(sizeof(btrfs_disk_header)); }
  std::size_t slot_size() const { return level() == 0 ? sizeof(btrfs_disk_item) : sizeof(btrfs_disk_pointer); }
  result<void> check_order() const;
  result<void> check_slots(const btrfs_geometry& geometry) const;

  buffer bytes_;
};

using btrfs_node_ptr = std::shared_ptr<const btrfs_node>;

// True for the trees that hold files; snapshots share their blocks, so that the owner of a block may be another one of them.
bool is_file_tree(std::uint64_t tree);

// One thread. Keeps some nodes, so that those near a root are read once.
class btrfs_node_reader {
 public:
  btrfs_node_reader(io::unaligned_reader& volume, const btrfs_geometry& geometry) : volume_(volume), geometry_(geometry) {}

  const btrfs_geometry& geometry() const { return geometry_; }
  const btrfs_chunks& chunks() const { return chunks_; }
  void use_chunks(btrfs_chunks chunks) { chunks_ = std::move(chunks); }

  // errc::checksum or errc::decode if no copy is what it must be.
  result<btrfs_node_ptr> read(const btrfs_pointer& where);
  // The same when only the place is known.
  result<btrfs_node_ptr> read_anything(std::uint64_t logical);

 private:
  struct kept_node {
    std::uint64_t logical = 0;
    btrfs_node_ptr node;
  };

  result<btrfs_node_ptr> read_copies(std::uint64_t logical, const btrfs_pointer* wanted);
  kept_node& slot(std::uint64_t logical) { return kept_[logical / geometry_.sector_size % kept_.size()]; }

  io::unaligned_reader& volume_;
  const btrfs_geometry geometry_;
  btrfs_chunks chunks_;
  std::array<kept_node, 251> kept_;  // a prime, for places that are multiples of one number
};

}  // namespace umbra::fs
