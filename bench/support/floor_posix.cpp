// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/support/floor.h"
#include "bench/support/stopwatch.h"
#include "engine/base/buffer.h"
#include "engine/block/hash.h"
#include "engine/block/zero.h"
#include "engine/codec/codec.h"
#include "engine/io/unique_fd.h"

namespace umbra::bench {
namespace {

constexpr std::size_t write_size = std::size_t{4} << 20;

// Keeps the compiler from leaving hashes out.
std::atomic<unsigned> sink{0};

result<void> read_all(int fd, std::uint64_t offset, byte_span out) {
  while (!out.empty()) {
    const auto got = ::pread(fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got <= 0) return os_failure(errc::io_read, "floor: read");
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return success();
}

result<void> write_all(int fd, std::uint64_t offset, byte_view in) {
  while (!in.empty()) {
    const auto put = ::pwrite(fd, in.data(), in.size(), static_cast<off_t>(offset));
    if (put <= 0) return os_failure(errc::io_write, "floor: write");
    offset += static_cast<std::uint64_t>(put);
    in = in.subspan(static_cast<std::size_t>(put));
  }
  return success();
}

result<unique_fd> open_file(const std::string& path, int flags) {
  unique_fd fd(::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd.is_open()) return os_failure(errc::io_read, path);
  return fd;
}

// Gathers what a thread stores and writes it in large pieces wherever the file ends by then.
class gatherer {
 public:
  gatherer(int fd, std::atomic<std::uint64_t>& end) : fd_(fd), end_(end), memory_(write_size) {}

  byte_span room(std::size_t size) {
    if (memory_.size() - used_ < size) flush();
    return memory_.span().subspan(used_, size);
  }
  void keep(std::size_t size) { used_ += size; }
  void flush() {
    const auto at = end_.fetch_add(used_);
    if (outcome_.has_value()) outcome_ = write_all(fd_, at, memory_.view().first(used_));
    (void)::sync_file_range(fd_, static_cast<off64_t>(at), static_cast<off64_t>(used_), SYNC_FILE_RANGE_WRITE);
    used_ = 0;
  }
  result<void> outcome() { return outcome_; }

 private:
  int fd_;
  std::atomic<std::uint64_t>& end_;
  buffer memory_;
  std::size_t used_ = 0;
  result<void> outcome_ = success();
};

enum class stages : std::uint8_t { scan, pack };

class floor_run {
 public:
  floor_run(const work_list& list, const image::domain& keys, stages what, int source, int target)
      : list_(list), change_(keys.secret), content_(keys.id_key), what_(what), source_(source), target_(target) {}

  result<void> work() {
    buffer memory(chunk_size);
    buffer packed(chunk_size);
    gatherer out(target_, end_);
    TRY(const auto encoder, codec::make_encoder({}));
    std::uint64_t stored = 0;
    unsigned mix = 0;
    for (auto i = next_++; i < list_.chunks.size(); i = next_++) {
      const auto& chunk = list_.chunks[i];
      const auto bytes = memory.span().first(chunk.where.size);
      CHECK(read_all(source_, chunk.where.offset, bytes));
      for (std::size_t b = chunk.first; b < chunk.first + chunk.count; ++b) {
        const auto plain = byte_view(bytes).subspan(list_.blocks[b].offset - chunk.where.offset, list_.blocks[b].size);
        if (is_zero(plain)) continue;
        mix += std::to_integer<unsigned>(change_(plain).bytes[0]);
        if (what_ == stages::scan) continue;
        mix += std::to_integer<unsigned>(content_(plain).bytes[0]);
        stored += pack(plain, *encoder, packed, out);
      }
    }
    if (target_ >= 0) out.flush();
    sink += mix;
    stored_ += stored;
    return out.outcome();
  }

  std::uint64_t stored() const { return stored_; }

 private:
  std::size_t pack(byte_view plain, codec::encoder& encoder, buffer& packed, gatherer& out) const {
    const auto room = target_ >= 0 ? out.room(plain.size()) : packed.span();
    auto size = encoder.encode(plain, room);
    if (size == 0) {
      size = plain.size();
      if (target_ >= 0) std::ranges::copy(plain, room.begin());
    }
    if (target_ >= 0) out.keep(size);
    return size;
  }

  const work_list& list_;
  const change_hasher change_;
  const content_hasher content_;
  const stages what_;
  const int source_;
  const int target_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> end_{0};
  std::atomic<std::uint64_t> stored_{0};
};

result<floor_time> run_floor(floor_run& run, unsigned threads, int target) {
  const stopwatch watch;
  std::vector<result<void>> outcomes(threads, success());
  {
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < threads; ++i) crew.emplace_back([&run, &outcomes, i] { outcomes[i] = run.work(); });
  }
  for (auto& o : outcomes) CHECK(o);
  if (target >= 0 && ::fdatasync(target) != 0) return os_failure(errc::io_write, "floor: sync");
  return floor_time{watch.seconds(), watch.processor_seconds(), run.stored()};
}

}  // namespace

result<floor_time> backup_floor::scan() const {
  TRY(const auto source, open_file(path_, O_RDONLY));
  floor_run run(list_, keys_, stages::scan, source.get(), -1);
  return run_floor(run, threads_, -1);
}

result<floor_time> backup_floor::pack() const {
  TRY(const auto source, open_file(path_, O_RDONLY));
  floor_run run(list_, keys_, stages::pack, source.get(), -1);
  return run_floor(run, threads_, -1);
}

result<floor_time> backup_floor::pack_to(const std::string& target) const {
  TRY(const auto source, open_file(path_, O_RDONLY));
  TRY(const auto out, open_file(target, O_WRONLY | O_CREAT | O_EXCL));
  floor_run run(list_, keys_, stages::pack, source.get(), out.get());
  return run_floor(run, threads_, out.get());
}

result<floor_time> write_floor(const std::string& target, byte_view sample, std::uint64_t bytes) {
  TRY(const auto out, open_file(target, O_WRONLY | O_CREAT | O_EXCL));
  const stopwatch watch;
  std::uint64_t at = 0;
  while (at < bytes) {
    const auto from = at % sample.size();
    const auto size = std::min({std::uint64_t{write_size}, sample.size() - from, bytes - at});
    CHECK(write_all(out.get(), at, sample.subspan(from, size)));
    at += size;
  }
  if (::fdatasync(out.get()) != 0) return os_failure(errc::io_write, target);
  return floor_time{watch.seconds(), watch.processor_seconds(), bytes};
}

result<packed_sample> make_packed_sample(io::device& disk, const work_list& list, std::uint64_t limit) {
  packed_sample sample;
  TRY(const auto encoder, codec::make_encoder({}));
  const auto step = std::max<std::uint64_t>(1, list.bytes / std::max<std::uint64_t>(1, limit));
  std::vector<std::byte> plain;
  std::vector<std::byte> packed;
  for (std::size_t i = 0; i < list.blocks.size(); i += step) {
    const auto& b = list.blocks[i];
    plain.resize(b.size);
    packed.resize(b.size);
    CHECK(disk.read(b.offset, plain));
    if (is_zero(plain)) continue;
    const auto size = encoder->encode(plain, packed);
    const auto stored = size == 0 ? byte_view(plain) : byte_view(packed).first(size);
    sample.blocks.push_back(
        {sample.memory.size(), static_cast<std::uint32_t>(stored.size()), static_cast<std::uint32_t>(plain.size())});
    sample.memory.insert(sample.memory.end(), stored.begin(), stored.end());
    sample.plain_bytes += plain.size();
  }
  if (sample.blocks.empty()) return error(errc::usage, "the disk holds nothing to measure with");
  return sample;
}

floor_time unpack_floor(const packed_sample& sample, const image::domain& keys, std::uint64_t bytes, unsigned threads) {
  const content_hasher content(keys.id_key);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> done{0};
  const auto work = [&] {
    buffer memory(keys.block_size);
    codec::decoder decoder;
    unsigned mix = 0;
    while (done < bytes) {
      // A run of blocks a turn, so that the counters cost nothing.
      constexpr std::size_t turn = 16;
      const auto first = next.fetch_add(turn);
      std::uint64_t mine = 0;
      for (std::size_t i = first; i < first + turn; ++i) {
        const auto& b = sample.blocks[i % sample.blocks.size()];
        auto view = byte_view(sample.memory).subspan(b.offset, b.stored_size);
        const auto plain = memory.span().first(b.plain_size);
        if (b.stored_size != b.plain_size) {
          mix += decoder.decode(codec::codec_id::lz4, view, plain).has_error() ? 1U : 0U;
          view = plain;
        }
        mix += std::to_integer<unsigned>(content(view).bytes[0]);
        mine += b.plain_size;
      }
      done += mine;
    }
    sink += mix;
  };
  const stopwatch watch;
  {
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < threads; ++i) crew.emplace_back(work);
  }
  // A turn may overshoot: per byte it is the same.
  const auto share = static_cast<double>(bytes) / static_cast<double>(done.load());
  return {watch.seconds() * share, watch.processor_seconds() * share, 0};
}

}  // namespace umbra::bench
