// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/shadow_service.h"
#include "cli/shadow_text.h"
#include "cli/size_text.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/enum_names.h"

namespace umbra::cli {
namespace {

namespace sh = shadow;

constexpr std::size_t shortest_id = 4;  // digits of an id that is not given whole

struct shadow_options {
  std::string id;
  std::string folder;
  bool set = false;
  bool force = false;
  shadow_service_options service;
  output_options output;
};

// What a verb does in a session that asks; its exit code.
using query = result<int> (*)(sh::backup_components&, const shadow_options&, context&);

int run_query(query ask, const shadow_options& o, context& c) {
  auto answer = [&]() -> result<int> {
    TRY(const auto session, query_session(o.service, c));
    return ask(*session, o, c);
  }();
  if (answer.has_error()) return report_error(c, o.output, answer.assume_error());
  return answer.assume_value();
}

std::string without_braces(const sh::guid& id) {
  const auto text = sh::to_string(id);
  return text.substr(1, text.size() - 2);
}

// An id, or the beginning of one that only one copy (or set) has.
result<sh::guid> id_of(const sh::backup_components& s, const shadow_options& o) {
  if (const auto id = sh::parse_guid(o.id)) return *id;
  const auto wanted = o.id.starts_with('{') ? o.id.substr(1) : o.id;
  TRY(const auto copies, s.query());
  std::set<sh::guid> found;
  for (const auto& p : copies) {
    const auto& id = o.set ? p.snapshot_set_id : p.snapshot_id;
    if (wanted.size() >= shortest_id && without_braces(id).starts_with(wanted)) found.insert(id);
  }
  if (found.size() == 1) return *found.begin();
  const auto what = o.set ? "shadow copy set" : "shadow copy";
  if (found.size() > 1) return error(errc::usage, fmt::format("'{}' begins the id of more than one {}", o.id, what));
  if (wanted.size() < shortest_id) {
    return error(errc::usage, fmt::format("'{}' is too short for the id of a {}: give {} digits", o.id, what, shortest_id));
  }
  return error(errc::not_found, fmt::format("{} {}", what, o.id)).advise("'umbra shadow list' tells those that there are");
}

result<int> list(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto copies, s.query());
  for (const auto& p : copies) {
    if (o.output.json) {
      print_json(c, to_json(p));
    } else {
      *c.out << describe_copy(p);
    }
  }
  if (copies.empty() && !o.output.json && !o.output.quiet) *c.out << "no shadow copies\n";
  return exit_done;
}

result<int> show(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto id, id_of(s, o));
  TRY(const auto p, s.get_snapshot_properties(id));
  if (o.output.json) {
    print_json(c, to_json(p));
  } else {
    *c.out << describe_fully(p);
  }
  return exit_done;
}

result<int> remove(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto id, id_of(s, o));
  TRY(const auto done, s.delete_snapshots(id, o.set ? sh::object_type::snapshot_set : sh::object_type::snapshot, o.force));
  if (o.output.json) {
    print_json(c,
               {{"deleted", done.deleted}, {"not_deleted", done.not_deleted.is_none() ? "" : sh::to_string(done.not_deleted)}});
  } else if (!o.output.quiet) {
    *c.out << fmt::format("{} deleted\n", done.deleted);
  }
  if (done.not_deleted.is_none()) return exit_done;
  return error(errc::shadow_copy, fmt::format("{} could not be deleted", sh::to_string(done.not_deleted)));
}

// How the copy is after what was done to it.
result<int> tell_copy(sh::backup_components& s, const sh::guid& id, const shadow_options& o, context& c) {
  TRY(const auto p, s.get_snapshot_properties(id));
  if (o.output.json) {
    print_json(c, to_json(p));
  } else if (!o.output.quiet) {
    *c.out << describe_copy(p);
  }
  return exit_done;
}

result<int> expose(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto id, id_of(s, o));
  CHECK(s.expose_snapshot(id, o.folder));
  return tell_copy(s, id, o, c);
}

result<int> unexpose(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto id, id_of(s, o));
  CHECK(s.unexpose_snapshot(id));
  return tell_copy(s, id, o, c);
}

result<int> revert(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto id, id_of(s, o));
  TRY(const auto p, s.get_snapshot_properties(id));
  const auto question =
      fmt::format("This brings {} back to {}: what was written since is lost.\nType the volume's name to go on:",
                  printable(p.original_volume_name), utc_text(sh::unix_seconds_of(p.creation_timestamp)));
  if (!o.force) {
    if (!c.confirm) return error(errc::usage, "revert overwrites the volume: say --yes, or run this on a terminal");
    if (!c.confirm(question, p.original_volume_name)) return error(errc::cancelled, "revert: not confirmed");
  }
  CHECK(s.revert_to_snapshot(id, false));
  // LVM merges the copy into the volume: then there is none to tell.
  if (s.get_snapshot_properties(id).has_error()) return exit_done;
  return tell_copy(s, id, o, c);
}

result<int> providers(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto all, s.query_providers());
  for (const auto& p : all) {
    if (o.output.json) {
      print_json(c, to_json(p));
    } else {
      *c.out << fmt::format("{:<10} {:<9} {}\n", p.provider_name, sh::name_of(p.type), sh::to_string(p.provider_id));
    }
  }
  return exit_done;
}

result<int> storage(sh::backup_components& s, const shadow_options& o, context& c) {
  TRY(const auto areas, s.query_diff_areas());
  for (const auto& a : areas) {
    if (o.output.json) {
      print_json(c, to_json(a));
    } else {
      *c.out << fmt::format("{}  in {}  {} used of {}{}\n", printable(a.volume_name), printable(a.diff_area_volume_name),
                            size_text(a.used_space), size_text(a.allocated_space),
                            a.fault == sh::protection_fault::none ? "" : "  " + sh::name_of(a.fault));
    }
  }
  if (areas.empty() && !o.output.json && !o.output.quiet) *c.out << "no shadow copies\n";
  return exit_done;
}

int writers(const shadow_options& o, context& c) {
  const auto session = sh::create_backup_components(shadow_service(o.service, c));
  auto gathered = [&]() -> result<void> {
    CHECK(session->initialize_for_backup());
    CHECK(session->set_backup_state(false, false, sh::backup_type::copy, false));
    CHECK(finish_call(session->gather_writer_metadata(), c.stop));
    return finish_call(session->gather_writer_status(), c.stop);
  }();
  if (gathered.has_error()) return report_error(c, o.output, gathered.assume_error());
  const auto states = session->get_writer_status();
  if (states.has_error()) return report_error(c, o.output, states.assume_error());
  for (const auto& w : states.assume_value()) {
    if (o.output.json) {
      print_json(c, to_json(w));
    } else {
      *c.out << describe_writer(w);
    }
  }
  const auto problems = session->writer_problems();
  for (const auto& p : problems) *c.err << "umbra: writer " << printable(p) << '\n';
  if (states.assume_value().empty() && problems.empty() && !o.output.json && !o.output.quiet) *c.out << "no writers\n";
  return problems.empty() ? exit_done : exit_faults;
}

class verbs {
 public:
  verbs(CLI::App& parent, chosen_command& chosen) : parent_(parent), chosen_(chosen) {}

  template <class Run>
  CLI::App* add(const char* name, const char* what, const char* example, const std::shared_ptr<shadow_options>& o, Run run) {
    auto* verb = parent_.add_subcommand(name, what);
    add_records_option(*verb, o->service);
    add_output_options(*verb, o->output);
    verb->footer(std::string("Example: umbra shadow ") + example +
                 "\nExit codes: 0 done, 1 failed, 2 usage, 3 a writer failed, 4 busy.");
    verb->callback([o, run, &chosen = chosen_] { chosen = [o, run](context& c) { return run(*o, c); }; });
    return verb;
  }
  CLI::App* ask(const char* name, const char* what, const char* example, const std::shared_ptr<shadow_options>& o, query run) {
    return add(name, what, example, o, [run](const shadow_options& options, context& c) { return run_query(run, options, c); });
  }

 private:
  CLI::App& parent_;
  chosen_command& chosen_;
};

}  // namespace

void add_shadow(CLI::App& app, chosen_command& chosen) {
  auto* shadow_verb = app.add_subcommand("shadow", "shadow copies: make, list, expose, revert; writers and providers");
  shadow_verb->require_subcommand(1);
  add_shadow_create(*shadow_verb, chosen);
  verbs v(*shadow_verb, chosen);
  const auto options = [] { return std::make_shared<shadow_options>(); };
  v.ask("list", "shadow copies that are there, oldest first", "list", options(), list);
  const auto with_id = [&](const char* name, const char* what, const char* example, query run) {
    auto o = options();
    auto* verb = v.ask(name, what, example, o, run);
    verb->add_option("ID", o->id, "of the shadow copy")->required();
    return std::pair(verb, o);
  };
  with_id("show", "all properties of a shadow copy", "show 3f2a91c0", show);
  const auto deletion = with_id("delete", "delete a shadow copy", "delete 3f2a91c0", remove);
  deletion.first->add_flag("--set", deletion.second->set, "ID names a set: delete all of it");
  deletion.first->add_flag("--force", deletion.second->force, "also if it is exposed");
  const auto exposure = with_id("expose", "mount a persistent shadow copy read-only", "expose 3f2a91c0 /mnt/yesterday", expose);
  exposure.first->add_option("FOLDER", exposure.second->folder, "an empty folder")->required();
  with_id("unexpose", "unmount an exposed shadow copy", "unexpose 3f2a91c0", unexpose);
  const auto reversion = with_id("revert", "bring a volume back to a persistent shadow copy of it", "revert 3f2a91c0", revert);
  reversion.first->add_flag("--yes", reversion.second->force, "do not ask");
  v.ask("providers", "what can make shadow copies here, in the order of selection", "providers", options(), providers);
  v.ask("storage", "space that shadow copies take", "storage", options(), storage);
  const auto w = options();
  add_writers_option(*v.add("writers", "the writers of this machine, with state and last error", "writers", w, writers),
                     w->service);
  shadow_verb->footer(
      "Examples:\n"
      "  umbra shadow create /srv /home\n"
      "  umbra shadow list\n"
      "  umbra shadow expose 3f2a91c0 /mnt/yesterday\n"
      "'umbra shadow create --help' tells more. Exit codes: 0 done, 1 failed, 2 usage, 3 a writer failed, 4 busy, 5 cancelled.");
}

}  // namespace umbra::cli
