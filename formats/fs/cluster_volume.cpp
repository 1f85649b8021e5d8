// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/cluster_volume.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/fs/owner_list.h"

namespace umbra::fs {
namespace {

using letter_case = plan::path_patterns::letter_case;

void add_extents(std::vector<plan::file_extent>& files, const cluster_space& space, const visited_node& node) {
  std::uint64_t at = 0;
  for (const auto run : node.runs) {
    const auto place = place_of(space, run);
    files.push_back({place.offset, place.size, at});
    at += place.size;
  }
}

class cluster_volume final : public plan::formatted_volume {
 public:
  cluster_volume(io::device& volume, std::unique_ptr<cluster_format> format) : reader_(volume), format_(std::move(format)) {}

  plan::volume_facts facts() const override { return format_->facts(); }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(options);
    if (!map.has_error()) return map;
    const auto& why = map.error();
    return plan::whole_volume(reader_.size(), fmt::format("{}, copied whole: {}", facts().kind,
                                                          why.code() == errc::decode ? why.text() : why.message()));
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    std::vector<plan::file_data> found;
    std::size_t pieces = 0;
    const auto look = [&](const visited_node& node) {
      if (node.kind != node_kind::file || !patterns.matches(node.path, letter_case::folded)) return;
      pieces += node.runs.size() + 1;
      if (pieces > plan::scan_options().file_extent_limit) return;
      plan::file_data file{node.path, node.size, {}};
      for (const auto run : node.runs) file.data.push_back(place_of(format_->space(), run));
      normalise(file.data);
      found.push_back(std::move(file));
    };
    TRY(const auto known, survey(look, plan::scan_options().used_range_limit));
    if (!format_->mistrust.empty()) return error(errc::decode, fmt::format("{}: {}", facts().kind, format_->mistrust));
    if (pieces > plan::scan_options().file_extent_limit) return error(errc::out_of_range, "files in too many pieces");
    return found;
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    owner_list list(where);
    const auto look = [&](const visited_node& node) {
      const auto kind = node.kind == node_kind::file        ? plan::owner_kind::file
                        : node.kind == node_kind::directory ? plan::owner_kind::directory
                                                            : plan::owner_kind::metadata;
      for (const auto run : node.runs) list.add(place_of(format_->space(), run), kind, node.path);
    };
    const auto known = survey(look, plan::scan_options().used_range_limit);
    if (known.has_error()) return plan::nobody_knows(where);
    for (const auto& o : format_->before_clusters()) list.add(o.where, o.kind, o.name);
    const auto space = format_->space();
    for (const auto& free : subtract({{space.begin, space.end() - space.begin}}, known.value().ranges)) {
      list.add(free, plan::owner_kind::free_space, {});
    }
    list.add({space.end(), reader_.size() - space.end()}, plan::owner_kind::unknown, "behind the file system");
    return list.take();
  }

 private:
  struct usage {
    range_list ranges;
    bool shortened = false;
  };

  result<usage> survey(const node_visitor& visit, std::size_t limit) {
    format_->notes.clear();
    format_->mistrust.clear();
    CHECK(format_->check());
    const auto space = format_->space();
    cluster_walk walk(space, reader_, format_->chains(), format_->parser());
    CHECK(format_->walk(walk, visit));
    cluster_ranges ranges(space, limit);
    CHECK(format_->add_usage(ranges, walk.touched()));
    if (!walk.damage().empty()) {
      format_->mistrust = walk.damage();
      format_->notes.push_back("some files are damaged: " + walk.damage());
    }
    auto list = ranges.take();
    return usage{std::move(list), ranges.shortened()};
  }

  result<plan::allocation> understand(const plan::scan_options& options) {
    plan::allocation map;
    bool left_out = false;
    const auto look = [&](const visited_node& node) {
      if (!options.files || node.kind != node_kind::file || node.size < plan::file_extent_minimum) return;
      if (map.files.size() + node.runs.size() > options.file_extent_limit) {
        left_out = true;
      } else {
        add_extents(map.files, format_->space(), node);
      }
    };
    TRY(auto known, survey(look, options.used_range_limit));
    std::ranges::sort(map.files, {}, &plan::file_extent::offset);
    const auto space = format_->space();
    map.used = std::move(known.ranges);
    map.used.push_back({0, space.begin});
    map.used.push_back({space.end(), reader_.size() - space.end()});
    normalise(map.used);
    map.notes.push_back(plan::use_note(facts().kind, total_size(map.used), reader_.size()));
    for (auto& note : format_->notes) map.notes.push_back(std::move(note));
    if (known.shortened) map.notes.push_back("its free space is in too many pieces: its end counts as used");
    if (left_out) map.notes.push_back("not all files could be followed: too many pieces");
    return map;
  }

  io::unaligned_reader reader_;
  std::unique_ptr<cluster_format> format_;
};

}  // namespace

plan::volume_ptr make_cluster_volume(io::device& volume, std::unique_ptr<cluster_format> format) {
  return std::make_unique<cluster_volume>(volume, std::move(format));
}

}  // namespace umbra::fs
