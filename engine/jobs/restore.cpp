// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/restore.h"

#include <fmt/format.h>

#include "engine/flow/crew.h"
#include "engine/jobs/block_walk.h"
#include "engine/jobs/compare.h"
#include "engine/jobs/region_restorer.h"

namespace umbra::jobs {
namespace {

result<void> check_target(image::image_reader& image, std::size_t source, io::device& target) {
  const auto& sources = image.info().sources;
  if (source >= sources.size())
    return error(errc::usage, fmt::format("the image has {} sources, there is no number {}", sources.size(), source));
  const auto g = target.geometry();
  if (g.read_only) return error(errc::denied, target.name() + ": is read-only");
  if (g.size < sources[source].size) {
    return error(errc::geometry_mismatch,
                 fmt::format("{} is too small: {} bytes, the image needs {}", target.name(), g.size, sources[source].size));
  }
  return success();
}

void add_up(restore_report& total, const restore_report& part) {
  total.written_bytes += part.written_bytes;
  total.zeroed_bytes += part.zeroed_bytes;
  total.kept_bytes += part.kept_bytes;
  total.unreadable_bytes += part.unreadable_bytes;
  total.faults.add(part.faults);
}

result<void> read_back(image::image_reader& image, std::size_t source, io::device& target, const restore_options& options,
                       restore_report& report, flow::progress& progress, std::stop_token stop) {
  progress.done = 0;
  TRY(const auto compared, compare_with_device(image, source, target, options.write_zeros, options.threads, progress, stop));
  report.faults.add(compared.faults);
  report.verified = compared.faults.empty();
  return success();
}

}  // namespace

result<restore_report> run_restore(image::image_reader& image, std::size_t source, io::device& target,
                                   const restore_options& options, flow::progress& progress, std::stop_token stop) {
  CHECK(check_target(image, source, target));
  CHECK(image.check_packs());
  const auto threads = options.threads != 0 ? options.threads : flow::default_threads();
  std::vector<std::unique_ptr<region_restorer>> restorers;
  for (unsigned i = 0; i < threads; ++i) {
    TRY(auto r, region_restorer::make(image, source, target, options));
    restorers.push_back(std::move(r));
  }
  restore_report report;
  walk_visitor visitor;
  visitor.visit = [&](unsigned worker, const walk_item& item) { return restorers[worker]->take(item); };
  visitor.damaged = [&](unsigned worker, std::size_t, range where, const error& e) {
    return restorers[worker]->take_damaged(where, e);
  };
  progress.total = image.info().sources[source].size;
  progress.stage = "restoring";
  CHECK(walk_image(image, source, source + 1, threads, visitor, progress, stop));
  for (auto& r : restorers) {
    CHECK(r->finish());
    add_up(report, r->report());
  }
  progress.stage = "flushing";
  CHECK(target.flush());
  if (options.verify) CHECK(read_back(image, source, target, options, report, progress, stop));
  return report;
}

}  // namespace umbra::jobs
