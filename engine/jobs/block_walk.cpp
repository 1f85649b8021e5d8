// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/block_walk.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "engine/base/units.h"
#include "engine/flow/crew.h"

namespace umbra::jobs {
namespace {

using image::region_size;

// Hands out regions in order; only the place is locked, pages are read by the workers.
class walk_cursor {
 public:
  walk_cursor(image::image_reader& image, std::size_t first, std::size_t last) : image_(image), source_(first), last_(last) {}

  struct place {
    std::size_t source = 0;
    std::uint64_t index = 0;
    image::image_reader::uniform_run run;
  };

  result<std::optional<place>> next(unsigned worker, const walk_visitor& visitor) {
    const std::scoped_lock lock(mutex_);
    while (source_ < last_ && index_ >= div_up(size(), region_size)) {
      ++source_;
      index_ = 0;
    }
    if (source_ >= last_) return std::optional<place>();
    place p{source_, index_, {}};
    auto run = image_.uniform_at(source_, index_);
    if (run.has_error()) {
      CHECK(visitor.damaged(worker, source_, {index_ * region_size, std::min(region_size, size() - index_ * region_size)},
                            std::move(run).assume_error()));
      ++index_;
      p.run.count = 0;
      p.index = ~std::uint64_t{0};  // told already
      return std::optional<place>(p);
    }
    p.run = run.assume_value();
    index_ += std::max<std::uint64_t>(p.run.count, 1);
    return std::optional<place>(p);
  }

 private:
  std::uint64_t size() const { return image_.info().sources[source_].size; }

  image::image_reader& image_;
  // guarded by mutex_
  std::mutex mutex_;
  std::size_t source_;
  std::size_t last_;
  std::uint64_t index_ = 0;
};

result<void> visit_place(image::image_reader& image, const walk_cursor::place& p, unsigned worker, const walk_visitor& visitor,
                         flow::progress& progress) {
  if (p.index == ~std::uint64_t{0}) return success();
  const auto source_size = image.info().sources[p.source].size;
  const auto offset = p.index * region_size;
  walk_item item;
  item.source = p.source;
  if (p.run.count > 0) {
    item.uniform = {offset, std::min(source_size, (p.index + p.run.count) * region_size) - offset};
    item.state = p.run.state;
    progress.done += item.uniform.size;
    return visitor.visit(worker, item);
  }
  auto region = image.region_at(p.source, p.index);
  const auto size = std::min(region_size, source_size - offset);
  progress.done += size;
  if (region.has_error()) return visitor.damaged(worker, p.source, {offset, size}, std::move(region).assume_error());
  item.region = std::move(region).assume_value();
  return visitor.visit(worker, item);
}

}  // namespace

result<void> walk_image(image::image_reader& image, std::size_t first, std::size_t last, unsigned threads,
                        const walk_visitor& visitor, flow::progress& progress, std::stop_token stop) {
  walk_cursor cursor(image, first, last);
  return flow::run_crew(threads != 0 ? threads : flow::default_threads(), stop,
                        [&](unsigned worker, std::stop_token halt) -> result<void> {
                          while (!halt.stop_requested()) {
                            TRY(const auto place, cursor.next(worker, visitor));
                            if (!place) return success();
                            CHECK(visit_place(image, *place, worker, visitor, progress));
                          }
                          return error(errc::cancelled, "");
                        });
}

}  // namespace umbra::jobs
