// SPDX-License-Identifier: GPL-3.0-or-later
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/backup_sources.h"
#include "cli/backup_target.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/image_text.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/shadow_text.h"
#include "cli/size_text.h"

namespace umbra::cli {
namespace {

struct backup_command_options {
  source_options source;
  target_options target;
  std::string codec = "lz4";
  std::string self_check = "all";
  std::string retry_time = "60s";
  std::string rescue_time = "1h";
  jobs::backup_options job;
  output_options output;
};

result<void> read_choices(backup_command_options& o) {
  TRY(o.job.codec, chosen_codec(o.codec, o.job.codec));
  o.job.check = o.self_check == "all"    ? jobs::self_check::all
                : o.self_check == "none" ? jobs::self_check::none
                                         : jobs::self_check::sample;
  TRY(o.job.rescue.range_time, parse_time(o.retry_time));
  TRY(o.job.rescue.total_time, parse_time(o.rescue_time));
  return success();
}

std::string metadata_for(const backup_command_options& o, const backup_sources& sources, const context& c) {
  const nlohmann::json document{
      {"name", o.target.name},
      {"host", c.host},
      {"tool", "umbra 0.1.0"},
      {"sources", sources.describe()},
      {"shadow", sources.shadow().describe()},
      {"options", {{"codec", o.codec}, {"cuts", o.source.cuts}, {"shadow", o.source.shadow}, {"self_check", o.self_check}}}};
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

struct finished_backup {
  jobs::backup_report report;
  nlohmann::json shadow;       // backup_shadow::describe()
  nlohmann::json left_out;     // backup_sources::describe_left_out()
  bool lacks_writers = false;  // backup_shadow
  bool has_late_failures = false;
  double seconds = 0;
};

result<finished_backup> take_backup(backup_command_options& o, context& c) {
  CHECK(read_choices(o));
  TRY(auto sources, backup_sources::open(o.source, o.target.to));
  if (o.target.name.empty()) o.target.name = sources.default_name();
  TRY(auto target, open_target(o.target, sources, c, o.output));
  // Not before everything else is right: writers are not to be held for nothing.
  CHECK(sources.take_shadow_copies(o.source, c, o.output));
  sources.warn_of_idle_patterns(o.source, c, o.output);
  o.job.before_commit = [&] { return sources.shadow().check(); };
  flow::progress progress;
  progress_line line(c, o.output, progress);
  const auto list = sources.for_job();
  auto done = jobs::run_backup(list, *target.writer, target.parent_image(), o.job, {c.now(), metadata_for(o, sources, c)},
                               progress, c.stop);
  const auto seconds = line.finish();
  CHECK(done);
  sources.close();
  sources.shadow().finish(c, o.output);
  return finished_backup{std::move(done).assume_value(),   sources.shadow().describe(),          sources.describe_left_out(),
                         sources.shadow().lacks_writers(), sources.shadow().has_late_failures(), seconds};
}

void print_text(const backup_command_options& o, const finished_backup& done, context& c) {
  const auto& r = done.report;
  const auto size = source_bytes(r.image);
  std::uint64_t unallocated = 0;
  std::uint64_t zeros = 0;
  for (const auto& s : r.image.sources) {
    unallocated += s.unallocated_bytes;
    zeros += s.zero_bytes;
  }
  *c.out << fmt::format("{} image of {} in {} ({})\n", r.image.parent.is_none() ? "full" : "incremental", size_text(size),
                        duration_text(done.seconds), rate_text(size, done.seconds));
  *c.out << fmt::format("  read        {}\n  unchanged   {}\n  duplicate   {}\n", size_text(r.bytes_read),
                        size_text(r.unchanged_bytes), size_text(r.deduplicated_bytes));
  *c.out << fmt::format("  new         {}, stored in {}\n", size_text(r.new_bytes), size_text(r.new_stored_bytes));
  *c.out << fmt::format("  free, zero  {}, {}\n", size_text(unallocated), size_text(zeros));
  *c.out << left_out_text(done.left_out, "  left out    ");
  *c.out << (is_image_file(o.target.to, c) ? o.target.to
                                           : fmt::format("{}::{}", o.target.to, to_hex(r.image.id.view()).substr(0, 12)))
         << fmt::format("  ({})\n", printable(o.target.name));
  if (done.shadow.value("mode", "") != "offline") *c.out << describe_origin(done.shadow);
}

void print_document(const backup_command_options& o, const finished_backup& done, context& c) {
  const auto& r = done.report;
  auto image = to_json(r.image);
  image["name"] = o.target.name;
  print_json(c, {{"event", "done"},
                 {"image", image},
                 {"bytes_read", r.bytes_read},
                 {"unchanged_bytes", r.unchanged_bytes},
                 {"deduplicated_bytes", r.deduplicated_bytes},
                 {"new_bytes", r.new_bytes},
                 {"new_stored_bytes", r.new_stored_bytes},
                 {"blocks", r.blocks},
                 {"audited_blocks", r.audited_blocks},
                 {"seconds", done.seconds},
                 {"shadow", done.shadow},
                 {"left_out", done.left_out},
                 {"faults", to_json(r.faults)}});
}

void print_writer_faults(const finished_backup& done, context& c) {
  if (done.lacks_writers) {
    *c.err << "umbra: finished, but not every writer took part: for its data the image is only crash-consistent\n";
  }
  if (done.has_late_failures) {
    *c.err << "umbra: finished, and the image is good, but a writer failed when it was told so: look at its application\n";
  }
}

int run_backup_command(backup_command_options& o, context& c) {
  auto done = take_backup(o, c);
  if (done.has_error()) {
    auto e = std::move(done).assume_error();
    if (e.code() == errc::cancelled) {
      e = std::move(e).advise(is_image_file(o.target.to, c) ? "nothing was left behind"
                                                            : "what was stored is kept, the next run picks up from there");
    }
    return report_error(c, o.output, e);
  }
  const auto& faults = done.assume_value().report.faults;
  if (o.output.json) {
    print_document(o, done.assume_value(), c);
  } else if (!o.output.quiet) {
    print_text(o, done.assume_value(), c);
  }
  print_faults(c, faults);
  print_writer_faults(done.assume_value(), c);
  const bool is_done = !done.assume_value().lacks_writers && !done.assume_value().has_late_failures;
  if (faults.empty()) return is_done ? exit_done : exit_faults;
  *c.err << fmt::format("umbra: finished with {}; the image is complete but for {}\n", counted(faults.count(), "fault"),
                        faults.count() == 1 ? "it" : "them");
  return exit_faults;
}

void add_rescue_options(CLI::App& verb, backup_command_options& o) {
  verb.add_option("--retries", o.job.rescue.retries, "of a sector that fails: how often it is read again")
      ->check(whole_number(0, 100))
      ->capture_default_str()
      ->group("Failing disks");
  verb.add_option("--retry-time", o.retry_time, "spent on one place that cannot be read, after the first time")
      ->check(time_value())
      ->capture_default_str()
      ->group("Failing disks");
  verb.add_option("--rescue-time", o.rescue_time,
                  "spent on all of them together; 0: none is read again.\n"
                  "Limits are looked at between reads: one that hangs cannot be called back")
      ->check(time_value())
      ->capture_default_str()
      ->group("Failing disks");
}

void add_job_options(CLI::App& verb, backup_command_options& o) {
  add_codec_options(verb, o.codec, o.job.codec);
  verb.add_option("--audit", o.job.audit_percent, "share of unchanged blocks to check with the strong hash")
      ->check(percentage())
      ->capture_default_str()
      ->group("Tuning");
  verb.add_option("--self-check", o.self_check, "decode records before they count")
      ->check(one_of({"all", "sample", "none"}))
      ->capture_default_str()
      ->group("Tuning");
  add_threads_option(verb, o.job.threads);
  verb.add_option("--cuts", o.source.cuts, "where blocks end: on files, or on the disk's grid")
      ->check(one_of({"files", "grid"}))
      ->capture_default_str()
      ->group("Tuning");
  verb.add_flag("--all-blocks", o.source.read_all, "image free space, too (no file system is looked at)")->group("Tuning");
  verb.add_flag("--direct", o.source.direct, "read regular files past the page cache")->group("Tuning");
}

}  // namespace

void add_backup(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("backup", "take a full or incremental image of disks, partitions or files");
  const auto o = std::make_shared<backup_command_options>();
  verb->add_option("SOURCE", o->source.arguments, "device, file or nbd:// URI, or SOURCE@offset+length")->required();
  verb->add_option("--to", o->target.to, "a vault, or a new FILE.umbra")->type_name("DEST")->required();
  verb->add_option("--name", o->target.name, "the image's name; default: the first source's file name")->type_name("NAME");
  verb->add_option("--parent", o->target.parents,
                   "auto (in a vault the newest of that name; the default), none, an image\n"
                   "of the vault, or a file; again: where that file's own parents lie")
      ->allow_extra_args(false)
      ->type_name("IMAGE");
  verb->add_option("--shadow", o->source.shadow,
                   "how volumes that are mounted read-write are copied: auto, none (taken\n"
                   "as they are), or a name of 'umbra shadow providers'")
      ->capture_default_str()
      ->type_name("PROVIDER");
  add_area_option(*verb, o->source.service);
  add_writers_option(*verb, o->source.service);
  verb->add_option("--block-size", o->target.block_size, "of a single-file image without parent; default 64K")
      ->check(block_size_value());
  verb->add_flag("--vault-on-source", o->source.vault_on_source, "allow a destination that lies on the source");
  add_exclusion_options(*verb, o->source.exclude);
  add_rescue_options(*verb, *o);
  add_job_options(*verb, *o);
  add_output_options(*verb, o->output);
  verb->footer(
      "Examples:\n"
      "  umbra backup /dev/vdb --to /backup/vault --name db1\n"
      "  umbra backup disk.raw --to full.umbra\n"
      "  umbra backup nbd://host/export --to /backup/vault\n"
      "  umbra backup disk.raw --to mon.umbra --parent full.umbra\n"
      "What is mounted read-write is read from a shadow copy of one instant: writers are told first.\n"
      "Ctrl-C leaves no image and keeps what was stored: the next run picks up from there.\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 finished with faults, 4 busy, 5 cancelled, 6 damaged parent.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_backup_command(*o, c); }; });
}

}  // namespace umbra::cli
