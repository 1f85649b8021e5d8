// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of docs/benchmarks.md, each a function that measures and appends.
#pragma once

#include <vector>

#include "bench/jobs/subject.h"

namespace umbra::bench {

using bench_rows = std::vector<bench_row>;

result<void> full_rows(subject& s, bench_rows& rows);         // 1, 2
result<void> file_rows(subject& s, bench_rows& rows);         // 3
result<void> incremental_rows(subject& s, bench_rows& rows);  // 4
result<void> restore_rows(subject& s, bench_rows& rows);      // 5
result<void> verify_rows(subject& s, bench_rows& rows);       // 6
result<void> dedup_rows(subject& s, bench_rows& rows);        // 7; nothing without a second disk
result<void> memory_rows(subject& s, bench_rows& rows);       // 8; nothing without the program
result<void> open_rows(subject& s, bench_rows& rows);         // 9

}  // namespace umbra::bench
