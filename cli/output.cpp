// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/output.h"

#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/exit_code.h"

namespace umbra::cli {

void add_output_options(CLI::App& verb, output_options& options) {
  verb.add_flag("--json", options.json, "JSON on standard output: one document a line")->group("Output");
  verb.add_flag("-q,--quiet", options.quiet, "no progress, no summary, no warnings; errors only")->group("Output");
}

int report_error(context& c, const output_options& options, const error& e) {
  *c.err << "umbra: " << printable(e.message()) << '\n';
  if (options.json) print_json(c, {{"event", "error"}, {"error", error_name(e.code())}, {"message", e.message()}});
  return exit_code_for(e.code());
}

void warn(context& c, const output_options& options, const std::string& text) {
  if (!options.quiet) *c.err << "umbra: warning: " << printable(text) << '\n';
}

void print_json(context& c, const nlohmann::json& document) {
  *c.out << document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

const char* fault_name(jobs::fault::kind what) noexcept {
  switch (what) {
    case jobs::fault::kind::unreadable: return "unreadable";
    case jobs::fault::kind::audit: return "audit";
    case jobs::fault::kind::codec: return "codec";
    case jobs::fault::kind::damaged: return "damaged";
    case jobs::fault::kind::mismatch: return "mismatch";
  }
  return "unknown";
}

nlohmann::json to_json(const jobs::fault_list& faults) {
  auto list = nlohmann::json::array();
  for (const auto& f : faults.faults()) {
    list.push_back(
        {{"kind", fault_name(f.what)}, {"source", f.source}, {"offset", f.offset}, {"size", f.size}, {"text", f.text}});
  }
  return {{"count", faults.count()}, {"bytes", faults.bytes()}, {"listed", list}};
}

void print_faults(context& c, const jobs::fault_list& faults) {
  constexpr std::size_t shown = 20;
  std::size_t n = 0;
  for (const auto& f : faults.faults()) {
    if (n++ == shown) break;
    const auto place = f.size > 0 ? fmt::format(" (source {}, {} bytes at {})", f.source, f.size, f.offset) : std::string();
    *c.err << "umbra: " << fault_name(f.what) << ": " << printable(f.text) << place << '\n';
  }
  if (faults.count() > shown) *c.err << "umbra: … and " << faults.count() - shown << " more\n";
}

}  // namespace umbra::cli
