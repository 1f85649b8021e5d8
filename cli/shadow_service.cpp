// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/shadow_service.h"

#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/option_checks.h"
#include "cli/size_text.h"
#include "engine/shadow/freeze_provider.h"
#include "engine/shadow/lvm_provider.h"
#include "engine/shadow/none_provider.h"
#include "engine/shadow/process_token.h"
#include "engine/shadow/reflink_provider.h"
#include "engine/shadow/set_lock.h"
#include "engine/shadow/volume_load.h"
#include "engine/shadow/writer_directory.h"
#include "formats/registry/allocation.h"

namespace umbra::cli {
namespace {

constexpr std::chrono::seconds load_window{1};

// In the order in which they are asked: LVM knows most about its volumes, and reading a volume while it holds still is last.
std::vector<std::shared_ptr<shadow::provider>> providers(const shadow_service_options& options, const context& c) {
  shadow::lvm_options lvm;
  lvm.machine = c.host;
  lvm.now = c.now;
  lvm.owner = shadow::process_token();
  lvm.recover = shadow::recover_copy;
  lvm.measure_load = [](const shadow::volume& v) { return shadow::measure_load(v, load_window); };
  if (const auto area = parse_size(options.area); area.has_value()) lvm.area_wanted = area.assume_value();
  auto logical = shadow::make_lvm_providers(shadow::system_lvm(), lvm);
  const auto folder = options.records.empty() ? shadow::default_records_folder : options.records;
  const auto records = shadow::open_snapshot_records(std::filesystem::absolute(folder).string());
  shadow::freeze_options freeze;
  freeze.machine = c.host;
  freeze.now = c.now;
  freeze.understood = {"ext3", "ext4"};
  freeze.used_ranges = [](io::device& device) -> result<range_list> {
    TRY(auto found, registry::allocation_of(device, {.cuts_on_files = false}));
    return std::move(found.used);
  };
  return {std::move(logical.thin), std::move(logical.thick),
          shadow::make_reflink_provider({.machine = c.host, .now = c.now, .records = records, .minimum_free = {}}),
          shadow::make_none_provider({.machine = c.host, .now = c.now}), shadow::make_freeze_provider(freeze)};
}

std::vector<shadow::writer_folder> writer_folders(const shadow_service_options& options) {
  if (options.writer_folders.empty()) return shadow::standard_writer_folders();
  std::vector<shadow::writer_folder> folders;
  // Writers do not start in the caller's folder.
  for (const auto& f : options.writer_folders) folders.push_back({std::filesystem::absolute(f).string(), true});
  return folders;
}

}  // namespace

void add_writers_option(CLI::App& verb, shadow_service_options& options) {
  verb.add_option("--writers", options.writer_folders, "look for writers here, not in the standard folders; may come again")
      ->allow_extra_args(false)
      ->type_name("FOLDER");
}

void add_records_option(CLI::App& verb, shadow_service_options& options) {
  verb.add_option("--records", options.records,
                  fmt::format("records of persistent copies; default: {}", shadow::default_records_folder))
      ->type_name("FOLDER");
}

void add_area_option(CLI::App& verb, shadow_service_options& options) {
  verb.add_option("--shadow-area", options.area,
                  "space for what a copy by lvm-thick takes in while it lasts;\ndefault: a forecast from what is written")
      ->check(size_value());
}

shadow::environment shadow_service(const shadow_service_options& options, context& c) {
  shadow::environment world;
  world.providers = providers(options, c);
  shadow::writer_start how;
  how.environment = c.writer_environment;
  how.random = c.random;
  world.start_writers = [folders = writer_folders(options), how](const shadow::problem_sink& problem) {
    return shadow::start_writers(shadow::find_writers(folders, problem), how, problem);
  };
  world.lock_sets = [] { return shadow::take_set_lock(); };
  world.random = c.random;
  world.now = c.now;
  world.machine = c.host;
  return world;
}

result<std::unique_ptr<shadow::backup_components>> query_session(const shadow_service_options& options, context& c) {
  auto session = shadow::create_backup_components(shadow_service(options, c));
  CHECK(session->initialize_for_backup());
  CHECK(session->set_context(shadow::snapshot_context::all));
  return session;
}

result<shadow::guid> provider_named(const shadow::backup_components& session, const std::string& option,
                                    const std::string& name) {
  if (name == "auto") return shadow::guid{};
  TRY(const auto all, session.query_providers());
  std::string known;
  for (const auto& p : all) {
    if (p.provider_name == name) return p.provider_id;
    known += ", " + p.provider_name;
  }
  return error(errc::usage, fmt::format("{}: '{}' is none of auto{}", option, name, known));
}

result<void> finish_call(result<shadow::async_ptr> call, std::stop_token stop) {
  CHECK(call);
  auto& running = *call.assume_value();
  const std::stop_callback cancel(stop, [&] { running.cancel(); });
  return running.finish();
}

}  // namespace umbra::cli
