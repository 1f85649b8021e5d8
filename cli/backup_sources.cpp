// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/backup_sources.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/layout_json.h"
#include "engine/io/nbd_device.h"
#include "engine/io/probe.h"
#include "engine/plan/formatted_volume.h"
#include "formats/registry/allocation.h"
#include "formats/registry/disk_identity.h"

namespace umbra::cli {
namespace {

// What is in swap space is of no use in an image, and does not hurt.
void warn_of_swap(const opened_source& s, context& c, const output_options& output) {
  if (s.argument.is_remote()) return;
  const auto uses = io::mounts_of(s.argument.path);
  if (uses.has_error()) return;
  for (const auto& u : uses.assume_value()) {
    if (u.mount_point != "swap") continue;
    warn(c, output,
         fmt::format("{}: {} is swap space in use; the image holds what it happens to hold", s.argument.path, u.device));
  }
}

// Finds out, too, whether the destination lies on the source.
result<void> check_destination(opened_source& s, const source_options& options, const std::string& destination) {
  if (s.argument.is_remote()) return success();
  if (io::same_file(s.argument.path, destination)) {
    return error(errc::usage, fmt::format("{}: is both the source and the destination", destination));
  }
  TRY(const auto on_source, io::lies_on(destination, s.argument.path));
  s.holds_destination = on_source;
  if (!on_source || options.vault_on_source) return success();
  return error(errc::usage, fmt::format("{} lies on {}, the disk that is being imaged: it would die with it (--vault-on-source "
                                        "does it all the same)",
                                        destination, s.argument.path));
}

// One pass gives both the layout and what is in use.
void read_layout(opened_source& s, const source_options& options, const registry::exclusion_rules& exclude) {
  auto survey =
      registry::survey_disk(*s.device, {.cuts_on_files = !options.read_all && options.cuts == "files", .leave_out = exclude});
  s.layout = std::move(survey.layout);
  if (options.read_all) return;
  s.allocation = std::move(survey.map);
  s.has_allocation = true;
}

// A table of thousands of partitions with long names must not make a manifest that nobody wants to read.
nlohmann::json describe_layout(const registry::disk_layout& layout) {
  constexpr std::size_t limit = 256 << 10;
  auto document = to_json(layout);
  const auto size = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).size();
  return size <= limit ? document : nlohmann::json();
}

// A map of what is in use is true for an instant, and this volume goes on changing while it is read.
void take_whole(opened_source& s) {
  s.allocation = plan::whole_volume(s.device->geometry().size, "copied whole: it is mounted for writing and read as it is");
  s.has_allocation = true;
}

range part_of(const opened_source& s) { return s.argument.window.value_or(range{0, s.device->geometry().size}); }

// The same bytes twice in one image would be a mistake: two disks come back where there was one.
result<void> check_named_once(const std::vector<std::unique_ptr<opened_source>>& before, const opened_source& s) {
  for (const auto& other : before) {
    const auto a = part_of(*other);
    const auto b = part_of(s);
    const bool same =
        s.argument.is_remote() ? other->argument.path == s.argument.path : io::same_file(other->argument.path, s.argument.path);
    if (a.offset >= b.end() || b.offset >= a.end() || !same) continue;
    return error(errc::usage,
                 fmt::format("{} and {} are the same source, or parts that overlap", other->device->name(), s.device->name()));
  }
  return success();
}

std::string file_part(const std::string& path) {
  const auto end = path.find_last_not_of('/');
  if (end == std::string::npos) return path;
  const auto slash = path.find_last_of('/', end);
  return path.substr(slash == std::string::npos ? 0 : slash + 1, end - (slash == std::string::npos ? 0 : slash + 1) + 1);
}

io::open_options how_to_read(const source_options& options) {
  io::open_options how;
  if (options.direct) how.direct_io = io::open_options::direct::on;
  return how;
}

}  // namespace

result<backup_sources> backup_sources::open(const source_options& options, const std::string& destination) {
  if (options.read_all && !options.exclude.patterns.empty()) {
    return error(errc::usage, "--all-blocks looks at no file system: --exclude-file has nothing to find there");
  }
  backup_sources opened;
  opened.destination_ = destination;
  for (const auto& text : options.arguments) {
    auto s = std::make_unique<opened_source>();
    TRY(s->argument, parse_source(text));
    TRY(s->device, open_source(s->argument, how_to_read(options)));
    CHECK(check_named_once(opened.sources_, *s));
    CHECK(check_destination(*s, options, destination));
    s->identity = registry::disk_identity(*s->device);
    opened.sources_.push_back(std::move(s));
  }
  return opened;
}

result<void> backup_sources::take_shadow_copies(const source_options& options, context& c, const output_options& output) {
  std::vector<source_argument> arguments;
  for (const auto& s : sources_) arguments.push_back(s->argument);
  const bool destination_too = std::ranges::any_of(sources_, &opened_source::holds_destination);
  const auto exclude = rules_of_exclusion(options.exclude, destination_, destination_too, c, output);
  TRY(shadow_, backup_shadow::make(arguments, options.shadow, options.service, c, output));
  for (const auto& s : sources_) {
    warn_of_swap(*s, c, output);
    TRY(s->device, shadow_.open(s->argument, how_to_read(options)));
    read_layout(*s, options, exclude);
    if (shadow_.is_read_live(s->argument)) take_whole(*s);
  }
  return success();
}

void backup_sources::warn_of_idle_patterns(const source_options& options, context& c, const output_options& output) const {
  for (const auto& pattern : options.exclude.patterns) {
    const auto took = [&](const auto& f) { return f.why == "--exclude-file " + pattern; };
    const bool used =
        std::ranges::any_of(sources_, [&](const auto& s) { return std::ranges::any_of(s->allocation.left_out, took); });
    if (!used) warn(c, output, fmt::format("--exclude-file {}: nothing was left out for it", pattern));
  }
}

void backup_sources::close() {
  for (const auto& s : sources_) s->device.reset();
}

std::vector<jobs::backup_source> backup_sources::for_job() const {
  std::vector<jobs::backup_source> list;
  for (const auto& s : sources_)
    list.push_back({s->device.get(), s->has_allocation ? &s->allocation : nullptr, plan::left_out_ranges(s->allocation),
                    s->argument.name()});
  return list;
}

nlohmann::json backup_sources::describe() const {
  auto list = nlohmann::json::array();
  for (const auto& s : sources_) {
    nlohmann::json one{{"path", s->argument.name()},
                       {"size", s->device->geometry().size},
                       {"identity", s->identity},
                       {"hardware", io::hardware_id(s->argument.path)},
                       {"notes", s->allocation.notes},
                       {"layout", describe_layout(s->layout)},
                       {"left_out", cli::describe_left_out(s->allocation)}};
    if (s->argument.window) one["offset"] = s->argument.window->offset;
    list.push_back(std::move(one));
  }
  return list;
}

nlohmann::json backup_sources::describe_left_out() const {
  auto all = nlohmann::json::array();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    for (auto& one : cli::describe_left_out(sources_[i]->allocation)) {
      one["source"] = i;
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::string backup_sources::default_name() const {
  if (sources_.empty()) return {};
  const auto& first = sources_.front()->argument;
  return first.is_remote() ? io::short_nbd_name(first.path) : file_part(first.path);
}

}  // namespace umbra::cli
