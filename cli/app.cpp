// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/app.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "cli/command.h"
#include "cli/exit_code.h"

namespace umbra::cli {
namespace {

constexpr const char* version_text = "umbra 0.1.0 (image format 1)";

constexpr const char* footer =
    "Start here:\n"
    "  umbra init /backup/vault\n"
    "  umbra backup /dev/vdb --to /backup/vault --name db1     full the first time, then incremental\n"
    "  umbra list /backup/vault\n"
    "  umbra restore /backup/vault::db1 --to /dev/vdc\n"
    "\n"
    "An IMAGE is VAULT::NAME (newest of that name), VAULT::NAME@N (N back), VAULT::ID, or an .umbra file.\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 finished with faults, 4 busy, 5 cancelled, 6 damaged image.\n"
    "'umbra VERB --help' tells more about each verb.";

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// "umbra: there is no verb 'restor'; did you mean 'restore'?"
std::string unknown_verb(const CLI::App& app, const std::string& verb) {
  std::string best;
  std::size_t best_distance = 3;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    const auto distance = edit_distance(verb, sub->get_name());
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = sub->get_name();
  }
  const auto hint = best.empty() ? std::string("'umbra --help' lists them") : fmt::format("did you mean '{}'?", best);
  return fmt::format("there is no verb '{}'; {}", verb, hint);
}

int answer_parse_problem(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments,
                         context& c) {
  if (problem.get_exit_code() == 0) {  // help or version
    std::ostringstream text;
    app.exit(problem, text, text);
    *c.out << text.str();
    return exit_done;
  }
  const bool is_verb = !arguments.empty() && !arguments.front().starts_with("-");
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  const bool known = is_verb && std::ranges::any_of(verbs, [&](const auto* v) { return v->get_name() == arguments.front(); });
  std::string what = problem.what();
  if (is_verb && !known) what = unknown_verb(app, arguments.front());
  *c.err << "umbra: " << what << '\n';
  if (known) *c.err << "       'umbra " << arguments.front() << " --help' shows how\n";
  return exit_usage;
}

}  // namespace

int run_app(const std::vector<std::string>& arguments, context& c) {
  CLI::App app("Umbra takes full and incremental images of disks, keeps them in a deduplicated vault, and brings them back.",
               "umbra");
  app.set_version_flag("--version", version_text, "print the version");
  app.footer(footer);
  app.require_subcommand(0, 1);
  app.get_formatter()->column_width(34);
  chosen_command chosen;
  add_init(app, chosen);
  add_backup(app, chosen);
  add_list(app, chosen);
  add_info(app, chosen);
  add_diff(app, chosen);
  add_verify(app, chosen);
  add_restore(app, chosen);
  add_bench(app, chosen);
  try {
    auto reversed = arguments;  // CLI11 wants them last first
    std::ranges::reverse(reversed);
    app.parse(reversed);
  } catch (const CLI::ParseError& problem) {
    return answer_parse_problem(app, problem, arguments, c);
  }
  if (!chosen) {
    *c.out << app.help();
    return arguments.empty() ? exit_usage : exit_done;
  }
  return chosen(c);
}

}  // namespace umbra::cli
