// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/parse_problem.h"

#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace umbra::cli {
namespace {

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

// The nearest of `known` that is near enough to be meant; empty if none is.
std::string meant(const std::string& typed, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = 3;
  for (const auto& name : known) {
    const auto distance = edit_distance(typed, name);
    if (distance >= best_distance || distance >= typed.size()) continue;
    best_distance = distance;
    best = name;
  }
  return best;
}

std::string suggestion(const std::string& typed, const std::vector<std::string>& known, const std::string& otherwise) {
  const auto best = meant(typed, known);
  return best.empty() ? otherwise : fmt::format("did you mean '{}'?", best);
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const auto* option : verb.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// CLI11 writes "The following argument was not expected: b", "--to: 1 required PATH missing".
error of_verb(const CLI::App& verb, const CLI::ParseError& problem) {
  const std::string text = problem.what();
  const auto help = fmt::format("'umbra help {}' shows how", verb.get_name());
  const auto colon = text.find(": ");
  const auto is = [&](CLI::ExitCodes code) { return problem.get_exit_code() == static_cast<int>(code); };
  if (const auto extras = verb.remaining(); is(CLI::ExitCodes::ExtrasError) && !extras.empty()) {
    const auto& extra = extras.front();
    if (!extra.starts_with("-"))
      return error(errc::usage, fmt::format("{}: '{}' is too much", verb.get_name(), extra)).advise(help);
    const auto option = extra.substr(0, extra.find('='));
    return error(errc::usage, fmt::format("{}: there is no option '{}'", verb.get_name(), option))
        .advise(suggestion(option, options_of(verb), help));
  }
  if (is(CLI::ExitCodes::ArgumentMismatch) && colon != std::string::npos) {
    return error(errc::usage, fmt::format("{}: {} needs a value", verb.get_name(), text.substr(0, colon))).advise(help);
  }
  return error(errc::usage, fmt::format("{}: {}", verb.get_name(), text)).advise(help);
}

}  // namespace

bool is_verb(const CLI::App& app, const std::string& word) {
  const auto verbs = verbs_of(app);
  return std::ranges::find(verbs, word) != verbs.end();
}

error parse_problem(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments) {
  const auto& first = arguments.front();
  if (first.starts_with("-")) {
    return error(errc::usage, fmt::format("there is no option '{}' before the verb", first))
        .advise("options stand behind the verb, as in 'umbra list VAULT --json'");
  }
  if (is_verb(app, first)) return of_verb(*app.get_subcommand(first), problem);
  return error(errc::usage, fmt::format("there is no verb '{}'", first))
      .advise(suggestion(first, verbs_of(app), "'umbra --help' lists them"));
}

}  // namespace umbra::cli
