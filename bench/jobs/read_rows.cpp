// SPDX-License-Identifier: GPL-3.0-or-later
// Restore and deep verification.
#include <filesystem>

#include <fmt/format.h>

#include "bench/jobs/rows.h"
#include "bench/support/stopwatch.h"
#include "engine/base/buffer.h"
#include "engine/io/file_device.h"
#include "engine/jobs/restore.h"
#include "formats/native/image_file.h"
#include "formats/native/verify.h"

namespace umbra::bench {
namespace {

constexpr std::uint64_t sample_size = std::uint64_t{256} << 20;

result<std::unique_ptr<image::image_reader>> make_image(subject& s, const std::string& path) {
  s.remove(path);
  CHECK(take_backup(s, {.disk = s.how.disk}, [&] { return native::create_image_file(*s.files, path, {}, *s.random); }));
  return native::open_image_file(*s.files, path, {});
}

struct restore_run {
  double seconds = 0;
  std::uint64_t written = 0;
};

result<restore_run> restore(subject& s, const std::string& image_path, const std::string& target_path) {
  const stopwatch watch;
  TRY(const auto image, native::open_image_file(*s.files, image_path, {}));
  io::open_options how;
  how.mode = io::open_options::access::create;
  how.size = image->info().sources[0].size;
  TRY(const auto target, io::open_device(target_path, how));
  jobs::restore_options options;
  options.threads = s.how.threads;
  flow::progress progress;
  TRY(const auto report, jobs::run_restore(*image, 0, *target, options, progress, {}));
  if (!report.faults.empty()) return error(errc::damaged, "restore: " + report.faults.faults()[0].text);
  return restore_run{watch.seconds(), report.written_bytes};
}

// Bytes of the disk from where it is full.
result<buffer> sample_of(subject& s) {
  std::uint64_t wanted = std::min(sample_size / 4, s.work.bytes);
  buffer sample(wanted);
  std::uint64_t at = 0;
  for (const auto& c : s.work.chunks) {
    const auto size = std::min(c.where.size, wanted - at);
    CHECK(s.device->read(c.where.offset, sample.span().subspan(at, size)));
    at += size;
    if (at == wanted) break;
  }
  return sample;
}

result<double> check(const stopwatch& watch, const result<native::verify_report>& done) {
  CHECK(done);
  const auto& faults = done.assume_value().faults;
  if (!faults.empty()) return error(errc::damaged, "verify: " + faults.faults()[0].text);
  return watch.seconds();
}

}  // namespace

result<void> restore_rows(subject& s, bench_rows& rows) {
  const auto image_path = s.file("full.umbra");
  const auto target = s.file("restored.raw");
  TRY(const auto image, make_image(s, image_path));
  const auto bytes = image->info().sources[0].stored_bytes;
  TRY(const auto sample, sample_of(s));
  paired_times times;
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    s.remove(target);
    const auto floor = write_floor(target, sample.view(), bytes);
    s.remove(target);
    CHECK(floor);
    const auto run = restore(s, image_path, target);
    s.remove(target);
    CHECK(run);
    times.floor.push_back(floor.assume_value().seconds);
    times.job.push_back(run.assume_value().seconds);
    say(fmt::format("  floor: {:.2f} s, restore: {:.2f} s", times.floor.back(), times.job.back()));
  }
  s.remove(image_path);
  rows.push_back(rate_row("5", "restore to a new file", bytes, times, 0.85));
  return success();
}

result<void> verify_rows(subject& s, bench_rows& rows) {
  const auto image_path = s.file("full.umbra");
  TRY(const auto image, make_image(s, image_path));
  TRY(const auto home, scratch_vault::make(s, "vault"));
  CHECK(take_backup(s, {.disk = s.how.disk}, [&] { return home->new_image("disk"); }));
  const auto bytes = image->info().sources[0].stored_bytes;
  TRY(const auto sample, make_packed_sample(*s.device, s.work, sample_size));
  const native::verify_options options{true, s.how.threads};
  // Once for the page cache: what was just written past it is not there.
  flow::progress ignored;
  CHECK(native::verify_vault(home->vault(), {false, s.how.threads}, ignored, {}));
  CHECK(native::verify_image(*image, {false, s.how.threads}, ignored, {}));
  paired_times of_vault;
  paired_times of_file;
  for (unsigned round = 0; round < s.how.rounds; ++round) {
    const auto floor = unpack_floor(sample, s.keys, bytes, s.how.threads).seconds;
    flow::progress progress;
    const stopwatch first;
    TRY(const auto vault_seconds, check(first, native::verify_vault(home->vault(), options, progress, {})));
    const stopwatch second;
    TRY(const auto file_seconds, check(second, native::verify_image(*image, options, progress, {})));
    of_vault.floor.push_back(floor);
    of_file.floor.push_back(floor);
    of_vault.job.push_back(vault_seconds);
    of_file.job.push_back(file_seconds);
    say(fmt::format("  floor: {:.2f} s, vault: {:.2f} s, file: {:.2f} s", floor, vault_seconds, file_seconds));
  }
  s.remove(image_path);
  rows.push_back(rate_row("6", "verify --deep of a vault", bytes, of_vault, 0.80));
  rows.push_back(rate_row("6b", "verify --deep of a single file", bytes, of_file, 0.80));
  return success();
}

}  // namespace umbra::bench
