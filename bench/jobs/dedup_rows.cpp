// SPDX-License-Identifier: GPL-3.0-or-later
// Two machines with the same files in other places: how much of the second is found in the first, and what the cuts that make it
// so cost.
#include <fmt/format.h>

#include "bench/jobs/rows.h"
#include "formats/native/image_file.h"

namespace umbra::bench {
namespace {

struct found_share {
  double share = 0;
  double added = 0;  // stored bytes of the second, as a share of the first's
};

result<found_share> found_in_first(subject& s, bool cuts_on_files) {
  TRY(const auto home, scratch_vault::make(s, "vault"));
  TRY(const auto first,
      take_backup(s, {.disk = s.how.disk, .cuts_on_files = cuts_on_files}, [&] { return home->new_image("first"); }));
  TRY(const auto second,
      take_backup(s, {.disk = s.how.other_disk, .cuts_on_files = cuts_on_files}, [&] { return home->new_image("second"); }));
  const auto found = static_cast<double>(second.report.deduplicated_bytes);
  const auto fresh = static_cast<double>(second.report.new_bytes);
  say(fmt::format("  cuts on {}: {:.2f} s, then {:.2f} s; of the second, {:.0f} MiB found, {:.0f} MiB new",
                  cuts_on_files ? "files" : "the grid", first.seconds, second.seconds, found / (1 << 20), fresh / (1 << 20)));
  return found_share{found / (found + fresh),
                     static_cast<double>(second.report.new_stored_bytes) / static_cast<double>(first.report.new_stored_bytes)};
}

std::string share_text(const found_share& f) { return fmt::format("{} (+{})", percent_text(f.share), percent_text(f.added)); }

}  // namespace

result<void> dedup_rows(subject& s, bench_rows& rows) {
  if (s.how.other_disk.empty()) return success();
  TRY(const auto grid, found_in_first(s, false));
  TRY(const auto files, found_in_first(s, true));
  bench_row share{"7",
                  "found in another machine's image, 64 KiB blocks (floor: --cuts grid)",
                  share_text(grid),
                  share_text(files),
                  percent_text(files.share),
                  ">= 90 %",
                  files.share >= 0.90,
                  {files.share}};
  rows.push_back(std::move(share));

  paired_times times;
  const auto discard = [&] { return native::create_discarding_image({}, *s.random); };
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    TRY(const auto on_grid, take_backup(s, {.disk = s.how.disk, .cuts_on_files = false}, discard));
    TRY(const auto on_files, take_backup(s, {.disk = s.how.disk}, discard));
    times.floor.push_back(on_grid.seconds);
    times.job.push_back(on_files.seconds);
    say(fmt::format("  full image, cuts on the grid: {:.2f} s, on files: {:.2f} s", on_grid.seconds, on_files.seconds));
  }
  rows.push_back(rate_row("7b", "full image, output discarded (floor: --cuts grid)", s.work.bytes, times, 0.90));
  return success();
}

}  // namespace umbra::bench
