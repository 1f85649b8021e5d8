// SPDX-License-Identifier: GPL-3.0-or-later
#include <condition_variable>
#include <mutex>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/shadow_service.h"
#include "cli/shadow_text.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/enum_names.h"

namespace umbra::cli {
namespace {

namespace sh = shadow;

struct create_options {
  std::vector<std::string> volumes;
  std::string context = "app_rollback";
  std::string provider = "auto";
  bool no_autorecovery = false;
  bool hold = false;
  shadow_service_options service;
  output_options output;
};

// Until Ctrl-C.
void wait_for(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop, [] { return false; });
}

bool has_writers(sh::snapshot_context context) {
  return !has(sh::attributes_of(context), sh::volume_snapshot_attributes::no_writers);
}

bool goes_with_session(sh::snapshot_context context) {
  return !has(sh::attributes_of(context), sh::volume_snapshot_attributes::no_auto_release);
}

// What is known of a copy, and of the set it was made in.
nlohmann::json describe_made(const sh::backup_components& s, const sh::snapshot_prop& copy) {
  auto document = to_json(copy);
  document["held_microseconds"] = s.held().count();
  return document;
}

result<sh::guid> make_set(sh::backup_components& s, const create_options& o, context& c) {
  const auto context = sh::named<sh::snapshot_context>(o.context);
  if (!context || *context == sh::snapshot_context::all) {
    return error(errc::usage, fmt::format("--context {}: not a context for making shadow copies", o.context));
  }
  CHECK(s.initialize_for_backup());
  TRY(const auto provider, provider_named(s, "--provider", o.provider));
  CHECK(s.set_context(
      *context, o.no_autorecovery ? sh::volume_snapshot_attributes::no_autorecovery : sh::volume_snapshot_attributes::none));
  CHECK(s.set_backup_state(false, false, sh::backup_type::copy, false));
  if (has_writers(*context)) {
    CHECK(finish_call(s.gather_writer_metadata(), c.stop));
    for (const auto& p : s.writer_problems()) warn(c, o.output, "writer " + p);
  }
  TRY(const auto set, s.start_snapshot_set());
  for (const auto& v : o.volumes) {
    const auto added = s.add_to_snapshot_set(v, provider);
    const bool is_twice = added.has_error() && added.assume_error().code() == errc::exists;
    if (is_twice) return error(errc::usage, fmt::format("{}: this volume is named twice", v));
    CHECK(added);
  }
  if (has_writers(*context)) CHECK(finish_call(s.prepare_for_backup(), c.stop));
  CHECK(finish_call(s.do_snapshot_set(), c.stop));
  return set;
}

// Whether a writer failed, or was left out.
bool tell_writers(sh::backup_components& s, const create_options& o, context& c) {
  bool failed = !s.writer_problems().empty();
  if (finish_call(s.gather_writer_status(), {}).has_error()) return failed;
  const auto states = s.get_writer_status();
  if (states.has_error()) return failed;
  for (const auto& w : states.assume_value()) {
    if (w.failure == sh::result_code::s_ok) continue;
    warn(c, o.output, fmt::format("writer {}: {} ({})", w.name, w.text, sh::to_string(w.failure)));
    failed = true;
  }
  return failed;
}

int run_create(const create_options& o, context& c) {
  const auto session = sh::create_backup_components(shadow_service(o.service, c));
  auto& s = *session;
  const auto set = make_set(s, o, c);
  if (set.has_error()) return report_error(c, o.output, set.assume_error());
  const bool failed = tell_writers(s, o, c);
  const auto copies = s.query();
  if (copies.has_error()) return report_error(c, o.output, copies.assume_error());
  for (const auto& p : copies.assume_value()) {
    if (p.snapshot_set_id != set.assume_value()) continue;
    if (o.output.json) {
      print_json(c, describe_made(s, p));
    } else if (!o.output.quiet) {
      *c.out << describe_copy(p);
    }
  }
  if (!o.output.json && !o.output.quiet) {
    *c.out << fmt::format("writes were held for {:.1f} ms\n", static_cast<double>(s.held().count()) / 1000.0);
  }
  if (o.hold) {
    c.out->flush();
    if (!o.output.quiet) *c.err << "umbra: the copies are there until this command ends: Ctrl-C\n";
    wait_for(c.stop);
  }
  const auto context = sh::named<sh::snapshot_context>(o.context).value_or(sh::snapshot_context::all);
  if (!o.hold && goes_with_session(context)) {
    warn(c, o.output, fmt::format("copies of context {} go when this command ends: --hold keeps it open", o.context));
  }
  if (has_writers(context)) {
    (void)finish_call(s.backup_complete(), {}).has_error();
  }
  return failed ? exit_faults : exit_done;
}

}  // namespace

void add_shadow_create(CLI::App& shadow_verb, chosen_command& chosen) {
  auto* verb = shadow_verb.add_subcommand("create", "make shadow copies of volumes, all at one instant");
  const auto o = std::make_shared<create_options>();
  verb->add_option("VOLUME", o->volumes, "mount point, device, or disk image file")->required();
  verb->add_option("--context", o->context,
                   "backup and file_share_backup last as long as --hold;\napp_rollback and nas_rollback persist")
      ->capture_default_str();
  verb->add_option("--provider", o->provider, "auto, or a name of 'umbra shadow providers'")->capture_default_str();
  verb->add_flag("--no-autorecovery", o->no_autorecovery, "leave journals in the copies as they are");
  verb->add_flag("--hold", o->hold, "keep the session open until Ctrl-C");
  add_area_option(*verb, o->service);
  add_writers_option(*verb, o->service);
  add_records_option(*verb, o->service);
  add_output_options(*verb, o->output);
  verb->footer(
      "Examples:\n"
      "  umbra shadow create /srv /home\n"
      "  umbra shadow create /srv --context backup --hold\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 a writer failed, 4 somebody else makes a set, 5 cancelled.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_create(*o, c); }; });
}

}  // namespace umbra::cli
