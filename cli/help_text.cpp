// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/help_text.h"

#include <fmt/format.h>

namespace umbra::cli {
namespace {

// " SIZE". CLI11 puts the kinds of values that checks name behind its own one: "TEXT:SIZE".
std::string value_of(const CLI::Option& option) {
  if (option.get_type_size() == 0) return {};
  const auto kinds = option.get_type_name();
  return " " + kinds.substr(kinds.rfind(':') + 1);
}

class help_format final : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    auto line = "Usage: " + (name.empty() ? app->get_name() : name);
    if (!app->get_subcommands(nullptr).empty()) return line + " VERB ...\n\n";
    for (const auto* option : app->get_options()) {
      if (option->get_positional()) line += " " + make_option_usage(option);
    }
    for (const auto* option : app->get_options()) {
      if (!option->get_positional() && option->get_required()) line += " --" + option->get_lnames().front() + value_of(*option);
    }
    return line + " [OPTION]...\n\n";
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    auto left = make_option_name(option, is_positional);
    if (const auto comma = left.find(','); comma != std::string::npos) left.insert(comma + 1, " ");
    if (!is_positional) left += value_of(*option);
    auto right = option->get_description();
    if (!option->get_default_str().empty()) right += "; default " + option->get_default_str();
    std::ostringstream out;
    CLI::detail::format_help(out, left, right, get_column_width());
    return out.str();
  }

  // CLI11 leaves two empty lines between groups.
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    auto text = CLI::Formatter::make_help(app, std::move(name), mode);
    for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n", at)) text.erase(at, 1);
    return text;
  }
};

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() {
  auto format = std::make_shared<help_format>();
  format->column_width(28);
  format->label("Positionals", "Arguments");
  return format;
}

}  // namespace umbra::cli
