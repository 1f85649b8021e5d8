// SPDX-License-Identifier: GPL-3.0-or-later
// A walk over all files and folders of a FAT or exFAT volume. Both keep folders as rows of records of 32 bytes, and the places
// of a file as chains of clusters; what a record means and where a chain goes on is the format's.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/cluster_set.h"
#include "formats/fs/cluster_space.h"

namespace umbra::fs {

constexpr std::size_t record_size = 32;

enum class node_kind : std::uint8_t { file, directory, structure };

// What a folder says of something in it.
struct tree_entry {
  node_kind kind = node_kind::file;
  std::string name;
  std::uint32_t first = 0;  // 0: it has no clusters
  std::uint64_t size = 0;
  bool contiguous = false;  // clusters follow each other; there is no chain
  bool damaged = false;     // something about it is wrong, but this much is clear
};

class record_parser {
 public:
  enum class outcome : std::uint8_t { nothing, entry, damage, end };
  virtual ~record_parser() = default;
  // A folder begins.
  virtual void begin(bool root) = 0;
  // The folder's next record, record_size bytes; fills `out` where the answer is `entry`.
  virtual outcome take(byte_view record, tree_entry& out) = 0;
};

class cluster_chains {
 public:
  static constexpr std::uint32_t end = 0;
  static constexpr std::uint32_t broken = 1;
  virtual ~cluster_chains() = default;
  // What follows a cluster of the space: a number (maybe a senseless one), `end` or `broken`.
  virtual result<std::uint32_t> after(std::uint32_t cluster) = 0;
};

struct visited_node {
  node_kind kind = node_kind::file;
  std::string path;  // of structures: their name
  std::uint64_t size = 0;
  std::span<const cluster_run> runs{};  // in the order of the file
};
using node_visitor = std::function<void(const visited_node&)>;

// Where the walk begins: clusters, or a place of its own.
struct tree_root {
  std::uint32_t first = 0;
  range fixed{};
};

// Looks at no cluster twice, so it ends. Damage (chains that meet, that lead nowhere, records without sense) is not an error:
// the walk goes on without what is damaged. An error is what cannot be read, or more than fits into memory.
class cluster_walk {
 public:
  cluster_walk(const cluster_space& space, io::unaligned_reader& reader, cluster_chains& chains, record_parser& parser);

  result<void> run(const tree_root& root, node_visitor visit);

  // All clusters that anything leads to, by index.
  const cluster_set& touched() const { return touched_; }
  // Empty, or the first damage found.
  const std::string& damage() const { return damage_; }

 private:
  struct folder {
    std::string path;
    tree_entry entry;
  };

  result<void> enter(const folder& f);
  result<void> read_folder(const folder& f, std::span<const range> places);
  result<void> meet(const folder& f, tree_entry entry);
  result<void> postpone(std::string path, tree_entry entry);
  result<void> follow(const tree_entry& entry, const std::string& path);
  result<void> follow_chain(std::uint32_t first, const std::string& path);
  bool append(std::uint32_t cluster, const std::string& path);
  void note_damage(const std::string& path, const char* what);

  const cluster_space space_;
  io::unaligned_reader& reader_;
  cluster_chains& chains_;
  record_parser& parser_;
  node_visitor visit_;
  cluster_set touched_;
  std::vector<cluster_run> runs_;  // of what is being followed
  std::vector<folder> pending_;
  std::uint64_t pending_bytes_ = 0;
  std::string damage_;
  buffer memory_;
};

}  // namespace umbra::fs
