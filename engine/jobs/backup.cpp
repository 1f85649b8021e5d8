// SPDX-License-Identifier: GPL-3.0-or-later
// The path of a block: plan, take a buffer, read, handle, bring into order, append, commit. Each worker keeps several units in
// flight on its own queue and handles them oldest first; whoever finishes the next unit in line feeds the image builder. The
// buffers are the only limit there is: a unit holds its buffer from planning until its records are appended. Regions with reads
// that failed wait until everything else is stored; then they are read again (rescue.h).
#include "engine/jobs/backup.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/flow/crew.h"
#include "engine/flow/depth_control.h"
#include "engine/flow/sequencer.h"
#include "engine/jobs/backup_metadata.h"
#include "engine/jobs/backup_planner.h"
#include "engine/jobs/image_builder.h"
#include "engine/jobs/rescue.h"
#include "engine/jobs/unit_worker.h"

namespace umbra::jobs {
namespace {

// A thread's unit and the records that it makes of it should stay in the processor's cache together; where nearly everything is
// unchanged there are no records.
constexpr std::uint64_t unit_of_full = 512_KiB;
constexpr std::uint64_t unit_of_incremental = 1_MiB;
constexpr std::uint64_t read_slack = 64_KiB;  // alignment of reads at both ends

std::uint64_t read_capacity_for(std::uint32_t block_size, bool incremental) {
  return std::max<std::uint64_t>(incremental ? unit_of_incremental : unit_of_full, block_size) + read_slack;
}

result<void> check_sources(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent) {
  if (sources.empty()) return error(errc::usage, "a backup needs at least one source");
  if (parent == nullptr) return success();
  if (parent->info().domain != writer.keys().id) {
    return error(errc::geometry_mismatch, "the parent image belongs to another vault or chain");
  }
  const auto& parents = parent->info().sources;
  if (parents.size() != sources.size()) {
    return error(errc::geometry_mismatch,
                 fmt::format("the parent image has {} sources, this backup {}", parents.size(), sources.size()));
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto size = sources[i].device->geometry().size;
    if (parents[i].size == size) continue;
    return error(errc::geometry_mismatch,
                 fmt::format("{} has {} bytes, in the parent image it has {}", sources[i].label, size, parents[i].size));
  }
  return success();
}

class backup_job {
 public:
  backup_job(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent,
             const backup_options& options, flow::progress& progress)
      : sources_(sources),
        writer_(writer),
        options_(options),
        threads_(options.threads != 0 ? options.threads : flow::default_threads()),
        read_capacity_(read_capacity_for(writer.keys().block_size, parent != nullptr)),
        planner_(sources, parent, writer.keys().block_size, read_capacity_),
        pool_(buffer_count(), 2 * read_capacity_),
        builder_(sources, writer, parent, report_, progress),
        rescuer_(sources, writer, options, read_capacity_),
        sequencer_([this](handled_unit u) { return take(std::move(u)); }) {}

  result<backup_report> run(const image::commit_request& request, flow::progress& progress, std::stop_token stop) {
    progress.total = total_size();
    progress.stage = "backing up";
    stop_ = stop;
    CHECK(flow::run_crew(threads_, stop, [this](unsigned, std::stop_token halt) { return work(halt); }));
    if (stop.stop_requested()) return error(errc::cancelled, "backup");
    if (builder_.held_bytes() > 0) progress.stage = "reading again what failed";
    CHECK(rescue());
    CHECK(builder_.finish());
    if (options_.before_commit) CHECK(options_.before_commit());
    progress.stage = "committing";
    TRY(report_.image, writer_.commit({request.created, complete_metadata(request.metadata, report_)}));
    return std::move(report_);
  }

 private:
  // Units in flight of one thread, each with its own queue a source.
  struct pipeline {
    flow::depth_control ahead;
    std::deque<std::unique_ptr<unit>> units;
    std::vector<std::unique_ptr<io::transfer_queue>> queues;
  };

  // Called in order of the units, by one thread at a time.
  result<void> take(handled_unit u) {
    CHECK(builder_.take(std::move(u)));
    return builder_.held_bytes() > options_.rescue.held_memory ? rescue() : success();
  }

  result<void> rescue() {
    auto held = builder_.give_held();
    if (held.empty()) return success();
    CHECK(writer_.secure());
    CHECK(rescuer_.run(
        held, [this](held_region& r, handled_unit u) { return builder_.take_rescued(r, std::move(u)); }, stop_));
    for (auto& r : held) CHECK(builder_.close(std::move(r)));
    return success();
  }

  std::size_t buffer_count() const {
    // Fewer than two a thread and the reading would stop while a thread works.
    return std::max<std::size_t>(options_.memory / (2 * read_capacity_), 2 * std::size_t{threads_});
  }

  std::uint64_t total_size() const {
    std::uint64_t total = 0;
    for (const auto& s : sources_) total += s.device->geometry().size;
    return total;
  }

  unsigned units_in_flight() const { return std::max(1u, options_.reads_in_flight / threads_); }

  result<void> work(std::stop_token stop) {
    TRY(const auto worker, unit_worker::make(sources_, writer_, options_));
    pipeline p{.ahead = {1, units_in_flight()}, .units = {}, .queues = {}};
    for (const auto& s : sources_) {
      TRY(auto queue, s.device->open_queue(std::max(8u, units_in_flight() * 2)));
      p.queues.push_back(std::move(queue));
    }
    auto done = run_pipeline(*worker, p, stop);
    // Buffers must not go while the kernel still fills them.
    for (auto& q : p.queues) {
      while (q->in_flight() > 0) q->wait();
    }
    return done;
  }

  result<void> run_pipeline(unit_worker& worker, pipeline& p, std::stop_token stop) {
    while (!stop.stop_requested()) {
      CHECK(fill(p, stop));
      if (p.units.empty()) return success();
      auto u = std::move(p.units.front());
      // The unit stays at a fixed address until its transfers are back.
      auto& queue = *p.queues[u->source];
      bool waited = false;
      while (u->reads_pending > 0) {
        waited = waited || !queue.has_finished();
        settle(queue);
      }
      if (!u->reads.empty()) p.ahead.came(waited);
      p.units.pop_front();
      const auto sequence = u->sequence;
      TRY(auto handled, worker.handle(std::move(*u)));
      CHECK(sequencer_.deliver(sequence, std::move(handled)));
    }
    return error(errc::cancelled, "backup");
  }

  // Plans and starts units until enough are in flight. Waits for a buffer only when this thread holds none, and never while it
  // holds the planner: so the oldest unit can always go on.
  result<void> fill(pipeline& p, std::stop_token stop) {
    while (p.units.size() < p.ahead.depth()) {
      auto memory = p.units.empty() ? pool_.take(stop) : pool_.try_take();
      if (!memory) return success();
      std::unique_lock lock(planner_mutex_);
      TRY(auto planned, planner_.next());
      lock.unlock();
      if (!planned) return success();
      auto u = std::make_unique<unit>(std::move(*planned));
      u->memory = std::move(memory);
      start_reads(*u, *p.queues[u->source]);
      p.units.push_back(std::move(u));
    }
    return success();
  }

  static void start_reads(unit& u, io::transfer_queue& queue) {
    for (auto& r : u.reads) {
      r.transfer.memory = u.memory.span().subspan(r.buffer_offset, r.size);
      r.transfer.owner = &u;
      while (queue.in_flight() >= queue.depth()) settle(queue);
      queue.submit(r.transfer);
      ++u.reads_pending;
    }
  }

  static void settle(io::transfer_queue& queue) { --static_cast<unit*>(queue.wait().owner)->reads_pending; }

  // set before start
  std::span<const backup_source> sources_;
  image::image_writer& writer_;
  const backup_options& options_;
  unsigned threads_;
  std::uint64_t read_capacity_;  // of a unit's buffer; as much again is for its records
  std::stop_token stop_;
  // guarded by planner_mutex_
  std::mutex planner_mutex_;
  backup_planner planner_;
  // their own locks
  flow::buffer_pool pool_;
  // used by the sequencer's consumer only
  backup_report report_;
  image_builder builder_;
  rescuer rescuer_;
  flow::sequencer<handled_unit> sequencer_;
};

}  // namespace

result<backup_report> run_backup(std::span<const backup_source> sources, image::image_writer& writer, image::image_reader* parent,
                                 const backup_options& options, const image::commit_request& request, flow::progress& progress,
                                 std::stop_token stop) {
  auto done = [&]() -> result<backup_report> {
    CHECK(codec::validate(options.codec));
    CHECK(check_sources(sources, writer, parent));
    return backup_job(sources, writer, parent, options, progress).run(request, progress, stop);
  }();
  if (done.has_error()) writer.abandon();
  return done;
}

}  // namespace umbra::jobs
