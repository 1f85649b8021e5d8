// SPDX-License-Identifier: GPL-3.0-or-later
// Which runs to merge, and the entries of several runs as one ordered stream.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "formats/native/index_run_writer.h"

namespace umbra::native {

constexpr std::size_t merge_width = 4;        // as many runs of one magnitude become one
constexpr std::size_t max_merge_inputs = 16;  // at once

// Chooses inputs by their weights (entries and packs): at least merge_width of the same magnitude, of the smallest such
// magnitude, together at most `max_weight`. Empty: nothing to do. The number of runs left is logarithmic in the total, plus one
// for every quarter of max_weight.
std::vector<std::size_t> choose_merge(const std::vector<std::uint64_t>& weights, std::uint64_t max_weight);

using run_list = std::vector<std::shared_ptr<const index_run>>;
using is_live_pack = std::function<bool(const image::pack_id&)>;

// The entries of `runs` whose packs live, each id once: the one in the smallest pack, at the smallest offset. One thread.
class merged_entries final : public entry_stream {
 public:
  merged_entries(run_list runs, const is_live_pack& is_live);

  void rewind() override;
  result<bool> next(run_entry& out) override;
  std::uint64_t at_most() const override { return at_most_; }
  // Of what next() gives. A pack is complete if it is in any of the runs.
  const run_packs& packs() const { return packs_; }
  // After the stream has run to its end: what was given and what was left out (duplicates, packs that are gone) are together
  // what the headers of the inputs say. Otherwise `merged` must not replace them.
  bool accounts_for(const index_run& merged) const;

 private:
  struct input {
    std::shared_ptr<const index_run> run;
    std::unique_ptr<run_cursor> cursor;
    std::vector<std::uint32_t> to_merged;  // pack index here → index in packs_
    run_entry head;
    bool has_head = false;
  };
  // Next entry of a living pack; counts the others as left out.
  result<void> advance(input& from);
  result<void> start();
  input* smallest();
  void leave_out(const run_entry& entry);

  std::vector<input> inputs_;
  run_packs packs_;
  std::uint64_t at_most_ = 0;
  std::uint64_t left_out_ = 0;
  content_id left_out_fingerprint_;
  bool is_started_ = false;
};

}  // namespace umbra::native
