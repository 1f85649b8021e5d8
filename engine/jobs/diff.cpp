// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/diff.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::jobs {
namespace {

using image::block;
using image::block_state;
using image::region_size;

bool is_zeros(const block& b) { return b.state != block_state::stored; }

class differ {
 public:
  differ(diff_report& report, std::size_t keep) : report_(report), keep_(keep) {}

  // Walks two lists of blocks over the same range side by side.
  void compare(std::size_t source, const std::vector<block>& a, const std::vector<block>& b) {
    std::size_t i = 0;
    std::size_t j = 0;
    std::uint64_t at = a.empty() ? 0 : a.front().offset;
    while (i < a.size() && j < b.size()) {
      const auto end = std::min(a[i].end(), b[j].end());
      const bool same = (is_zeros(a[i]) && is_zeros(b[j])) || (!is_zeros(a[i]) && !is_zeros(b[j]) && a[i].offset == b[j].offset &&
                                                               a[i].size == b[j].size && a[i].id == b[j].id);
      if (!same) add(source, {at, end - at});
      at = end;
      if (a[i].end() == end) ++i;
      if (b[j].end() == end) ++j;
    }
  }

 private:
  void add(std::size_t source, range r) {
    report_.changed_bytes += r.size;
    if (last_.source == source && last_.where.size > 0 && last_.where.end() == r.offset) {
      last_.where.size += r.size;
      if (report_.range_count <= keep_) report_.ranges.back() = last_;
      return;
    }
    last_ = {source, r};
    if (++report_.range_count <= keep_) report_.ranges.push_back(last_);
  }

  diff_report& report_;
  std::size_t keep_;
  changed_range last_;
};

result<void> check_pair(image::image_reader& before, image::image_reader& after) {
  const auto& a = before.info();
  const auto& b = after.info();
  if (a.domain != b.domain) return error(errc::geometry_mismatch, "the images belong to different vaults or chains");
  if (a.sources.size() != b.sources.size()) return error(errc::geometry_mismatch, "the images have different numbers of sources");
  for (std::size_t i = 0; i < a.sources.size(); ++i) {
    if (a.sources[i].size == b.sources[i].size) continue;
    return error(errc::geometry_mismatch,
                 fmt::format("source {} has {} bytes in one image and {} in the other", i, a.sources[i].size, b.sources[i].size));
  }
  return success();
}

}  // namespace

result<diff_report> diff_images(image::image_reader& before, image::image_reader& after, std::size_t keep, std::stop_token stop) {
  CHECK(check_pair(before, after));
  diff_report report;
  differ d(report, keep);
  for (std::size_t s = 0; s < before.info().sources.size(); ++s) {
    const auto size = before.info().sources[s].size;
    report.compared_bytes += size;
    for (std::uint64_t i = 0; i < div_up(size, region_size);) {
      if (stop.stop_requested()) return error(errc::cancelled, "diff");
      TRY(const auto run_a, before.uniform_at(s, i));
      TRY(const auto run_b, after.uniform_at(s, i));
      const auto both = std::min(run_a.count, run_b.count);
      if (both > 0) {
        i += both;
        continue;
      }
      TRY(const auto a, before.region_at(s, i));
      TRY(const auto b, after.region_at(s, i));
      d.compare(s, a->blocks, b->blocks);
      ++i;
    }
  }
  return report;
}

}  // namespace umbra::jobs
