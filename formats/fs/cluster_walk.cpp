// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/cluster_walk.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::fs {
namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::uint64_t pending_limit = 64 << 20;  // bytes of folders not yet looked at
constexpr std::size_t path_limit = 32 << 10;
constexpr std::size_t run_limit = 4 << 20;  // of one file

}  // namespace

cluster_walk::cluster_walk(const cluster_space& space, io::unaligned_reader& reader, cluster_chains& chains,
                           record_parser& parser)
    : space_(space), reader_(reader), chains_(chains), parser_(parser), touched_(space.count), memory_(read_size) {}

result<void> cluster_walk::run(const tree_root& root, node_visitor visit) {
  visit_ = std::move(visit);
  tree_entry top;
  top.kind = node_kind::directory;
  top.first = root.first;
  if (root.fixed.size != 0) {
    visit_({node_kind::directory, "/", root.fixed.size, {}});
    CHECK(read_folder({{}, top}, {&root.fixed, 1}));
  } else {
    CHECK(postpone({}, std::move(top)));
  }
  while (!pending_.empty()) {
    const auto next = std::move(pending_.back());
    pending_.pop_back();
    pending_bytes_ -= sizeof(folder) + next.path.size();
    CHECK(enter(next));
  }
  return success();
}

result<void> cluster_walk::enter(const folder& f) {
  const auto& path = f.path.empty() ? "/" : f.path;
  CHECK(follow(f.entry, path));
  visit_({node_kind::directory, path, f.entry.size, runs_});
  std::vector<range> places;
  places.reserve(runs_.size());
  for (const auto run : runs_) places.push_back(place_of(space_, run));
  return read_folder(f, places);
}

result<void> cluster_walk::read_folder(const folder& f, std::span<const range> places) {
  parser_.begin(f.path.empty());
  for (const auto& place : places) {
    for (auto at = place.offset; at < place.end();) {
      const auto bytes = memory_.span().first(static_cast<std::size_t>(std::min<std::uint64_t>(read_size, place.end() - at)));
      CHECK(within(fmt::format("folder {}/", f.path), reader_.read(at, bytes)));
      at += bytes.size();
      for (std::size_t i = 0; i + record_size <= bytes.size(); i += record_size) {
        tree_entry entry;
        const auto outcome = parser_.take(bytes.subspan(i, record_size), entry);
        if (outcome == record_parser::outcome::end) return success();
        if (outcome == record_parser::outcome::damage) note_damage(f.path + "/", "a damaged entry");
        if (outcome == record_parser::outcome::entry) CHECK(meet(f, std::move(entry)));
      }
    }
  }
  return success();
}

result<void> cluster_walk::meet(const folder& f, tree_entry entry) {
  if (entry.name.find('/') != std::string::npos || entry.name.empty()) note_damage(f.path + "/", "an impossible name");
  if (entry.damaged) note_damage(f.path + "/", "a damaged entry");
  auto path = entry.kind == node_kind::structure ? std::move(entry.name) : fmt::format("{}/{}", f.path, entry.name);
  if (entry.kind == node_kind::directory) return postpone(std::move(path), std::move(entry));
  runs_.clear();
  if (entry.first != 0) {
    CHECK(follow(entry, path));
  } else if (entry.size != 0) {
    note_damage(path, "it has a size and no place");
  }
  visit_({entry.kind, std::move(path), entry.size, runs_});
  return success();
}

// Folders are read one after the other, not one within the other: their depth costs no stack.
result<void> cluster_walk::postpone(std::string path, tree_entry entry) {
  pending_bytes_ += sizeof(folder) + path.size();
  if (path.size() > path_limit || pending_bytes_ > pending_limit) return error(errc::decode, "too many folders, or too deep");
  entry.name = {};
  pending_.push_back({std::move(path), std::move(entry)});
  return success();
}

result<void> cluster_walk::follow(const tree_entry& entry, const std::string& path) {
  runs_.clear();
  if (!entry.contiguous) return follow_chain(entry.first, path);
  auto left = entry.size / space_.cluster_size + (entry.size % space_.cluster_size != 0 ? 1 : 0);
  for (auto c = entry.first; left != 0 && append(c, path); ++c) --left;
  return success();
}

result<void> cluster_walk::follow_chain(std::uint32_t first, const std::string& path) {
  auto c = first;
  while (append(c, path)) {
    if (runs_.size() > run_limit) return error(errc::decode, fmt::format("{} is in too many pieces", path));
    TRY(const auto next, chains_.after(c));
    c = next;
    if (c == cluster_chains::end) break;
    if (c == cluster_chains::broken) {
      note_damage(path, "its chain leads nowhere");
      break;
    }
  }
  return success();
}

// False where the file cannot go on.
bool cluster_walk::append(std::uint32_t cluster, const std::string& path) {
  if (!space_.contains(cluster)) {
    note_damage(path, "it leads outside the volume");
    return false;
  }
  if (!touched_.insert(cluster - cluster_space::first_number)) {
    note_damage(path, "it shares its place with something else");
    return false;
  }
  if (!runs_.empty() && runs_.back().first + runs_.back().count == cluster) {
    ++runs_.back().count;
  } else {
    runs_.push_back({cluster, 1});
  }
  return true;
}

void cluster_walk::note_damage(const std::string& path, const char* what) {
  if (damage_.empty()) damage_ = fmt::format("{}: {}", path, what);
}

}  // namespace umbra::fs
