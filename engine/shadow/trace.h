// SPDX-License-Identifier: GPL-3.0-or-later
// What a session did, step by step: for people who look for a fault, and for tests that compare the order with the documented
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace umbra::shadow {

struct trace_entry {
  enum class side : std::uint8_t { requester, writer, provider, file_system };
  side who = side::requester;
  std::string name;     // of the writer or provider; the file system's mount point
  std::string what;     // the call: "freeze", "commit_snapshots"
  std::string outcome;  // empty: success; else the error's line
};

// Called from the thread that did it; not between freeze and thaw of file systems, when nothing may write: those entries come
// after.
using trace_sink = std::function<void(const trace_entry&)>;

// "writer PostgreSQL Writer: freeze: VSS_E_WRITERERROR_TIMEOUT (0x800423F2)". One line, whatever its parts hold: control
// characters become spaces.
std::string to_string(const trace_entry& entry);

}  // namespace umbra::shadow
