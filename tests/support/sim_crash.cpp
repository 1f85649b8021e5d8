// SPDX-License-Identifier: GPL-3.0-or-later
// The states that a disk may be in after a power cut. A cut replays the log up to it and so learns which chunks and names are
// certain; the policy then decides every other one.
#include <algorithm>
#include <random>

#include "engine/base/units.h"
#include "tests/support/sim_state.h"

namespace umbra::test {
namespace {

using policy_kind = crash_policy::what;
using bytes_ptr = std::shared_ptr<const std::vector<std::byte>>;

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t page = 4096;

// What became of an append. `doomed`: a sync() over it failed, and no later one brings it back.
enum class chunk_state : std::uint8_t { pending, doomed, durable };

struct name_change {
  const std::string* name;
  sim_node_id node;  // sim_no_node: removed
};

struct directory_doubt {
  std::map<std::string, sim_node_id> certain;
  std::vector<name_change> pending;
};

class decider {
 public:
  decider(const crash_policy& policy, std::uint64_t cut) : kind_(policy.kind), engine_(policy.seed * 0x9e3779b97f4a7c15u + cut) {
    // Some states lose nearly everything, some nearly nothing: rules of thumb break at the ends.
    keep_percent_ = std::array{10, 50, 90}[engine_() % 3];
  }

  bool keeps_name() {
    switch (kind_) {
      case policy_kind::drop_all_unsynced:
      case policy_kind::data_only: return false;
      case policy_kind::random: return chance(keep_percent_);
      default: return true;
    }
  }

  // What is there of a chunk: a prefix of it with some bytes zero, or nothing.
  bytes_ptr remains(const sim_chunk& chunk) {
    switch (kind_) {
      case policy_kind::drop_all_unsynced:
      case policy_kind::names_only: return nullptr;
      case policy_kind::keep_all:
      case policy_kind::data_only: return chunk.bytes;
      case policy_kind::names_and_sizes: return zeros(chunk.bytes->size());
      case policy_kind::random: break;
    }
    if (chance(keep_percent_)) return chunk.bytes;
    switch (engine_() % 5) {
      case 0: return nullptr;
      case 1: return zeros(chunk.bytes->size());
      case 2: return torn(chunk, false);
      case 3: return torn(chunk, true);
      default: return with_holes(chunk);
    }
  }

  static bytes_ptr zeros(std::size_t size) { return std::make_shared<const std::vector<std::byte>>(size); }

 private:
  bool chance(int percent) { return engine_() % 100 < static_cast<std::uint64_t>(percent); }

  // Up to a sector boundary of the file; the rest missing, or zero.
  bytes_ptr torn(const sim_chunk& chunk, bool keeps_size) {
    const auto size = chunk.bytes->size();
    const auto cut = align_down(chunk.start + engine_() % size, sector);
    const auto kept = cut > chunk.start ? static_cast<std::size_t>(cut - chunk.start) : 0;
    if (kept == 0 && !keeps_size) return nullptr;
    std::vector<std::byte> bytes(chunk.bytes->begin(), chunk.bytes->begin() + static_cast<std::ptrdiff_t>(kept));
    if (keeps_size) bytes.resize(size);
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }

  // Pages reach the medium in any order.
  bytes_ptr with_holes(const sim_chunk& chunk) {
    auto bytes = *chunk.bytes;
    std::uint64_t at = 0;
    while (at < bytes.size()) {
      const auto end = std::min<std::uint64_t>(bytes.size(), align_down(chunk.start + at, page) + page - chunk.start);
      if (chance(50))
        std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(end),
                  std::byte{0});
      at = end;
    }
    return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  }

  policy_kind kind_;
  std::mt19937_64 engine_;
  int keep_percent_ = 50;
};

// Nodes and log as they stand; what is certain of them at a cut; a copy of what survives.
class wreck {
 public:
  wreck(const std::vector<sim_node>& nodes, const crash_policy& policy, std::uint64_t cut)
      : nodes_(nodes), decide_(policy, cut) {}

  void replay(const sim_record& record, bool eat_syncs) {
    using kind = sim_operation::what;
    switch (record.operation.kind) {
      case kind::create:
      case kind::make_directory:
      case kind::link:
      case kind::remove:
        if (record.parent != sim_no_node) doubt_of(record.parent).pending.push_back({&record.name, record.node});
        break;
      case kind::append:
        if (record.operation.size > 0) chunks_of(record.node).push_back(chunk_state::pending);
        break;
      case kind::sync:
        if (!eat_syncs) settle(chunks_of(record.node), record.operation.ok ? chunk_state::durable : chunk_state::doomed);
        break;
      case kind::sync_directory:
        if (!eat_syncs && record.operation.ok) settle(doubt_of(record.node));
        break;
    }
  }

  // Copies what survives of `from`, with all below it, into `to`, and answers its new id.
  sim_node_id rescue(sim_node_id from, std::vector<sim_node>& to) {
    if (const auto known = rescued_.find(from); known != rescued_.end()) return known->second;
    const auto id = from == sim_root ? sim_root : to.size();
    if (from != sim_root) to.emplace_back();
    rescued_[from] = id;
    to[id].is_directory = nodes_[from].is_directory;
    if (!nodes_[from].is_directory) {
      to[id].chunks = surviving_chunks(from);
      to[id].base_chunks = to[id].chunks.size();
      return id;
    }
    std::map<std::string, sim_node_id> entries;
    for (const auto& [name, node] : surviving_names(from)) entries[name] = rescue(node, to);
    to[id].entries = to[id].base_entries = entries;
    return id;
  }

 private:
  directory_doubt& doubt_of(sim_node_id directory) {
    const auto [at, is_new] = directories_.try_emplace(directory);
    if (is_new) at->second.certain = nodes_[directory].base_entries;
    return at->second;
  }

  std::vector<chunk_state>& chunks_of(sim_node_id file) {
    const auto [at, is_new] = files_.try_emplace(file);
    if (is_new) at->second.assign(nodes_[file].base_chunks, chunk_state::durable);
    return at->second;
  }

  static void settle(std::vector<chunk_state>& chunks, chunk_state outcome) {
    std::ranges::replace(chunks, chunk_state::pending, outcome);
  }

  static void apply(const name_change& change, std::map<std::string, sim_node_id>& names) {
    if (change.node == sim_no_node) {
      names.erase(*change.name);
    } else {
      names[*change.name] = change.node;
    }
  }

  static void settle(directory_doubt& doubt) {
    for (const auto& change : doubt.pending) apply(change, doubt.certain);
    doubt.pending.clear();
  }

  std::map<std::string, sim_node_id> surviving_names(sim_node_id directory) {
    auto& doubt = doubt_of(directory);
    for (const auto& change : doubt.pending)
      if (decide_.keeps_name()) apply(change, doubt.certain);
    return doubt.certain;
  }

  std::vector<sim_chunk> surviving_chunks(sim_node_id file) {
    const auto& states = chunks_of(file);
    std::vector<sim_chunk> survivors;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < states.size(); ++i) {
      const auto& chunk = nodes_[file].chunks[i];
      const auto bytes = states[i] == chunk_state::durable ? chunk.bytes : decide_.remains(chunk);
      if (!bytes) continue;
      // What is missing before something that arrived reads as zeros.
      if (chunk.start > size) survivors.push_back({size, decider::zeros(static_cast<std::size_t>(chunk.start - size))});
      survivors.push_back({chunk.start, bytes});
      size = survivors.back().end();
    }
    return survivors;
  }

  const std::vector<sim_node>& nodes_;
  decider decide_;
  std::map<sim_node_id, directory_doubt> directories_;
  std::map<sim_node_id, std::vector<chunk_state>> files_;
  std::map<sim_node_id, sim_node_id> rescued_;
};

}  // namespace

std::unique_ptr<sim_file_system> sim_file_system::crash(std::uint64_t operations, const crash_policy& policy) const {
  auto after = std::make_unique<sim_file_system>();
  const std::lock_guard guard(state_->mutex);
  const auto cut = std::min<std::uint64_t>(operations, state_->log.size());
  wreck wreck(state_->nodes, policy, cut);
  for (std::size_t i = 0; i < cut; ++i) wreck.replay(state_->log[i], eat_syncs);
  (void)wreck.rescue(sim_root, after->state_->nodes);
  return after;
}

std::vector<crash_policy> crash_policy::several(std::uint64_t seed, std::size_t count) {
  std::vector<crash_policy> all{
      {what::drop_all_unsynced}, {what::keep_all}, {what::names_only}, {what::names_and_sizes}, {what::data_only}};
  for (std::size_t i = 0; i < count; ++i) all.push_back(random(seed * 1000003 + i));
  return all;
}

std::string to_string(const crash_policy& policy) {
  switch (policy.kind) {
    case policy_kind::drop_all_unsynced: return "drop_all_unsynced";
    case policy_kind::keep_all: return "keep_all";
    case policy_kind::names_only: return "names_only";
    case policy_kind::names_and_sizes: return "names_and_sizes";
    case policy_kind::data_only: return "data_only";
    case policy_kind::random: return "random(" + std::to_string(policy.seed) + ")";
  }
  return "?";
}

}  // namespace umbra::test
