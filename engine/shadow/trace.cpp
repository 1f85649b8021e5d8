// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/trace.h"

#include <algorithm>
#include <string_view>

namespace umbra::shadow {
namespace {

std::string_view name_of(trace_entry::side side) {
  switch (side) {
    case trace_entry::side::requester: return "requester";
    case trace_entry::side::writer: return "writer";
    case trace_entry::side::provider: return "provider";
    case trace_entry::side::file_system: return "file system";
  }
  return "unknown";
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

}  // namespace

std::string to_string(const trace_entry& entry) {
  std::string line(name_of(entry.who));
  if (!entry.name.empty()) line += ' ' + entry.name;
  line += ": " + entry.what;
  if (!entry.outcome.empty()) line += ": " + entry.outcome;
  std::ranges::replace_if(line, is_control, ' ');
  return line;
}

}  // namespace umbra::shadow
