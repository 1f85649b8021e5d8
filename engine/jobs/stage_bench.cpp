// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/stage_bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/block/hash.h"
#include "engine/block/zero.h"
#include "engine/flow/crew.h"
#include "engine/io/window_device.h"
#include "engine/jobs/backup.h"

namespace umbra::jobs {
namespace {

constexpr std::uint64_t read_size = 1_MiB;
constexpr double least_seconds = 0.5;

class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  // std::clock counts the whole process.
  double cores() const { return static_cast<double>(std::clock() - cpu_) / CLOCKS_PER_SEC / std::max(seconds(), 1e-9); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::clock_t cpu_ = std::clock();
};

// The ranges to read, in aligned pieces of a mebibyte, up to a limit.
range_list pieces_of(const range_list& used, std::uint64_t limit, const io::device_geometry& geometry) {
  const auto unit = std::max<std::uint64_t>(1, geometry.alignment);
  range_list pieces;
  std::uint64_t total = 0;
  for (const auto& r : used) {
    const auto end = std::min(geometry.size, div_up(r.end(), unit) * unit);
    for (auto at = r.offset / unit * unit; at < end && total < limit; at += read_size) {
      const auto size = std::min(read_size, end - at);
      pieces.push_back({at, size});
      total += size;
    }
  }
  return pieces;
}

class bench {
 public:
  bench(io::device& source, const plan::allocation* allocation, const stage_bench_options& options, flow::progress& progress,
        std::stop_token stop)
      : source_(source),
        allocation_(allocation),
        options_(options),
        threads_(options.threads != 0 ? options.threads : flow::default_threads()),
        progress_(progress),
        stop_(stop) {}

  result<void> read() {
    progress_.stage = "reading";
    const range_list all{{0, source_.geometry().size}};
    const auto pieces = pieces_of(allocation_ != nullptr ? allocation_->used : all, options_.read_limit, source_.geometry());
    std::atomic<std::size_t> next{0};
    std::atomic<std::uint64_t> bytes{0};
    const stopwatch watch;
    CHECK(
        flow::run_crew(threads_, stop_, [&](unsigned, std::stop_token halt) { return read_pieces(pieces, next, bytes, halt); }));
    add("read", bytes, watch);
    return take_sample(pieces);
  }

  // Runs `stage(block)` over the sample again and again, on all threads, each on its share.
  template <class Make>
  result<void> stage(const char* name, Make make) {
    progress_.stage = name;
    std::atomic<std::uint64_t> bytes{0};
    const stopwatch watch;
    CHECK(flow::run_crew(threads_, stop_, [&](unsigned worker, std::stop_token halt) -> result<void> {
      TRY(auto work, make());
      std::uint64_t mine = 0;
      do {
        for (auto at = worker * std::uint64_t{options_.block_size}; at < sample_.size();
             at += std::uint64_t{threads_} * options_.block_size) {
          const auto size = std::min<std::uint64_t>(options_.block_size, sample_.size() - at);
          work(sample_.view().subspan(at, size));
          mine += size;
        }
      } while (watch.seconds() < least_seconds && !halt.stop_requested());
      bytes += mine;
      return success();
    }));
    if (stop_.stop_requested()) return error(errc::cancelled, "bench");
    add(name, bytes, watch);
    return success();
  }

  result<void> write(store::file_system& files, const std::string& path) {
    progress_.stage = "writing";
    const stopwatch watch;
    auto written = write_file(files, path);
    (void)files.remove(path).has_error();
    TRY(const auto bytes, std::move(written));
    add("write", bytes, watch);
    return success();
  }

  result<void> pipeline(image::image_writer& writer) {
    progress_.stage = "pipeline";
    TRY(const auto window, io::make_window(source_, {0, pipeline_size()}));
    backup_options options;
    options.threads = threads_;
    options.codec = options_.codec;
    const backup_source one{window.get(), allocation_, {}, source_.name()};
    const stopwatch watch;
    TRY(const auto done, run_backup({&one, 1}, writer, nullptr, options, {0, "{}"}, progress_, stop_));
    add("pipeline", done.bytes_read, watch);
    return success();
  }

  stage_bench_report finish(double stored_share) {
    report_.stored_share = stored_share;
    explain();
    return std::move(report_);
  }

  byte_view sample() const { return sample_.view(); }

 private:
  result<void> read_pieces(const range_list& pieces, std::atomic<std::size_t>& next, std::atomic<std::uint64_t>& bytes,
                           std::stop_token halt) {
    constexpr unsigned depth = 8;
    struct slot {
      buffer memory{read_size};
      io::transfer transfer;
    };
    std::vector<std::unique_ptr<slot>> slots;
    TRY(const auto queue, source_.open_queue(depth));
    const auto start = [&](slot& s) {
      const auto i = next++;
      if (i >= pieces.size() || halt.stop_requested()) return;
      s.transfer = {io::transfer::direction::read, pieces[i].offset, s.memory.span().first(pieces[i].size), &s, success()};
      queue->submit(s.transfer);
    };
    for (unsigned i = 0; i < depth; ++i) {
      slots.push_back(std::make_unique<slot>());
      start(*slots.back());
    }
    result<void> outcome = success();
    while (queue->in_flight() > 0) {
      auto& t = queue->wait();
      if (t.outcome.has_error() && outcome.has_value()) outcome = std::move(t.outcome);
      bytes += t.memory.size();
      if (outcome.has_value()) start(*static_cast<slot*>(t.owner));
    }
    return outcome;
  }

  // Pieces from all over what was read.
  result<void> take_sample(const range_list& pieces) {
    const auto wanted = std::max<std::uint64_t>(1, options_.sample / read_size);
    const auto step = std::max<std::size_t>(1, pieces.size() / wanted);
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < pieces.size() && size < options_.sample; i += step) size += pieces[i].size;
    sample_ = buffer(size);
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < pieces.size() && at < size; i += step) {
      CHECK(source_.read(pieces[i].offset, sample_.span().subspan(at, pieces[i].size)));
      at += pieces[i].size;
    }
    return success();
  }

  result<std::uint64_t> write_file(store::file_system& files, const std::string& path) {
    const auto target = std::min<std::uint64_t>(1_GiB, options_.read_limit);
    TRY(const auto file, files.create(path));
    std::uint64_t bytes = 0;
    while (bytes < target && !sample_.view().empty()) {
      for (std::uint64_t at = 0; at < sample_.size() && bytes < target; at += 4_MiB) {
        if (stop_.stop_requested()) return error(errc::cancelled, "bench");
        const auto piece = sample_.view().subspan(at, std::min<std::uint64_t>(4_MiB, sample_.size() - at));
        CHECK(file->append(piece));
        bytes += piece.size();
      }
    }
    CHECK(file->sync());
    CHECK(file->close());
    return bytes;
  }

  // So much of the source that about read_limit bytes of it are read.
  std::uint64_t pipeline_size() const {
    const auto size = source_.geometry().size;
    if (allocation_ == nullptr) return std::min(size, options_.read_limit);
    std::uint64_t total = 0;
    for (const auto& r : allocation_->used) {
      if (total + r.size >= options_.read_limit) return std::min(size, align_up(r.offset + options_.read_limit - total, 4096));
      total += r.size;
    }
    return size;
  }

  void add(const char* name, std::uint64_t bytes, const stopwatch& watch) {
    report_.stages.push_back({name, bytes, watch.seconds(), watch.cores()});
  }

  double rate_of(std::string_view name) const {
    for (const auto& s : report_.stages) {
      if (s.name == name) return s.bytes_per_second();
    }
    return 0;
  }

  // The stages between reading and writing share the processors: their times add up.
  void explain() {
    double seconds_a_byte = 0;
    std::string slowest;
    double slowest_rate = 0;
    for (const auto& s : report_.stages) {
      if (s.name == "read" || s.name == "write" || s.name == "pipeline" || s.bytes_per_second() <= 0) continue;
      seconds_a_byte += 1 / s.bytes_per_second();
      if (!slowest.empty() && s.bytes_per_second() >= slowest_rate) continue;
      slowest = s.name;
      slowest_rate = s.bytes_per_second();
    }
    const double processor = seconds_a_byte > 0 ? 1 / seconds_a_byte : 0;
    const double reading = rate_of("read");
    const double writing = report_.stored_share > 0 ? rate_of("write") / report_.stored_share : 0;
    const auto mib = [](double rate) { return fmt::format("{:.0f} MiB/s", rate / (1 << 20)); };
    if (reading > 0 && reading <= processor && (writing <= 0 || reading <= writing)) {
      report_.limiting = "read";
      report_.explanation = fmt::format("reading limits: {} against {} for the processors", mib(reading), mib(processor));
    } else if (writing > 0 && writing <= processor) {
      report_.limiting = "write";
      report_.explanation = fmt::format("writing limits: {} of source a second (stored at {:.0f} %), {} for the processors",
                                        mib(writing), report_.stored_share * 100, mib(processor));
    } else {
      report_.limiting = slowest;
      report_.explanation = fmt::format("the processors limit, {} most of all: {} for all their stages, {} for reading", slowest,
                                        mib(processor), mib(reading));
    }
  }

  io::device& source_;
  const plan::allocation* allocation_;
  const stage_bench_options& options_;
  unsigned threads_;
  flow::progress& progress_;
  std::stop_token stop_;
  buffer sample_;
  stage_bench_report report_;
};

// What the codec makes of the sample.
result<double> stored_share_of(byte_view sample, const stage_bench_options& options) {
  TRY(const auto encoder, codec::make_encoder(options.codec));
  std::vector<std::byte> out(options.block_size);
  std::uint64_t stored = 0;
  for (std::uint64_t at = 0; at < sample.size(); at += options.block_size) {
    const auto plain = sample.subspan(at, std::min<std::uint64_t>(options.block_size, sample.size() - at));
    if (is_zero(plain)) continue;
    const auto size = encoder->encode(plain, out);
    stored += size != 0 ? size : plain.size();
  }
  return sample.empty() ? 0.0 : static_cast<double>(stored) / static_cast<double>(sample.size());
}

}  // namespace

result<stage_bench_report> bench_stages(io::device& source, const plan::allocation* allocation, image::image_writer& writer,
                                        store::file_system& files, const std::string& scratch, const stage_bench_options& options,
                                        flow::progress& progress, std::stop_token stop) {
  bench b(source, allocation, options, progress, stop);
  CHECK(b.read());
  std::atomic<std::uint64_t> sink{0};  // keeps the compiler from leaving the work out
  CHECK(b.stage("zero",
                [&] { return result<std::function<void(byte_view)>>([&](byte_view v) { sink += is_zero(v) ? 1u : 0u; }); }));
  CHECK(b.stage("xxh3", [&] {
    return result<std::function<void(byte_view)>>(
        [&, h = change_hasher(writer.keys().secret)](byte_view v) { sink += std::to_integer<unsigned>(h(v).bytes[0]); });
  }));
  CHECK(b.stage("blake3", [&] {
    return result<std::function<void(byte_view)>>(
        [&, h = content_hasher(writer.keys().id_key)](byte_view v) { sink += std::to_integer<unsigned>(h(v).bytes[0]); });
  }));
  const std::string codec_name(codec::name_of(options.codec.id));
  CHECK(b.stage(codec_name.c_str(), [&]() -> result<std::function<void(byte_view)>> {
    TRY(auto made, codec::make_encoder(options.codec));
    auto encoder = std::shared_ptr<codec::encoder>(std::move(made));
    auto out = std::make_shared<std::vector<std::byte>>(options.block_size);
    return std::function<void(byte_view)>([encoder, out, &sink](byte_view v) { sink += encoder->encode(v, *out); });
  }));
  CHECK(b.write(files, scratch));
  CHECK(b.pipeline(writer));
  TRY(const auto share, stored_share_of(b.sample(), options));
  return b.finish(share);
}

}  // namespace umbra::jobs
