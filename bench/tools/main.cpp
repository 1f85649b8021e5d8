// SPDX-License-Identifier: GPL-3.0-or-later
// umbra_bench_tool: see tools.h. `memory` prints two numbers, bytes: anonymous and resident.
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bench/tools/tools.h"

namespace umbra::bench {
namespace {

int tell(const result<void>& done) {
  if (done.has_value()) return 0;
  fmt::print(stderr, "umbra_bench_tool: {}\n", done.assume_error().message());
  return 1;
}

int tell(const result<memory_peak>& peak) {
  if (peak.has_error()) return tell(result<void>(peak.assume_error()));
  const auto& p = peak.assume_value();
  fmt::print("{} {}\n", p.anonymous, p.resident);
  return p.exit_code;
}

int run(int argc, char** argv) {
  std::vector<std::string> command;
  std::string path;
  std::uint64_t size = 0;
  std::uint64_t step = 0;
  std::uint64_t records = 0;
  CLI::App app("Helpers of bench/run.sh.");
  app.require_subcommand(1);
  auto* memory = app.add_subcommand("memory", "run a command and print its peak memory");
  memory->add_option("COMMAND", command)->required();
  memory->prefix_command();
  memory->positionals_at_end();
  auto* fill = app.add_subcommand("fill-vault", "make a vault with many contents");
  fill->add_option("FOLDER", path)->required();
  fill->add_option("RECORDS", records)->required();
  auto* spread = app.add_subcommand("spread", "make a sparse file with a page every STEP bytes");
  spread->add_option("FILE", path)->required();
  spread->add_option("SIZE", size)->required();
  spread->add_option("STEP", step)->required();
  CLI11_PARSE(app, argc, argv);
  if (*memory) return tell(watch_memory(command));
  if (*fill) return tell(fill_vault(path, records));
  return tell(spread_file(path, size, step));
}

}  // namespace
}  // namespace umbra::bench

int main(int argc, char** argv) { return umbra::bench::run(argc, argv); }
