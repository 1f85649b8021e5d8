// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/image_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/size_text.h"
#include "cli/source_argument.h"
#include "engine/jobs/compare.h"
#include "formats/native/verify.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct verify_command_options {
  std::string what;
  std::string device;
  std::size_t source_number = 0;
  std::vector<std::string> parents;
  native::verify_options verify;
  output_options output;
};

int finish(const verify_command_options& o, context& c, const native::verify_report& report, double seconds) {
  if (o.output.json) {
    print_json(c, {{"event", "done"},
                   {"images", report.images},
                   {"packs", report.packs},
                   {"records", report.records},
                   {"stored_bytes", report.stored_bytes},
                   {"plain_bytes", report.plain_bytes},
                   {"seconds", seconds},
                   {"notes", report.notes},
                   {"faults", to_json(report.faults)}});
  }
  print_faults(c, report.faults);
  if (!o.output.json && !o.output.quiet) {
    for (const auto& n : report.notes) *c.out << "note: " << printable(n) << '\n';
    *c.out << fmt::format("{}: {}, {}, {} stored", report.faults.empty() ? "all good" : "DAMAGED",
                          counted(report.images, "image"), counted(report.packs, "pack"), size_text(report.stored_bytes));
    if (o.verify.deep) *c.out << fmt::format(", {} decoded and hashed", size_text(report.plain_bytes));
    *c.out << fmt::format(", in {} ({})\n", duration_text(seconds),
                          rate_text(std::max(report.stored_bytes, report.plain_bytes), seconds));
  }
  return report.faults.empty() ? exit_done : exit_damaged;
}

int verify_stored(const verify_command_options& o, context& c) {
  flow::progress progress;
  progress_line line(c, o.output, progress);
  auto report = [&]() -> result<native::verify_report> {
    TRY(const auto name, registry::parse_image_name(o.what));
    const bool is_folder = !name.in_vault && c.files->list(name.path).has_value();
    if (is_folder) {
      TRY(const auto opened, registry::open_vault_at(*c.files, name.path, native::intent::read));
      return native::verify_vault(*opened.vault, o.verify, progress, c.stop);
    }
    TRY(const auto opened, registry::open_image_at(*c.files, o.what, o.parents));
    auto complete = opened.reader->check_packs();
    // A file that was not found is no damage: it may lie elsewhere.
    if (!name.in_vault && complete.has_error() && complete.assume_error().code() == errc::not_found) {
      return std::move(complete).assume_error();
    }
    return native::verify_image(*opened.reader, o.verify, progress, c.stop);
  }();
  const auto seconds = line.finish();
  if (report.has_error()) return report_error(c, o.output, report.assume_error());
  return finish(o, c, report.assume_value(), seconds);
}

int compare_device(const verify_command_options& o, context& c) {
  flow::progress progress;
  progress_line line(c, o.output, progress);
  auto report = [&]() -> result<jobs::compare_report> {
    TRY(const auto opened, registry::open_image_at(*c.files, o.what, o.parents));
    CHECK(check_source_number(o.source_number, opened.reader->info()));
    CHECK(opened.reader->check_packs());
    TRY(const auto source, parse_source(o.device));
    TRY(const auto device, open_source(source, {}));
    return jobs::compare_with_device(*opened.reader, o.source_number, *device, false, o.verify.threads, progress, c.stop);
  }();
  const auto seconds = line.finish();
  if (report.has_error()) return report_error(c, o.output, report.assume_error());
  const auto& r = report.assume_value();
  if (o.output.json) {
    print_json(c, {{"event", "done"},
                   {"compared_bytes", r.compared_bytes},
                   {"skipped_bytes", r.skipped_bytes},
                   {"different_bytes", r.different_bytes},
                   {"seconds", seconds},
                   {"faults", to_json(r.faults)}});
  }
  print_faults(c, r.faults);
  if (!o.output.json && !o.output.quiet) {
    *c.out << fmt::format("{}: {} compared, {} not known to the image, {} differ, in {}\n",
                          r.faults.empty() ? "equal" : "DIFFERENT", size_text(r.compared_bytes), size_text(r.skipped_bytes),
                          size_text(r.different_bytes), duration_text(seconds));
  }
  return r.faults.empty() ? exit_done : exit_faults;
}

}  // namespace

void add_verify(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("verify", "check a vault or an image, or compare a device with an image");
  const auto o = std::make_shared<verify_command_options>();
  verb->add_option("WHAT", o->what, "a vault, or an image (VAULT::NAME, VAULT::NAME@N, VAULT::ID, a file)")->required();
  auto* deep = verb->add_flag("--deep", o->verify.deep, "also decode and re-hash every block");
  verb->add_option("--source", o->device, "compare this device, file or nbd:// URI with the image instead")->excludes(deep);
  verb->add_option("--source-number", o->source_number, "which of the image's sources --source is, from 0")
      ->check(whole_number(0, most_sources))
      ->capture_default_str();
  add_parent_places_option(*verb, o->parents);
  add_threads_option(*verb, o->verify.threads);
  add_output_options(*verb, o->output);
  verb->footer(
      "Without --deep every stored byte is compared with its checksum, all maps and manifests are read, and every block's\n"
      "record is located. Examples:\n"
      "  umbra verify /backup/vault --deep\n"
      "  umbra verify /backup/vault::db1 --source /dev/vdb\n"
      "Exit codes: 0 all good, 1 failed, 2 usage, 3 the device differs, 5 cancelled, 6 damaged.");
  verb->callback(
      [o, &chosen] { chosen = [o](context& c) { return o->device.empty() ? verify_stored(*o, c) : compare_device(*o, c); }; });
}

}  // namespace umbra::cli
