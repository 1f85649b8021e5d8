// SPDX-License-Identifier: GPL-3.0-or-later
// What a sim_file_system holds. Only sim_*.cpp include this.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/sim_file_system.h"

namespace umbra::test {

using sim_node_id = std::size_t;
inline constexpr sim_node_id sim_root = 0;
inline constexpr sim_node_id sim_no_node = static_cast<sim_node_id>(-1);

// The bytes of one append, never changed, so that crash states share them with the disk they come from.
struct sim_chunk {
  std::uint64_t start = 0;
  std::shared_ptr<const std::vector<std::byte>> bytes;
  std::uint64_t end() const { return start + bytes->size(); }
};

// A file or a directory. Nodes are never removed: the log refers to them.
struct sim_node {
  bool is_directory = false;
  // File: chunks without gaps from 0; the first `base_chunks` were durable when the log began.
  std::vector<sim_chunk> chunks;
  std::size_t base_chunks = 0;
  // Directory: names now, and those that were durable when the log began.
  std::map<std::string, sim_node_id> entries;
  std::map<std::string, sim_node_id> base_entries;

  std::uint64_t size() const { return chunks.empty() ? 0 : chunks.back().end(); }
  std::vector<std::byte> bytes() const;
};

// An operation with what a replay needs of it.
struct sim_record {
  sim_operation operation;
  sim_node_id node = sim_no_node;    // append, sync: the file; sync_directory: the directory; else what the name means
  sim_node_id parent = sim_no_node;  // create, link, remove, make_directory: the directory whose name changed; none: no change
  std::string name;
};

// All of it guarded by `mutex`.
struct sim_file_system::state {
  std::mutex mutex;
  std::vector<sim_node> nodes;
  std::vector<sim_record> log;
  std::set<sim_node_id> locked;

  std::function<std::optional<error>(const sim_operation&, std::uint64_t)> rule;
  std::uint64_t stop_at = for_ever;
  bool stopped = false;
  std::string failing_reads;
  errc read_failure = errc::io_read;
  std::uint64_t failing_read = for_ever;
  std::uint64_t failing_read_times = 1;
  bool maps = true;

  std::uint64_t opens = 0;
  std::uint64_t reads = 0;
  std::uint64_t bytes_read = 0;

  state() : nodes(1) { nodes[sim_root].is_directory = true; }

  sim_node_id add_node(bool is_directory);
  std::optional<sim_node_id> find(std::string_view path) const;
  // The directory that holds the last segment of `path`, and that segment.
  struct place {
    sim_node_id parent;
    std::string name;
  };
  result<place> place_of(const std::string& path) const;

  // Stops or fails the operation if it is its turn; a failed one is in the log then, with `record.node` as given.
  result<void> admit(sim_record& record);
  result<void> not_stopped() const;
  // Counts a read and fails it if it is its turn.
  result<void> admit_read(const std::string& path, std::uint64_t offset);
  // Logs an operation that came to nothing and answers why.
  error log_failure(sim_record record, error why);
  void log_success(sim_record record);
  void set_entry(const place& where, sim_node_id node);
  void add_chunk(sim_node_id file, std::vector<std::byte> bytes);
};

}  // namespace umbra::test
