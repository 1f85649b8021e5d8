// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/jobs/subject.h"

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "bench/support/changed_device.h"
#include "bench/support/stopwatch.h"
#include "engine/flow/crew.h"
#include "engine/io/file_device.h"
#include "formats/registry/allocation.h"

namespace umbra::bench {
namespace {

// A scan is a read of all; the second one shows whether the cache holds it.
result<void> warm_up(const subject& s) {
  TRY(const auto first, s.floor().scan());
  TRY(const auto second, s.floor().scan());
  say(fmt::format("{}: {:.2f} GiB in {} blocks; scanned at {}, then at {}", s.how.disk,
                  static_cast<double>(s.work.bytes) / (1 << 30), s.work.blocks.size(), rate_text(s.work.bytes, first.seconds),
                  rate_text(s.work.bytes, second.seconds)));
  return success();
}

}  // namespace

void say(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

result<std::unique_ptr<subject>> subject::open(settings how) {
  auto s = std::make_unique<subject>();
  s->how = std::move(how);
  if (s->how.threads == 0) s->how.threads = flow::default_threads();
  s->files = store::system_file_system();
  s->random = system_random();
  s->keys = {s->random->make<image::domain_id>(), s->random->make<content_key>(), s->random->make<change_secret>(), 64 << 10};
  TRY(s->device, io::open_device(s->how.disk, {}));
  TRY(s->allocation, registry::allocation_of(*s->device, {}));
  TRY(s->work, make_work_list(*s->device, s->allocation, s->keys.block_size));
  CHECK(warm_up(*s));
  return s;
}

result<backup_run> take_backup(const subject& s, const backup_wish& wish, const writer_maker& make_writer) {
  backup_run run;
  const stopwatch watch;
  TRY(auto device, io::open_device(wish.disk, {}));
  TRY(const auto allocation, registry::allocation_of(*device, {.cuts_on_files = wish.cuts_on_files}));
  run.layout_seconds = watch.seconds();
  TRY(const auto writer, make_writer());
  const auto changed = make_changed_device(*device, wish.changed);
  const jobs::backup_source source{wish.changed.empty() ? device.get() : changed.get(), &allocation, {}, wish.disk};
  jobs::backup_options options;
  options.threads = s.how.threads;
  options.check = wish.check;
  if (s.how.reads_in_flight != 0) options.reads_in_flight = s.how.reads_in_flight;
  flow::progress progress;
  TRY(run.report, jobs::run_backup({&source, 1}, *writer, wish.parent, options, {0, "{}"}, progress, {}));
  run.seconds = watch.seconds();
  run.processor_seconds = watch.processor_seconds();
  return run;
}

result<std::unique_ptr<scratch_vault>> scratch_vault::make(subject& s, const char* name) {
  std::unique_ptr<scratch_vault> v(new scratch_vault(s, s.file(name)));
  std::error_code ignored;
  std::filesystem::remove_all(v->folder_, ignored);
  CHECK(s.files->make_directory(v->folder_));
  v->store_ = store::make_local_store(*s.files, v->folder_);
  CHECK(native::vault::create(*v->store_, s.keys.block_size, *s.random));
  TRY(v->vault_, native::vault::open(*v->store_, native::intent::add));
  return v;
}

scratch_vault::~scratch_vault() {
  vault_.reset();
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

result<std::unique_ptr<image::image_writer>> scratch_vault::new_image(const std::string& name,
                                                                      std::optional<image::session_id> parent) {
  native::new_image_options options;
  options.name = name;
  options.parent = parent;
  options.begin_note = std::string("{}");
  return vault_->new_image(options, *subject_.random);
}

std::vector<double> paired_times::ratios() const {
  std::vector<double> all;
  for (std::size_t i = 0; i < floor.size(); ++i) all.push_back(floor[i] / job[i]);
  return all;
}

std::string rate_text(std::uint64_t bytes, double seconds) {
  return fmt::format("{:.0f} MiB/s", static_cast<double>(bytes) / (1 << 20) / seconds);
}

std::string percent_text(double share) { return fmt::format("{:.1f} %", share * 100); }

bench_row rate_row(const char* number, std::string what, std::uint64_t bytes, const paired_times& times, double least) {
  bench_row row{number, std::move(what), rate_text(bytes, median(times.floor)), rate_text(bytes, median(times.job)), {}, {},
                {},     times.ratios()};
  const auto ratio = median(row.ratios);
  row.ratio = percent_text(ratio);
  if (least > 0) {
    row.must = fmt::format(">= {:.0f} %", least * 100);
    row.reached = ratio >= least;
  }
  return row;
}

}  // namespace umbra::bench
