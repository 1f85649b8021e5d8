// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/image_text.h"
#include "cli/output.h"
#include "cli/size_text.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

using native::session_state;

struct list_options {
  std::string vault;
  bool all = false;
  output_options output;
};

const char* state_name(session_state::what state) {
  switch (state) {
    case session_state::what::undecided: return "unfinished";
    case session_state::what::committed: return "image";
    case session_state::what::dead: return "given up";
    case session_state::what::damaged: return "damaged";
  }
  return "unknown";
}

bool is_listed(const session_state& s, bool all) {
  if (all) return true;
  if (s.forgotten) return false;
  return s.state == session_state::what::committed || s.state == session_state::what::damaged;
}

nlohmann::json row_json(const session_state& s) {
  auto row = s.state == session_state::what::committed ? to_json(s.info) : nlohmann::json{{"id", to_hex(s.id.view())}};
  row["name"] = s.name;
  row["state"] = state_name(s.state);
  row["forgotten"] = s.forgotten;
  if (!s.problem.empty()) row["problem"] = s.problem;
  return row;
}

void print_rows(context& c, const std::vector<session_state>& rows) {
  std::size_t width = 4;
  for (const auto& s : rows) width = std::max(width, printable(s.name).size());
  *c.out << fmt::format("{:<{}}  {:<12}  {:<23}  {:<11}  {:>10}  {:>10}\n", "NAME", width, "ID", "TAKEN", "KIND", "SIZE",
                        "ADDED");
  for (const auto& s : rows) {
    const auto id = to_hex(s.id.view()).substr(0, 12);
    if (s.state != session_state::what::committed) {
      *c.out << fmt::format("{:<{}}  {:<12}  {:<23}  {:<11}  {}\n", printable(s.name), width, id, "", state_name(s.state),
                            printable(s.problem));
      continue;
    }
    *c.out << fmt::format("{:<{}}  {:<12}  {:<23}  {:<11}  {:>10}  {:>10}\n", printable(s.name), width, id,
                          utc_text(s.info.created), s.info.parent.is_none() ? "full" : "incremental",
                          size_text(source_bytes(s.info)), size_text(s.info.new_stored_bytes));
  }
}

int run_list(const list_options& o, context& c) {
  auto opened = registry::open_vault_at(*c.files, o.vault, native::intent::read);
  if (opened.has_error()) return report_error(c, o.output, opened.assume_error());
  auto sessions = opened.assume_value().vault->sessions();
  if (sessions.has_error()) return report_error(c, o.output, sessions.assume_error());
  auto rows = std::move(sessions).assume_value();
  const bool damage = std::ranges::any_of(rows, [](const auto& s) { return s.state == session_state::what::damaged; });
  std::erase_if(rows, [&](const auto& s) { return !is_listed(s, o.all); });
  if (o.output.json) {
    auto list = nlohmann::json::array();
    for (const auto& s : rows) list.push_back(row_json(s));
    print_json(c, {{"vault", o.vault}, {"images", list}});
  } else if (rows.empty()) {
    if (!o.output.quiet) *c.out << "no images yet\n";
  } else {
    print_rows(c, rows);
  }
  return damage ? exit_damaged : exit_done;
}

}  // namespace

void add_list(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("list", "list a vault's images, oldest first");
  const auto o = std::make_shared<list_options>();
  verb->add_option("VAULT", o->vault, "the vault's folder")->required();
  verb->add_flag("--all", o->all, "also unfinished, given up and forgotten sessions");
  add_output_options(*verb, o->output);
  verb->footer(
      "Example: umbra list /backup/vault --json\nExit codes: 0 done, 1 failed, 2 usage, 6 an image's manifest is damaged.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_list(*o, c); }; });
}

}  // namespace umbra::cli
