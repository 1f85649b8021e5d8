// SPDX-License-Identifier: GPL-3.0-or-later
// umbra_job_bench DISK: whole jobs beside their floors, in one process and in turns, so that both meet the same machine.
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bench/jobs/rows.h"

namespace umbra::bench {
namespace {

struct job_group {
  const char* name;
  result<void> (*run)(subject&, bench_rows&);
};

constexpr job_group groups[] = {
    {"full", full_rows},     {"file", file_rows},   {"incremental", incremental_rows}, {"restore", restore_rows},
    {"verify", verify_rows}, {"dedup", dedup_rows}, {"memory", memory_rows},           {"open", open_rows},
};

result<bench_rows> measure(const settings& how, const std::vector<std::string>& only) {
  TRY(const auto s, subject::open(how));
  bench_rows rows;
  for (const auto& g : groups) {
    if (!only.empty() && std::ranges::find(only, g.name) == only.end()) continue;
    say(g.name);
    CHECK(within(g.name, g.run(*s, rows)));
  }
  return rows;
}

int run(int argc, char** argv) {
  settings how;
  std::vector<std::string> only;
  output_form form = output_form::text;
  const std::map<std::string, output_form> forms{
      {"text", output_form::text}, {"markdown", output_form::markdown}, {"json", output_form::json}};
  CLI::App app("Whole jobs beside their floors; docs/benchmarks.md explains the rows.");
  app.add_option("DISK", how.disk, "disk or image of one; it is only read")->required();
  app.add_option("--other-disk", how.other_disk, "the same files in another order, for row 7");
  app.add_option("--scratch", how.scratch, "folder for images and restored files, on the medium of DISK")->required();
  app.add_option("--threads", how.threads, "default: one a CPU");
  app.add_option("--rounds", how.rounds, "of floor and job in turns; the table has medians")->capture_default_str();
  app.add_option("--reads-in-flight", how.reads_in_flight, "of backup jobs; default: theirs");
  app.add_option("--umbra", how.umbra, "the program, for row 8");
  app.add_option("--spread-size", how.spread_size, "of the sparse source of row 8b, in bytes")->capture_default_str();
  app.add_option("--records", how.records, "in the vault's index of row 8c")->capture_default_str();
  app.add_option("--only", only, "groups: full file incremental restore verify dedup memory open")->delimiter(',');
  app.add_option("--output", form, "text, markdown or json")->transform(CLI::CheckedTransformer(forms));
  CLI11_PARSE(app, argc, argv);
  const auto rows = measure(how, only);
  if (rows.has_error()) {
    fmt::print(stderr, "umbra_job_bench: {}\n", rows.assume_error().message());
    return 1;
  }
  fmt::print("{}", render(rows.assume_value(), form));
  return 0;
}

}  // namespace
}  // namespace umbra::bench

int main(int argc, char** argv) { return umbra::bench::run(argc, argv); }
