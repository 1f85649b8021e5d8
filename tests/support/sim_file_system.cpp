// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sim_file_system.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/units.h"
#include "tests/support/sim_state.h"

namespace umbra::test {
namespace {

using kind = sim_operation::what;

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, slash);
    if (!segment.empty() && segment != ".") segments.emplace_back(segment);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

error absent(const std::string& path) { return {errc::not_found, path, ENOENT}; }

std::string_view word_of(kind k) {
  switch (k) {
    case kind::create: return "create";
    case kind::append: return "append";
    case kind::sync: return "sync";
    case kind::link: return "link";
    case kind::remove: return "remove";
    case kind::sync_directory: return "sync_directory";
    case kind::make_directory: return "make_directory";
  }
  return "?";
}

}  // namespace

std::string to_string(const sim_operation& operation) {
  auto text = std::string(word_of(operation.kind)) + " " + operation.path;
  if (operation.kind == kind::link) text += " from " + operation.from;
  if (operation.kind == kind::append) text += " " + std::to_string(operation.size);
  return operation.ok ? text : text + " (failed)";
}

// --- state

std::vector<std::byte> sim_node::bytes() const {
  std::vector<std::byte> all;
  all.reserve(static_cast<std::size_t>(size()));
  for (const auto& chunk : chunks) all.insert(all.end(), chunk.bytes->begin(), chunk.bytes->end());
  return all;
}

sim_node_id sim_file_system::state::add_node(bool is_directory) {
  nodes.emplace_back().is_directory = is_directory;
  return nodes.size() - 1;
}

std::optional<sim_node_id> sim_file_system::state::find(std::string_view path) const {
  sim_node_id at = sim_root;
  for (const auto& segment : segments_of(path)) {
    const auto entry = nodes[at].entries.find(segment);
    if (entry == nodes[at].entries.end()) return std::nullopt;
    at = entry->second;
  }
  return at;
}

result<sim_file_system::state::place> sim_file_system::state::place_of(const std::string& path) const {
  const auto segments = segments_of(path);
  if (segments.empty()) return error(errc::exists, path, EEXIST);
  sim_node_id at = sim_root;
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto entry = nodes[at].entries.find(segments[i]);
    if (entry == nodes[at].entries.end() || !nodes[entry->second].is_directory) return absent(path);
    at = entry->second;
  }
  return place{at, segments.back()};
}

result<void> sim_file_system::state::not_stopped() const {
  if (stopped) return error(errc::cancelled, "the simulated process was stopped");
  return success();
}

result<void> sim_file_system::state::admit_read(const std::string& path, std::uint64_t offset) {
  CHECK(not_stopped());
  const auto number = reads++;
  const bool by_number = number >= failing_read && number - failing_read < failing_read_times;
  const bool by_name = !failing_reads.empty() && path.find(failing_reads) != std::string::npos;
  if (!by_number && !by_name) return success();
  return error(by_name ? read_failure : errc::io_read, "read " + path + " at " + std::to_string(offset), EIO);
}

result<void> sim_file_system::state::admit(sim_record& record) {
  const auto number = log.size();
  if (number >= stop_at) stopped = true;
  CHECK(not_stopped());
  if (!rule) return success();
  auto failure = rule(record.operation, number);
  if (!failure) return success();
  return log_failure(record, std::move(*failure).within(to_string(record.operation)));
}

error sim_file_system::state::log_failure(sim_record record, error why) {
  record.operation.ok = false;
  log.push_back(std::move(record));
  return why;
}

void sim_file_system::state::log_success(sim_record record) { log.push_back(std::move(record)); }

void sim_file_system::state::set_entry(const place& where, sim_node_id node) {
  auto& entries = nodes[where.parent].entries;
  if (node == sim_no_node) {
    entries.erase(where.name);
  } else {
    entries[where.name] = node;
  }
}

void sim_file_system::state::add_chunk(sim_node_id file, std::vector<std::byte> bytes) {
  if (bytes.empty()) return;
  auto& node = nodes[file];
  node.chunks.push_back({node.size(), std::make_shared<const std::vector<std::byte>>(std::move(bytes))});
}

// --- files

class sim_file_system::sim_output_file final : public store::output_file {
 public:
  sim_output_file(std::shared_ptr<state> state, sim_node_id node, std::string path)
      : state_(std::move(state)), node_(node), path_(std::move(path)) {}

  result<void> append(byte_view bytes) override { return append(std::span(&bytes, 1)); }

  result<void> append(std::span<const byte_view> pieces) override {
    const std::lock_guard guard(state_->mutex);
    CHECK(usable());
    std::vector<std::byte> bytes;
    for (const auto piece : pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
    sim_record record{{kind::append, path_, {}, bytes.size()}, node_, sim_no_node, {}};
    const auto logged = state_->log.size();
    auto admitted = state_->admit(record);
    if (admitted.has_error()) {
      given_up_ = true;
      if (state_->log.size() == logged) return admitted;  // stopped: nothing arrives any more
      bytes.resize(bytes.size() / 2);
      state_->log.back().operation.size = bytes.size();
      state_->add_chunk(node_, std::move(bytes));
      return admitted;
    }
    size_ += bytes.size();
    state_->add_chunk(node_, std::move(bytes));
    state_->log_success(std::move(record));
    return success();
  }

  // No second chance is refused here, unlike on the real file system: the log shows a caller that tries.
  result<void> sync() override {
    const std::lock_guard guard(state_->mutex);
    sim_record record{{kind::sync, path_, {}, 0}, node_, sim_no_node, {}};
    CHECK(state_->admit(record));
    state_->log_success(std::move(record));
    return success();
  }

  std::uint64_t size() const override { return size_; }

  result<void> close() override {
    const std::lock_guard guard(state_->mutex);
    CHECK(state_->not_stopped());
    given_up_ = true;
    return success();
  }

 private:
  result<void> usable() const {
    CHECK(state_->not_stopped());
    if (given_up_) return error(errc::io_write, path_ + " is closed or was given up after a failure");
    return success();
  }

  std::shared_ptr<state> state_;
  sim_node_id node_;
  std::string path_;
  std::uint64_t size_ = 0;
  bool given_up_ = false;
};

class sim_file_system::sim_input_file final : public store::input_file {
 public:
  sim_input_file(std::shared_ptr<state> state, sim_node_id node, std::string path, std::uint64_t size)
      : state_(std::move(state)), node_(node), path_(std::move(path)), size_(size) {}

  std::uint64_t size() const override { return size_; }

  result<void> read(std::uint64_t offset, byte_span out) override {
    const std::lock_guard guard(state_->mutex);
    CHECK(state_->admit_read(path_, offset));
    if (!fits(offset, out.size(), size_)) return error(errc::damaged, path_ + " ends too early");
    state_->bytes_read += out.size();
    copy(state_->nodes[node_].chunks, offset, out);
    return success();
  }

  byte_view map() override {
    const std::lock_guard guard(state_->mutex);
    if (!state_->maps || state_->stopped) return {};
    if (!mapped_) {
      mapped_.emplace(static_cast<std::size_t>(size_));
      copy(state_->nodes[node_].chunks, 0, *mapped_);
    }
    return *mapped_;
  }

 private:
  static void copy(const std::vector<sim_chunk>& chunks, std::uint64_t offset, byte_span out) {
    auto chunk = std::ranges::upper_bound(chunks, offset, {}, &sim_chunk::start);
    if (chunk != chunks.begin()) --chunk;
    for (; !out.empty(); ++chunk) {
      const auto skip = static_cast<std::size_t>(offset - chunk->start);
      const auto size = std::min(out.size(), chunk->bytes->size() - skip);
      std::copy_n(chunk->bytes->begin() + static_cast<std::ptrdiff_t>(skip), size, out.begin());
      out = out.subspan(size);
      offset += size;
    }
  }

  std::shared_ptr<state> state_;
  sim_node_id node_;
  std::string path_;
  std::uint64_t size_;
  std::optional<std::vector<std::byte>> mapped_;
};

class sim_file_system::sim_lock final : public store::file_lock {
 public:
  sim_lock(std::shared_ptr<state> state, sim_node_id node) : state_(std::move(state)), node_(node) {}
  ~sim_lock() override {
    const std::lock_guard guard(state_->mutex);
    state_->locked.erase(node_);
  }

 private:
  std::shared_ptr<state> state_;
  sim_node_id node_;
};

// --- the job's side

sim_file_system::sim_file_system() : state_(std::make_shared<state>()) {}
sim_file_system::~sim_file_system() = default;

result<std::unique_ptr<store::output_file>> sim_file_system::create(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  sim_record record{{kind::create, path, {}, 0}, sim_no_node, sim_no_node, {}};
  CHECK(state_->admit(record));
  auto where = state_->place_of(path);
  if (where.has_error()) return state_->log_failure(std::move(record), std::move(where).assume_error());
  if (state_->find(path)) return state_->log_failure(std::move(record), {errc::exists, path, EEXIST});
  record.node = state_->add_node(false);
  record.parent = where.assume_value().parent;
  record.name = where.assume_value().name;
  state_->set_entry(where.assume_value(), record.node);
  const auto node = record.node;
  state_->log_success(std::move(record));
  return std::make_unique<sim_output_file>(state_, node, path);
}

result<std::unique_ptr<store::input_file>> sim_file_system::open(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  CHECK(state_->not_stopped());
  const auto node = state_->find(path);
  if (!node) return absent(path);
  if (state_->nodes[*node].is_directory) return error(errc::usage, path + " is not a regular file");
  ++state_->opens;
  return std::make_unique<sim_input_file>(state_, *node, path, state_->nodes[*node].size());
}

result<void> sim_file_system::link(const std::string& from, const std::string& to) {
  const std::lock_guard guard(state_->mutex);
  sim_record record{{kind::link, to, from, 0}, sim_no_node, sim_no_node, {}};
  CHECK(state_->admit(record));
  const auto source = state_->find(from);
  if (!source || state_->nodes[*source].is_directory) return state_->log_failure(std::move(record), absent(from));
  auto where = state_->place_of(to);
  if (where.has_error()) return state_->log_failure(std::move(record), std::move(where).assume_error());
  const auto taken = state_->find(to);
  if (taken && *taken != *source) return state_->log_failure(std::move(record), {errc::exists, to, EEXIST});
  record.node = *source;
  if (!taken) {
    record.parent = where.assume_value().parent;
    record.name = where.assume_value().name;
    state_->set_entry(where.assume_value(), *source);
  }
  state_->log_success(std::move(record));
  return success();
}

result<void> sim_file_system::remove(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  sim_record record{{kind::remove, path, {}, 0}, sim_no_node, sim_no_node, {}};
  CHECK(state_->admit(record));
  const auto node = state_->find(path);
  if (!node) return state_->log_failure(std::move(record), absent(path));
  if (state_->nodes[*node].is_directory) return state_->log_failure(std::move(record), {errc::io_write, path, EISDIR});
  auto where = state_->place_of(path);
  record.parent = where.assume_value().parent;
  record.name = where.assume_value().name;
  state_->set_entry(where.assume_value(), sim_no_node);
  state_->log_success(std::move(record));
  return success();
}

result<void> sim_file_system::sync_directory(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  sim_record record{{kind::sync_directory, path, {}, 0}, sim_no_node, sim_no_node, {}};
  CHECK(state_->admit(record));
  const auto node = state_->find(path);
  if (!node || !state_->nodes[*node].is_directory) return state_->log_failure(std::move(record), absent(path));
  record.node = *node;
  state_->log_success(std::move(record));
  return success();
}

result<void> sim_file_system::make_directory(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  sim_record record{{kind::make_directory, path, {}, 0}, sim_no_node, sim_no_node, {}};
  CHECK(state_->admit(record));
  if (const auto node = state_->find(path)) {
    if (!state_->nodes[*node].is_directory) return state_->log_failure(std::move(record), {errc::usage, path + " is in the way"});
    state_->log_success(std::move(record));
    return success();
  }
  auto where = state_->place_of(path);
  if (where.has_error()) return state_->log_failure(std::move(record), std::move(where).assume_error());
  record.node = state_->add_node(true);
  record.parent = where.assume_value().parent;
  record.name = where.assume_value().name;
  state_->set_entry(where.assume_value(), record.node);
  state_->log_success(std::move(record));
  return success();
}

result<std::vector<store::directory_entry>> sim_file_system::list(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  CHECK(state_->not_stopped());
  const auto node = state_->find(path);
  if (!node || !state_->nodes[*node].is_directory) return absent(path);
  std::vector<store::directory_entry> entries;
  for (const auto& [name, id] : state_->nodes[*node].entries)
    entries.push_back({name, state_->nodes[id].is_directory, state_->nodes[id].size()});
  return entries;
}

result<std::unique_ptr<store::file_lock>> sim_file_system::lock(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  CHECK(state_->not_stopped());
  const auto node = state_->find(path);
  if (!node) return absent(path);
  if (!state_->locked.insert(*node).second) return error(errc::busy, path);
  return std::make_unique<sim_lock>(state_, *node);
}

}  // namespace umbra::test
