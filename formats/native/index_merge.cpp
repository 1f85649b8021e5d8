// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/index_merge.h"

#include <algorithm>
#include <map>

namespace umbra::native {
namespace {

constexpr std::uint32_t gone = ~std::uint32_t{0};
constexpr std::uint64_t smallest_magnitude = 4096;  // below it all runs are alike: rewriting them costs nothing

unsigned magnitude_of(std::uint64_t weight) {
  unsigned magnitude = 0;
  for (std::uint64_t limit = smallest_magnitude; weight >= limit && magnitude < 26; limit *= merge_width) ++magnitude;
  return magnitude;
}

}  // namespace

std::vector<std::size_t> choose_merge(const std::vector<std::uint64_t>& weights, std::uint64_t max_weight) {
  std::map<unsigned, std::vector<std::size_t>> by_magnitude;
  for (std::size_t i = 0; i < weights.size(); ++i) by_magnitude[magnitude_of(weights[i])].push_back(i);
  for (auto& [magnitude, runs] : by_magnitude) {
    std::stable_sort(runs.begin(), runs.end(), [&](std::size_t a, std::size_t b) { return weights[a] < weights[b]; });
    std::uint64_t total = 0;
    std::size_t taken = 0;
    while (taken < runs.size() && taken < max_merge_inputs && weights[runs[taken]] <= max_weight - total)
      total += weights[runs[taken++]];
    if (taken < merge_width) continue;
    runs.resize(taken);
    return runs;
  }
  return {};
}

merged_entries::merged_entries(run_list runs, const is_live_pack& is_live) {
  std::map<image::pack_id, bool> complete;  // the living
  for (const auto& run : runs) {
    for (std::uint32_t i = 0; i < run->pack_count(); ++i)
      if (const auto id = run->pack(i); is_live(id)) complete[id] |= run->is_complete(i);
  }
  std::map<image::pack_id, std::uint32_t> index;
  for (const bool want : {true, false}) {
    for (const auto& [id, is_complete] : complete) {
      if (is_complete != want) continue;
      index.emplace(id, static_cast<std::uint32_t>(packs_.ids.size()));
      packs_.ids.push_back(id);
      if (!is_complete) ++packs_.partial;
    }
  }
  for (auto& run : runs) {
    input in;
    for (std::uint32_t i = 0; i < run->pack_count(); ++i) {
      const auto at = index.find(run->pack(i));
      in.to_merged.push_back(at == index.end() ? gone : at->second);
    }
    at_most_ += run->entry_count();
    in.cursor = std::make_unique<run_cursor>(*run);
    in.run = std::move(run);
    inputs_.push_back(std::move(in));
  }
}

void merged_entries::rewind() {
  for (auto& in : inputs_) in.cursor->rewind();
  left_out_ = 0;
  left_out_fingerprint_ = {};
  is_started_ = false;
}

void merged_entries::leave_out(const run_entry& entry) {
  ++left_out_;
  exclusive_or(left_out_fingerprint_, entry.id);
}

result<void> merged_entries::advance(input& from) {
  for (;;) {
    TRY(from.has_head, from.cursor->next(from.head));
    if (!from.has_head) return success();
    from.head.pack = from.to_merged[from.head.pack];
    if (from.head.pack != gone) return success();
    leave_out(from.head);
  }
}

result<void> merged_entries::start() {
  for (auto& in : inputs_) CHECK(advance(in));
  is_started_ = true;
  return success();
}

merged_entries::input* merged_entries::smallest() {
  const auto before = [this](const run_entry& a, const run_entry& b) {
    if (const auto order = a.id <=> b.id; order != 0) return order < 0;
    if (a.pack != b.pack) return packs_.ids[a.pack] < packs_.ids[b.pack];
    return a.offset < b.offset;
  };
  input* least = nullptr;
  for (auto& in : inputs_)
    if (in.has_head && (least == nullptr || before(in.head, least->head))) least = &in;
  return least;
}

result<bool> merged_entries::next(run_entry& out) {
  if (!is_started_) CHECK(start());
  input* first = smallest();
  if (first == nullptr) return false;
  out = first->head;
  CHECK(advance(*first));
  for (auto& in : inputs_) {
    if (!in.has_head || in.head.id != out.id) continue;
    leave_out(in.head);
    CHECK(advance(in));
  }
  return true;
}

bool merged_entries::accounts_for(const index_run& merged) const {
  std::uint64_t entries = 0;
  content_id fingerprint;
  for (const auto& in : inputs_) {
    entries += in.run->entry_count();
    content_id of_input;
    of_input.bytes = in.run->header().fingerprint;
    exclusive_or(fingerprint, of_input);
  }
  exclusive_or(fingerprint, left_out_fingerprint_);
  if (merged.entry_count() + left_out_ != entries || merged.header().fingerprint != fingerprint.bytes) return false;
  std::map<image::pack_id, bool> held;
  for (std::uint32_t i = 0; i < merged.pack_count(); ++i) held.emplace(merged.pack(i), merged.is_complete(i));
  for (const auto& in : inputs_) {
    for (std::uint32_t i = 0; i < in.run->pack_count(); ++i) {
      if (in.to_merged[i] == gone) continue;
      const auto at = held.find(in.run->pack(i));
      if (at == held.end() || (in.run->is_complete(i) && !at->second)) return false;
    }
  }
  return true;
}

}  // namespace umbra::native
