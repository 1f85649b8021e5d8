// SPDX-License-Identifier: GPL-3.0-or-later
// The table of job benches: what was measured, beside what, and whether that is good enough.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace umbra::bench {

struct bench_row {
  std::string number;  // as in docs/benchmarks.md
  std::string what;
  std::string floor;  // "1520 MiB/s", "12.3 s", or what it is compared with
  std::string umbra;
  std::string ratio;            // "91.3 %"
  std::string must;             // ">= 85 %"; empty: nothing is asked
  std::optional<bool> reached;  // empty where nothing is asked
  std::vector<double> ratios;   // of the rounds
};

enum class output_form { text, markdown, json };

double median(std::vector<double> values);
std::string render(const std::vector<bench_row>& rows, output_form form);

}  // namespace umbra::bench
