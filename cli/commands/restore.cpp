// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
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
#include "cli/restore_target.h"
#include "cli/size_text.h"
#include "engine/jobs/restore.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

struct restore_command_options {
  std::string image;
  restore_target_options target;
  std::size_t source = 0;
  std::vector<std::string> parents;
  bool plan = false;
  jobs::restore_options job;
  output_options output;
};

struct finished_restore {
  jobs::restore_report report;
  double seconds = 0;
  std::uint64_t size = 0;
};

void print_plan(const restore_command_options& o, const image::image_info& info, const restore_plan& plan, context& c) {
  const auto& s = info.sources[o.source];
  if (o.output.json) {
    print_json(c, {{"image", to_json(info)},
                   {"source", o.source},
                   {"target", o.target.path},
                   {"target_size", plan.target_size},
                   {"target_exists", plan.exists},
                   {"write_bytes", s.stored_bytes},
                   {"problem", plan.problem ? nlohmann::json(plan.problem->message()) : nlohmann::json()}});
    return;
  }
  *c.out << fmt::format("image    {} ({}), taken {}\n", to_hex(info.id.view()), printable(image_label(info)),
                        utc_text(info.created));
  *c.out << fmt::format("source   {}, {}\n", o.source, size_text(s.size));
  *c.out << fmt::format("target   {}, {}\n", o.target.path,
                        plan.exists ? fmt::format("{}; what it holds will be overwritten", size_text(plan.target_size))
                                    : std::string("a new file"));
  *c.out << fmt::format("writes   {}; {} {}\n", size_text(s.stored_bytes), size_text(s.size - s.stored_bytes),
                        o.job.write_zeros ? "written as zeros" : "released");
  *c.out << (plan.problem ? "problem  " + printable(plan.problem->message()) + "\n" : std::string("problem  none\n"));
}

// Half a disk must not pass for a whole one: a new file goes again, an old target is named.
error broken_off(const restore_command_options& o, bool is_new, error e, context& c) {
  if (is_new && c.files->remove(o.target.path).has_value()) return e;
  return std::move(e).advise(fmt::format("{} holds only a part of the image now", o.target.path));
}

result<finished_restore> restore(const restore_command_options& o, image::image_reader& reader, bool is_new, context& c) {
  const auto& info = reader.info();
  CHECK(reader.check_packs());
  CHECK(confirm_target(o.target, fmt::format("image {} of {}", printable(image_label(info)), utc_text(info.created)), c));
  TRY(auto target, open_restore_target(o.target, info.sources[o.source].size));
  flow::progress progress;
  progress_line line(c, o.output, progress);
  auto done = jobs::run_restore(reader, o.source, *target, o.job, progress, c.stop);
  const auto seconds = line.finish();
  target.reset();
  if (done.has_error()) return broken_off(o, is_new, std::move(done).assume_error(), c);
  return finished_restore{std::move(done).assume_value(), seconds, info.sources[o.source].size};
}

int tell(const restore_command_options& o, const finished_restore& done, context& c) {
  const auto& r = done.report;
  if (o.output.json) {
    print_json(c, {{"event", "done"},
                   {"target", o.target.path},
                   {"size", done.size},
                   {"written_bytes", r.written_bytes},
                   {"zeroed_bytes", r.zeroed_bytes},
                   {"kept_bytes", r.kept_bytes},
                   {"unreadable_bytes", r.unreadable_bytes},
                   {"verified", r.verified},
                   {"seconds", done.seconds},
                   {"faults", to_json(r.faults)}});
  } else if (!o.output.quiet) {
    *c.out << fmt::format("restored {} to {} in {} ({}): {} written, {} made zero, {} right already{}\n", size_text(done.size),
                          o.target.path, duration_text(done.seconds), rate_text(done.size, done.seconds),
                          size_text(r.written_bytes), size_text(r.zeroed_bytes), size_text(r.kept_bytes),
                          r.verified ? "; read back and equal" : "");
  }
  print_faults(c, r.faults);
  if (!r.faults.empty()) {
    const bool damage =
        std::ranges::any_of(r.faults.faults(), [](const auto& f) { return f.what == jobs::fault::kind::damaged; });
    return damage ? exit_damaged : exit_faults;
  }
  if (r.unreadable_bytes == 0) return exit_done;
  warn(c, o.output,
       fmt::format("{} could not be read when the image was taken; they are zeros now", size_text(r.unreadable_bytes)));
  return exit_faults;
}

int run_restore_command(const restore_command_options& o, context& c) {
  const auto opened = registry::open_image_at(*c.files, o.image, o.parents);
  if (opened.has_error()) return report_error(c, o.output, opened.assume_error());
  auto& reader = *opened.assume_value().reader;
  const auto numbered = check_source_number(o.source, reader.info());
  if (numbered.has_error()) return report_error(c, o.output, numbered.assume_error());
  const auto plan = plan_restore(o.target, o.image, reader.info(), o.source, c);
  if (o.plan) {
    print_plan(o, reader.info(), plan, c);
    return plan.problem ? exit_code_for(plan.problem->code()) : exit_done;
  }
  if (plan.problem) return report_error(c, o.output, *plan.problem);
  const auto done = restore(o, reader, !plan.exists, c);
  if (done.has_error()) return report_error(c, o.output, done.assume_error());
  return tell(o, done.assume_value(), c);
}

}  // namespace

void add_restore(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("restore", "write an image back onto a device or into a file");
  const auto o = std::make_shared<restore_command_options>();
  verb->add_option("IMAGE", o->image, "VAULT::NAME, VAULT::NAME@N, VAULT::ID or a file")->required();
  verb->add_option("--to", o->target.path, "device, or file (made if it is missing)")->required();
  verb->add_option("--source-number", o->source, "which of the image's sources, from 0")
      ->check(whole_number(0, most_sources))
      ->capture_default_str();
  verb->add_flag("--plan", o->plan, "show what would be done, write nothing");
  verb->add_flag("--yes", o->target.yes, "overwrite an existing target without asking");
  verb->add_flag("--delta", o->job.delta, "read the target first, write only what differs");
  verb->add_flag("--write-zeros", o->job.write_zeros, "write zeros instead of releasing space");
  verb->add_flag("--verify", o->job.verify, "read everything back and compare");
  add_parent_places_option(*verb, o->parents);
  add_threads_option(*verb, o->job.threads);
  add_output_options(*verb, o->output);
  verb->footer(
      "Examples:\n"
      "  umbra restore /backup/vault::db1 --to /dev/vdc --plan\n"
      "  umbra restore /backup/vault::db1@1 --to yesterday.raw --verify\n"
      "Exit codes: 0 done, 1 failed, 2 usage, 3 finished with faults, 4 target in use, 5 cancelled, 6 damaged image.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_restore_command(*o, c); }; });
}

}  // namespace umbra::cli
