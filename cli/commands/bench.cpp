// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <filesystem>
#include <limits>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/option_checks.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/size_text.h"
#include "cli/source_argument.h"
#include "engine/jobs/stage_bench.h"
#include "formats/native/image_file.h"
#include "formats/registry/allocation.h"

namespace umbra::cli {
namespace {

struct bench_command_options {
  std::string source;
  std::string codec = "lz4";
  std::string limit = "4G";
  std::string scratch;
  std::uint64_t seed = 1;
  jobs::stage_bench_options job;
  output_options output;
};

constexpr std::uint64_t made_up_size = 512ull << 20;
constexpr std::uint64_t least_limit = 1ull << 20;

result<jobs::stage_bench_report> bench(bench_command_options& o, context& c, flow::progress& progress) {
  TRY(o.job.codec, chosen_codec(o.codec, o.job.codec));
  TRY(o.job.read_limit, parse_size(o.limit));
  if (o.job.read_limit < least_limit) return error(errc::usage, fmt::format("--limit {}: less than 1M tells nothing", o.limit));
  std::unique_ptr<io::device> device;
  plan::allocation allocation;
  if (o.source.empty()) {
    device = jobs::make_bench_device(std::min(made_up_size, o.job.read_limit), o.seed);
  } else {
    TRY(const auto source, parse_source(o.source));
    TRY(device, open_source(source, {}));
    TRY(allocation, registry::allocation_of(*device, {}));
  }
  const auto folder = o.scratch.empty() ? std::filesystem::temp_directory_path().string() : o.scratch;
  std::uint64_t tag = 0;
  c.random->fill(byte_span(reinterpret_cast<std::byte*>(&tag), sizeof(tag)));
  const auto scratch = fmt::format("{}/umbra-bench-{:016x}", folder, tag);
  TRY(const auto writer, native::create_discarding_image({}, *c.random));
  return jobs::bench_stages(*device, o.source.empty() ? nullptr : &allocation, *writer, *c.files, scratch, o.job, progress,
                            c.stop);
}

int run_bench(bench_command_options& o, context& c) {
  flow::progress progress;
  progress_line line(c, {.json = false, .quiet = o.output.quiet || o.output.json}, progress);
  const auto done = bench(o, c, progress);
  line.finish();
  if (done.has_error()) return report_error(c, o.output, done.assume_error());
  const auto& report = done.assume_value();
  if (o.output.json) {
    auto stages = nlohmann::json::array();
    for (const auto& s : report.stages) {
      stages.push_back({{"stage", s.name},
                        {"bytes", s.bytes},
                        {"seconds", s.seconds},
                        {"bytes_per_second", s.bytes_per_second()},
                        {"cores", s.cores}});
    }
    print_json(c, {{"stages", stages},
                   {"stored_share", report.stored_share},
                   {"limiting", report.limiting},
                   {"explanation", report.explanation}});
    return exit_done;
  }
  *c.out << fmt::format("{:<10}  {:>14}  {:>6}\n", "STAGE", "RATE", "CORES");
  for (const auto& s : report.stages) {
    *c.out << fmt::format("{:<10}  {:>14}  {:>6.2f}\n", s.name, rate_text(s.bytes, s.seconds), s.cores);
  }
  *c.out << report.explanation << '\n';
  return exit_done;
}

}  // namespace

void add_bench(CLI::App& app, chosen_command& chosen) {
  auto* verb = app.add_subcommand("bench", "measure each stage of a backup and name the one that limits it");
  const auto o = std::make_shared<bench_command_options>();
  verb->add_option("SOURCE", o->source, "device, file or nbd:// URI to read; default: data made from a seed, in memory");
  verb->add_option("--limit", o->limit, "go through at most this much")->check(size_value())->capture_default_str();
  verb->add_option("--scratch", o->scratch, "folder for the write stage's file (1 GiB at most); default: the system's")
      ->type_name("FOLDER");
  verb->add_option("--seed", o->seed, "of the made-up data")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  add_codec_options(*verb, o->codec, o->job.codec);
  add_threads_option(*verb, o->job.threads);
  add_output_options(*verb, o->output);
  verb->footer(
      "Nothing is written to SOURCE. Example: umbra bench /dev/vdb\nExit codes: 0 done, 1 failed, 2 usage, 5 cancelled.");
  verb->callback([o, &chosen] { chosen = [o](context& c) { return run_bench(*o, c); }; });
}

}  // namespace umbra::cli
