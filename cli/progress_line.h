// SPDX-License-Identifier: GPL-3.0-or-later
// Shows a job's counters while it runs: one line that is rewritten on a terminal, JSON events with --json, nothing otherwise.
#pragma once

#include <chrono>
#include <thread>

#include "cli/context.h"
#include "cli/output.h"
#include "engine/flow/progress.h"

namespace umbra::cli {

class progress_line {
 public:
  // `progress` must outlive it.
  progress_line(context& c, const output_options& options, const flow::progress& progress);
  ~progress_line();
  // Ends it; the line is gone from the terminal. Seconds since the start.
  double finish();

 private:
  void run(std::stop_token over);
  void show(double seconds);
  void tell(double seconds);

  context& c_;
  output_options options_;
  const flow::progress& progress_;
  std::chrono::steady_clock::time_point start_;
  std::jthread thread_;
};

}  // namespace umbra::cli
