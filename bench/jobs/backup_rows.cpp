// SPDX-License-Identifier: GPL-3.0-or-later
// Full images and incrementals. Jobs are timed from opening the disk to the commit.
#include <fmt/format.h>

#include "bench/jobs/rows.h"
#include "bench/support/stopwatch.h"
#include "formats/native/image_file.h"

namespace umbra::bench {
namespace {

constexpr double gib = 1 << 30;

writer_maker discarding(subject& s) {
  return [&s] { return native::create_discarding_image({}, *s.random); };
}

writer_maker to_file(subject& s, const std::string& path, image::image_reader* parent = nullptr) {
  return [&s, path, parent] {
    native::image_file_options options;
    options.parent = parent;
    return native::create_image_file(*s.files, path, options, *s.random);
  };
}

void say_what(const char* what, const backup_run& run) {
  const auto& r = run.report;
  say(
      fmt::format("  {}: {:.2f} s, {:.2f} s of processors ({:.2f} s to find what is used); new {:.2f} GiB, stored {:.2f} GiB, "
                  "duplicate {:.2f} GiB",
                  what, run.seconds, run.processor_seconds, run.layout_seconds, static_cast<double>(r.new_bytes) / gib,
                  static_cast<double>(r.new_stored_bytes) / gib, static_cast<double>(r.deduplicated_bytes) / gib));
}

// Every 100th block, in its middle.
std::vector<std::uint64_t> one_percent(const work_list& work) {
  std::vector<std::uint64_t> places;
  for (std::size_t i = 50; i < work.blocks.size(); i += 100) places.push_back(work.blocks[i].offset + work.blocks[i].size / 2);
  return places;
}

struct incremental {
  subject& s;
  const std::string& parent_path;
  std::vector<std::uint64_t> changed;

  // The parent is opened within the time, too.
  result<double> run() const {
    const auto path = s.file("next.umbra");
    s.remove(path);
    const stopwatch watch;
    TRY(const auto parent, native::open_image_file(*s.files, parent_path, {}));
    TRY(const auto run,
        take_backup(s, {.disk = s.how.disk, .parent = parent.get(), .changed = changed}, to_file(s, path, parent.get())));
    const auto seconds = watch.seconds();
    say_what("incremental", run);
    s.remove(path);
    return seconds;
  }
};

}  // namespace

result<void> full_rows(subject& s, bench_rows& rows) {
  paired_times unchecked;
  paired_times checked;
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    TRY(const auto floor, s.floor().pack());
    TRY(const auto plain, take_backup(s, {.disk = s.how.disk, .check = jobs::self_check::none}, discarding(s)));
    TRY(const auto sure, take_backup(s, {.disk = s.how.disk}, discarding(s)));
    unchecked.floor.push_back(floor.seconds);
    checked.floor.push_back(floor.seconds);
    unchecked.job.push_back(plain.seconds);
    checked.job.push_back(sure.seconds);
    say(fmt::format("  floor: {:.2f} s, {:.2f} s of processors, LZ4 leaves {:.2f} GiB", floor.seconds, floor.processor_seconds,
                    static_cast<double>(floor.stored_bytes) / gib));
    say_what("no self-check", plain);
    say_what("self-check of all", sure);
  }
  rows.push_back(rate_row("1", "full image, output discarded, --self-check none", s.work.bytes, unchecked, 0.85));
  rows.push_back(rate_row("2", "the same with the default self-check of every record", s.work.bytes, checked, 0.70));
  return success();
}

result<void> file_rows(subject& s, bench_rows& rows) {
  paired_times times;
  const auto floor_path = s.file("floor.bin");
  const auto image_path = s.file("full.umbra");
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    s.remove(floor_path);
    s.remove(image_path);
    const auto floor = s.floor().pack_to(floor_path);
    s.remove(floor_path);
    CHECK(floor);
    const auto run = take_backup(s, {.disk = s.how.disk}, to_file(s, image_path));
    s.remove(image_path);
    CHECK(run);
    times.floor.push_back(floor.assume_value().seconds);
    times.job.push_back(run.assume_value().seconds);
    say(fmt::format("  floor: {:.2f} s", times.floor.back()));
    say_what("full image to a file", run.assume_value());
  }
  bench_row row{"3",
                "full image to a file on the same disk, defaults",
                fmt::format("{:.2f} s", median(times.floor)),
                fmt::format("{:.2f} s", median(times.job)),
                {},
                "<= 1.15 x",
                {},
                times.ratios()};
  const auto slower = 1 / median(row.ratios);
  row.ratio = fmt::format("{:.2f} x", slower);
  row.reached = slower <= 1.15;
  rows.push_back(std::move(row));
  return success();
}

result<void> incremental_rows(subject& s, bench_rows& rows) {
  const auto parent_path = s.file("parent.umbra");
  s.remove(parent_path);
  CHECK(take_backup(s, {.disk = s.how.disk}, to_file(s, parent_path)));
  const incremental nothing{s, parent_path, {}};
  const incremental some{s, parent_path, one_percent(s.work)};
  paired_times unchanged;
  paired_times changed;
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    TRY(const auto floor, s.floor().scan());
    TRY(const auto without, nothing.run());
    TRY(const auto with, some.run());
    unchanged.floor.push_back(floor.seconds);
    changed.floor.push_back(floor.seconds);
    unchanged.job.push_back(without);
    changed.job.push_back(with);
    say(fmt::format("  floor: {:.2f} s", floor.seconds));
  }
  s.remove(parent_path);
  rows.push_back(rate_row("4", "incremental to a file, nothing changed, no change map", s.work.bytes, unchanged, 0.70));
  rows.push_back(rate_row("4b", "incremental to a file, 1 % of the blocks changed", s.work.bytes, changed, 0));
  return success();
}

}  // namespace umbra::bench
