// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/scrape.h"

#include <algorithm>

#include "engine/base/units.h"

namespace umbra::jobs {
namespace {

constexpr std::uint64_t piece_sizes[] = {64_KiB, 4_KiB};

class scraper {
 public:
  scraper(const scrape_source& source, std::uint64_t offset, byte_span out)
      : source_(source), offset_(offset), out_(out), bad_{{offset, out.size()}} {}

  result<std::vector<unread_piece>> run() {
    for (const auto size : piece_sizes) {
      if (size > source_.unit && size < out_.size()) CHECK(pass(size));
    }
    for (unsigned i = 0; i <= source_.retries; ++i) CHECK(pass(source_.unit));
    for (const auto& r : bad_) std::ranges::fill(out_.subspan(r.offset - offset_, r.size), std::byte{0});
    return explained();
  }

 private:
  // Reads what is bad once more, in pieces that end at multiples of `size`.
  result<void> pass(std::uint64_t size) {
    const auto before = std::exchange(bad_, {});
    for (const auto& r : before) {
      for (auto at = r.offset; at < r.end();) {
        const auto end = std::min(align_down(at, size) + size, r.end());
        TRY(const auto good, read({at, end - at}));
        if (!good) bad_.push_back({at, end - at});
        at = end;
      }
    }
    normalise(bad_);
    return success();
  }

  result<bool> read(range r) {
    if (stopped_.empty()) stopped_ = source_.over();
    if (!stopped_.empty()) return false;
    const auto done = source_.read(r.offset, out_.subspan(r.offset - offset_, r.size));
    if (done.has_value()) return true;
    if (done.assume_error().code() != errc::io_read) return done.assume_error();
    failed_.push_back({r, done.assume_error().message()});
    if (r.size <= source_.unit) smallest_.push_back(r);
    return false;
  }

  // What was tried down to the smallest piece and failed says why; the rest, that nobody looked at it so closely.
  result<std::vector<unread_piece>> explained() {
    normalise(smallest_);
    std::vector<unread_piece> told;
    for (const auto& r : intersect(bad_, smallest_)) told.push_back({r, reason_of(r), true});
    for (const auto& r : subtract(bad_, smallest_)) told.push_back({r, stopped_, false});
    std::ranges::sort(told, {}, [](const unread_piece& p) { return p.where.offset; });
    return told;
  }

  std::string reason_of(range r) const {
    const auto last = std::find_if(failed_.rbegin(), failed_.rend(), [&](const auto& f) { return f.where.offset == r.offset; });
    return last == failed_.rend() ? std::string() : last->reason;
  }

  const scrape_source& source_;
  std::uint64_t offset_;
  byte_span out_;
  range_list bad_;                    // normalised: not read so far
  range_list smallest_;               // smallest pieces that failed
  std::vector<unread_piece> failed_;  // every read that failed
  std::string stopped_;               // why nothing is read any more
};

}  // namespace

result<std::vector<unread_piece>> scrape(const scrape_source& source, std::uint64_t offset, byte_span out) {
  return scraper(source, offset, out).run();
}

}  // namespace umbra::jobs
