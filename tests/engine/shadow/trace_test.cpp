// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/trace.h"

#include <gtest/gtest.h>

namespace umbra::shadow {
namespace {

using side = trace_entry::side;

TEST(trace, says_who_did_what_and_how_it_ended) {
  EXPECT_EQ(to_string(trace_entry{side::writer, "PostgreSQL Writer", "freeze", "VSS_E_WRITERERROR_TIMEOUT (0x800423F2)"}),
            "writer PostgreSQL Writer: freeze: VSS_E_WRITERERROR_TIMEOUT (0x800423F2)");
  EXPECT_EQ(to_string(trace_entry{side::provider, "reflink", "commit_snapshots", ""}), "provider reflink: commit_snapshots");
  EXPECT_EQ(to_string(trace_entry{side::file_system, "/srv", "thaw", ""}), "file system /srv: thaw");
  EXPECT_EQ(to_string(trace_entry{side::requester, "", "do_snapshot_set", ""}), "requester: do_snapshot_set");
}

TEST(trace, is_one_line_whatever_a_writer_says) {
  const std::string outcome = "a\nb\r\tc\x1b[31md\x7f" + std::string(1, '\0') + "\xc3\xa9";
  EXPECT_EQ(to_string(trace_entry{side::writer, "W\n", "thaw", outcome}), "writer W : thaw: a b  c [31md  \xc3\xa9");
}

TEST(trace, an_unknown_side_is_called_so) {
  EXPECT_EQ(to_string(trace_entry{static_cast<side>(9), "", "thaw", ""}), "unknown: thaw");
}

}  // namespace
}  // namespace umbra::shadow
