// SPDX-License-Identifier: GPL-3.0-or-later
#include <limits>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/size_text.h"
#include "engine/jobs/diff.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct diff_options {
  std::string before;
  std::string after;
  std::size_t limit = 20;
  std::vector<std::string> parents;
  output_options output;
};

void print_text(const diff_options& o, const jobs::diff_report& report, context& c) {
  for (const auto& r : report.ranges) {
    *c.out << fmt::format("source {}  {:>16} + {:<12} ({})\n", r.source, r.where.offset, r.where.size, size_text(r.where.size));
  }
  if (report.range_count > report.ranges.size() && o.limit > 0) {
    *c.out << fmt::format("… and {} (--limit)\n", counted(report.range_count - report.ranges.size(), "more range"));
  }
  if (o.output.quiet) return;
  if (report.range_count == 0) {
    *c.out << "no difference\n";
  } else {
    *c.out << fmt::format("{} in {} differ, of {} ({})\n", size_text(report.changed_bytes), counted(report.range_count, "range"),
                          size_text(report.compared_bytes), share_text(report.changed_bytes, report.compared_bytes));
  }
}

int run_diff(const diff_options& o, context& c) {
  const auto before = registry::open_image_at(*c.files, o.before, o.parents);
  if (before.has_error()) return report_error(c, o.output, before.assume_error());
  const auto after = registry::open_image_at(*c.files, o.after, o.parents);
  if (after.has_error()) return report_error(c, o.output, after.assume_error());
  const auto done = jobs::diff_images(*before.assume_value().reader, *after.assume_value().reader, o.limit, c.stop);
  if (done.has_error()) return report_error(c, o.output, done.assume_error());
  const auto& report = done.assume_value();
  if (!o.output.json) {
    print_text(o, report, c);
    return exit_done;
  }
  auto ranges = nlohmann::json::array();
  for (const auto& r : report.ranges)
    ranges.push_back({{"source", r.source}, {"offset", r.where.offset}, {"size", r.where.size}});
  print_json(c, {{"changed_bytes", report.changed_bytes},
                 {"compared_bytes", report.compared_bytes},
                 {"range_count", report.range_count},
                 {"ranges", ranges}});
  return exit_done;
}

}  // namespace

void add_diff(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("diff", "show which ranges differ between two images of one vault or chain");
  const auto o = std::make_shared<diff_options>();
  verb->add_option("BEFORE", o->before, "an image")->required();
  verb->add_option("AFTER", o->after, "an image of the same sources")->required();
  verb->add_option("--limit", o->limit, "ranges to list, 0 for none")
      ->check(whole_number(0, std::numeric_limits<std::uint32_t>::max()))
      ->capture_default_str();
  add_parent_places_option(*verb, o->parents);
  add_output_options(*verb, o->output);
  verb->footer(
      "Only maps are read, so this is quick. Ranges are in bytes of the source.\n"
      "Example: umbra diff /backup/vault::db1@1 /backup/vault::db1\nExit codes: 0 done, 1 failed, 2 usage, 6 damaged image.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_diff(*o, c); }; });
}

}  // namespace umbra::cli
