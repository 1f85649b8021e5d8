// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/rows.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace umbra::bench {
namespace {

const char* verdict(const bench_row& r) { return !r.reached ? "" : *r.reached ? "yes" : "**no**"; }

std::string as_json(const std::vector<bench_row>& rows) {
  auto list = nlohmann::json::array();
  for (const auto& r : rows) {
    nlohmann::json one{{"row", r.number},  {"what", r.what}, {"floor", r.floor},  {"umbra", r.umbra},
                       {"ratio", r.ratio}, {"must", r.must}, {"ratios", r.ratios}};
    one["reached"] = r.reached ? nlohmann::json(*r.reached) : nlohmann::json();
    list.push_back(std::move(one));
  }
  return list.dump(2) + "\n";
}

std::string as_markdown(const std::vector<bench_row>& rows) {
  std::string text = "| row | job | floor | umbra | ratio | must reach | reached |\n|---|---|---|---|---|---|---|\n";
  for (const auto& r : rows) {
    text +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", r.number, r.what, r.floor, r.umbra, r.ratio, r.must, verdict(r));
  }
  return text;
}

std::string as_text(const std::vector<bench_row>& rows) {
  std::string text;
  for (const auto& r : rows) {
    text += fmt::format("{:<3} {:<58} {:>14} {:>14} {:>9} {:>10}  {}\n", r.number, r.what, r.floor, r.umbra, r.ratio, r.must,
                        !r.reached   ? ""
                        : *r.reached ? "reached"
                                     : "NOT REACHED");
  }
  return text;
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string render(const std::vector<bench_row>& rows, output_form form) {
  switch (form) {
    case output_form::json: return as_json(rows);
    case output_form::markdown: return as_markdown(rows);
    case output_form::text: break;
  }
  return as_text(rows);
}

}  // namespace umbra::bench
