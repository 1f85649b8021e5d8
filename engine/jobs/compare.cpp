// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/compare.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/block/zero.h"
#include "engine/flow/crew.h"
#include "engine/jobs/block_walk.h"

namespace umbra::jobs {
namespace {

using image::block_state;

constexpr std::uint64_t read_size = 1_MiB;

// One a thread.
class region_comparer {
 public:
  region_comparer(image::image_reader& image, std::size_t source, io::device& device, bool unknown_is_zero)
      : hasher_(image.keys().id_key),
        source_(source),
        device_(device),
        unknown_is_zero_(unknown_is_zero),
        memory_(4_MiB + 64_KiB) {}

  result<void> take(const walk_item& item) {
    if (!item.region) return compare_zeros(item.uniform, item.state);
    for (const auto& b : item.region->blocks) {
      if (b.state == block_state::stored) {
        CHECK(compare_block(b));
      } else {
        CHECK(compare_zeros({b.offset, b.size}, b.state));
      }
    }
    return success();
  }

  compare_report& report() { return report_; }

 private:
  // Bytes of the device, through one read ahead of the place asked for.
  result<byte_view> bytes(range r) {
    if (r.offset < window_.offset || r.end() > window_.end()) {
      const auto unit = std::max<std::uint64_t>(1, device_.geometry().alignment);
      const auto start = r.offset / unit * unit;
      const auto end = std::min(device_.geometry().size, div_up(std::max(r.end(), start + read_size), unit) * unit);
      window_ = {};
      CHECK(device_.read(start, memory_.span().first(end - start)));
      window_ = {start, end - start};
    }
    return memory_.view().subspan(r.offset - window_.offset, r.size);
  }

  result<void> compare_block(const image::block& b) {
    TRY(const auto present, bytes({b.offset, b.size}));
    report_.compared_bytes += b.size;
    if (hasher_(present) != b.id) differs({b.offset, b.size}, "differs from the image");
    return success();
  }

  result<void> compare_zeros(range r, block_state state) {
    if (state != block_state::zero && !unknown_is_zero_) {
      report_.skipped_bytes += r.size;
      return success();
    }
    report_.compared_bytes += r.size;
    TRY(const auto extents, device_.extents(r.offset, r.size));
    for (const auto& e : extents) {
      if (e.kind == extent_kind::zero) continue;
      for (auto at = e.offset; at < e.end(); at += read_size) {
        const range piece{at, std::min(read_size, e.end() - at)};
        TRY(const auto present, bytes(piece));
        if (!is_zero(present)) differs(piece, "is not zero");
      }
    }
    return success();
  }

  void differs(range r, const char* how) {
    report_.different_bytes += r.size;
    report_.faults.add(
        {fault::kind::mismatch, source_, r.offset, r.size, fmt::format("{} at {}: {}", device_.name(), r.offset, how)});
  }

  content_hasher hasher_;
  std::size_t source_;
  io::device& device_;
  bool unknown_is_zero_;
  buffer memory_;
  range window_;
  compare_report report_;
};

}  // namespace

result<compare_report> compare_with_device(image::image_reader& image, std::size_t source, io::device& device,
                                           bool unknown_is_zero, unsigned threads, flow::progress& progress,
                                           std::stop_token stop) {
  const auto& info = image.info().sources;
  if (source >= info.size()) return error(errc::out_of_range, fmt::format("source {} of an image with {}", source, info.size()));
  if (device.geometry().size < info[source].size) {
    return error(errc::geometry_mismatch,
                 fmt::format("{} has {} bytes, the image's source {}", device.name(), device.geometry().size, info[source].size));
  }
  threads = threads != 0 ? threads : flow::default_threads();
  std::vector<std::unique_ptr<region_comparer>> comparers;
  for (unsigned i = 0; i < threads; ++i) {
    comparers.push_back(std::make_unique<region_comparer>(image, source, device, unknown_is_zero));
  }
  compare_report total;
  std::mutex mutex;
  walk_visitor visitor;
  visitor.visit = [&](unsigned worker, const walk_item& item) { return comparers[worker]->take(item); };
  visitor.damaged = [&](unsigned, std::size_t s, range where, const error& e) -> result<void> {
    const std::scoped_lock lock(mutex);
    total.faults.add({fault::kind::damaged, s, where.offset, where.size, e.message()});
    return success();
  };
  progress.total = info[source].size;
  progress.stage = "comparing";
  CHECK(walk_image(image, source, source + 1, threads, visitor, progress, stop));
  for (auto& c : comparers) {
    total.compared_bytes += c->report().compared_bytes;
    total.skipped_bytes += c->report().skipped_bytes;
    total.different_bytes += c->report().different_bytes;
    total.faults.add(c->report().faults);
  }
  return total;
}

}  // namespace umbra::jobs
