// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
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
  output_options output;
};

void print_text(const diff_options& o, const jobs::diff_report& report, context& c) {
  for (const auto& r : report.ranges) {
    *c.out << fmt::format("source {}  {:>16} + {:<12} ({})\n", r.source, r.where.offset, r.where.size, size_text(r.where.size));
  }
  if (report.range_count > report.ranges.size() && o.limit > 0) {
    *c.out << fmt::format("… and {} more ranges (--limit)\n", report.range_count - report.ranges.size());
  }
  if (o.output.quiet) return;
  if (report.range_count == 0) {
    *c.out << "no difference\n";
  } else {
    *c.out << fmt::format("{} in {} ranges differ, of {} ({})\n", size_text(report.changed_bytes), report.range_count,
                          size_text(report.compared_bytes), share_text(report.changed_bytes, report.compared_bytes));
  }
}

int run_diff(const diff_options& o, context& c) {
  const auto before = registry::open_image_at(*c.files, o.before, {});
  if (before.has_error()) return report_error(c, o.output, before.assume_error());
  const auto after = registry::open_image_at(*c.files, o.after, {});
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
  verb->add_option("--limit", o->limit, "ranges to list, 0 for none")->capture_default_str();
  add_output_options(*verb, o->output);
  verb->footer(
      "Only maps are read, so this is quick. Ranges are in bytes of the source.\n"
      "Example: umbra diff /backup/vault::db1@1 /backup/vault::db1\nExit codes: 0 done, 1 failed, 2 usage, 6 damaged image.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_diff(*o, c); }; });
}

}  // namespace umbra::cli
