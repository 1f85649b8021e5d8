// SPDX-License-Identifier: GPL-3.0-or-later
// The test's side of sim_file_system: log, faults, counts, shortcuts.
#include <algorithm>

#include "tests/support/sim_state.h"

namespace umbra::test {

std::uint64_t sim_file_system::operation_count() const {
  const std::lock_guard guard(state_->mutex);
  return state_->log.size();
}

std::vector<sim_operation> sim_file_system::operations() const {
  const std::lock_guard guard(state_->mutex);
  std::vector<sim_operation> all;
  for (const auto& record : state_->log) all.push_back(record.operation);
  return all;
}

void sim_file_system::fail_at(std::uint64_t number, errc code, int os_error, std::uint64_t times) {
  fail_when([=](const sim_operation&, std::uint64_t at) -> std::optional<error> {
    if (at < number || at - number >= times) return std::nullopt;
    return error(code, "", os_error);
  });
}

void sim_file_system::fail_when(std::function<std::optional<error>(const sim_operation&, std::uint64_t)> rule) {
  const std::lock_guard guard(state_->mutex);
  state_->rule = std::move(rule);
}

void sim_file_system::stop_at(std::uint64_t number) {
  const std::lock_guard guard(state_->mutex);
  state_->stop_at = number;
}

void sim_file_system::restart() {
  const std::lock_guard guard(state_->mutex);
  state_->rule = nullptr;
  state_->stop_at = for_ever;
  state_->stopped = false;
  state_->failing_reads.clear();
  state_->failing_read = for_ever;
}

void sim_file_system::fail_reads_at(std::uint64_t number, std::uint64_t times) {
  const std::lock_guard guard(state_->mutex);
  state_->failing_read = number;
  state_->failing_read_times = times;
}

void sim_file_system::fail_reads_of(std::string path_part, errc code) {
  const std::lock_guard guard(state_->mutex);
  state_->failing_reads = std::move(path_part);
  state_->read_failure = code;
}

std::uint64_t sim_file_system::opens() const {
  const std::lock_guard guard(state_->mutex);
  return state_->opens;
}

std::uint64_t sim_file_system::reads() const {
  const std::lock_guard guard(state_->mutex);
  return state_->reads;
}

std::uint64_t sim_file_system::bytes_read() const {
  const std::lock_guard guard(state_->mutex);
  return state_->bytes_read;
}

void sim_file_system::reset_read_counts() {
  const std::lock_guard guard(state_->mutex);
  state_->opens = state_->reads = state_->bytes_read = 0;
}

void sim_file_system::forbid_map() {
  const std::lock_guard guard(state_->mutex);
  state_->maps = false;
}

std::optional<std::vector<std::byte>> sim_file_system::content(const std::string& path) const {
  const std::lock_guard guard(state_->mutex);
  const auto node = state_->find(path);
  if (!node || state_->nodes[*node].is_directory) return std::nullopt;
  return state_->nodes[*node].bytes();
}

bool sim_file_system::exists(const std::string& path) const {
  const std::lock_guard guard(state_->mutex);
  return state_->find(path).has_value();
}

namespace {

void collect_files(const std::vector<sim_node>& nodes, sim_node_id directory, const std::string& path,
                   std::vector<std::string>& found) {
  for (const auto& [name, id] : nodes[directory].entries) {
    const auto child = path + "/" + name;
    if (nodes[id].is_directory) {
      collect_files(nodes, id, child, found);
    } else {
      found.push_back(child);
    }
  }
}

// Every name of `old`, durable or not, becomes a name of `node`.
void rename_all(std::vector<sim_node>& nodes, sim_node_id old, sim_node_id node) {
  for (auto& directory : nodes) {
    for (auto& [name, id] : directory.entries) id = id == old ? node : id;
    for (auto& [name, id] : directory.base_entries) id = id == old ? node : id;
  }
}

}  // namespace

std::vector<std::string> sim_file_system::all_files() const {
  const std::lock_guard guard(state_->mutex);
  std::vector<std::string> found;
  collect_files(state_->nodes, sim_root, "", found);
  std::ranges::sort(found);
  return found;
}

void sim_file_system::plant(const std::string& path, byte_view bytes) {
  const std::lock_guard guard(state_->mutex);
  auto& nodes = state_->nodes;
  for (auto slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto folder = path.substr(0, slash);
    const auto where = state_->place_of(folder).assume_value();
    if (!state_->find(folder)) state_->set_entry(where, state_->add_node(true));
    nodes[where.parent].base_entries[where.name] = *state_->find(folder);
  }
  // A new node: the log's appends stay true of the old one.
  const auto node = state_->add_node(false);
  state_->add_chunk(node, {bytes.begin(), bytes.end()});
  nodes[node].base_chunks = nodes[node].chunks.size();
  if (const auto old = state_->find(path)) rename_all(nodes, *old, node);
  const auto where = state_->place_of(path).assume_value();
  state_->set_entry(where, node);
  nodes[where.parent].base_entries[where.name] = node;
}

std::unique_ptr<sim_file_system> sim_with_directory(const std::string& path) {
  auto disk = std::make_unique<sim_file_system>();
  if (disk->make_directory(path).has_error()) return nullptr;
  // A crash state that keeps all has nothing in doubt and an empty log.
  return disk->crash(1, crash_policy::keep_all());
}

}  // namespace umbra::test
