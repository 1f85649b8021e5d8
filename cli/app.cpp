// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/app.h"

#include <algorithm>
#include <ostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/help_text.h"
#include "cli/output.h"
#include "cli/parse_problem.h"

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
    "'umbra help VERB' tells more about each verb.";

// "umbra help" and "umbra help VERB" are other words for --help.
std::vector<std::string> without_help_verb(std::vector<std::string> arguments) {
  if (arguments.empty() || arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  if (arguments.empty() || !arguments.back().starts_with("-")) arguments.emplace_back("--help");
  return arguments;
}

int answer(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments, context& c) {
  const bool known = arguments.front().starts_with("-") || is_verb(app, arguments.front());
  if (problem.get_exit_code() == 0 && known) {  // help or version
    std::ostringstream text;
    app.exit(problem, text, text);
    *c.out << text.str();
    return exit_done;
  }
  const bool json = std::ranges::find(arguments, "--json") != arguments.end();
  return report_error(c, {.json = json, .quiet = false}, parse_problem(app, problem, arguments));
}

}  // namespace

int run_app(const std::vector<std::string>& typed, context& c) {
  const auto arguments = without_help_verb(typed);
  CLI::App app("Umbra takes full and incremental images of disks, keeps them in a deduplicated vault, and brings them back.",
               "umbra");
  app.set_version_flag("--version", version_text, "print the version");
  app.footer(footer);
  app.require_subcommand(0, 1);
  app.formatter(help_formatter());
  app.set_help_flag("-h,--help", "print this help");
  chosen_command chosen;
  add_init(app, chosen);
  add_backup(app, chosen);
  add_list(app, chosen);
  add_info(app, chosen);
  add_inspect(app, chosen);
  add_diff(app, chosen);
  add_verify(app, chosen);
  add_restore(app, chosen);
  add_shadow(app, chosen);
  add_bench(app, chosen);
  for (auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) verb->group("Verbs");
  try {
    auto reversed = arguments;  // CLI11 wants them last first
    std::ranges::reverse(reversed);
    app.parse(reversed);
  } catch (const CLI::ParseError& problem) {
    return answer(app, problem, arguments, c);
  }
  if (!chosen) {
    *c.out << app.help();
    return arguments.empty() ? exit_usage : exit_done;
  }
  return chosen(c);
}

}  // namespace umbra::cli
