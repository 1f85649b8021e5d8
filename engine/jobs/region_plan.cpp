// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/region_plan.h"

#include <algorithm>

#include "engine/plan/cuts.h"

namespace umbra::jobs {
namespace {

using image::block_state;

void add_known(std::vector<segment>& out, const range_list& ranges, block_state state) {
  for (const auto& r : ranges) out.push_back({r.offset, r.size, segment::kind::known, state, nullptr});
}

void add_fresh(std::vector<segment>& out, range r, const region_facts& facts) {
  if (r.size == 0) return;
  for (const auto& c : plan::cut(r, facts.files, facts.block_size)) {
    out.push_back({c.offset, c.size, segment::kind::fresh, block_state::stored, nullptr});
  }
}

// A range to be read: the parent's stored blocks that lie wholly inside it keep their cuts, the rest is cut by the present
// layout.
void add_read(std::vector<segment>& out, range r, const region_facts& facts) {
  auto at = r.offset;
  if (facts.parent) {
    const auto& blocks = facts.parent->blocks;
    auto b = std::partition_point(blocks.begin(), blocks.end(), [&](const auto& x) { return x.offset < r.offset; });
    for (; b != blocks.end() && b->end() <= r.end(); ++b) {
      if (b->state != block_state::stored) continue;
      add_fresh(out, {at, b->offset - at}, facts);
      out.push_back({b->offset, b->size, segment::kind::candidate, block_state::stored, &*b});
      at = b->end();
    }
  }
  add_fresh(out, {at, r.end() - at}, facts);
}

}  // namespace

std::shared_ptr<const region_plan> make_region_plan(region_facts facts) {
  auto plan = std::make_shared<region_plan>();
  plan->source = facts.source;
  plan->index = facts.index;
  plan->size = facts.size;
  plan->parent = facts.parent;

  const range_list whole{{facts.index * image::region_size, facts.size}};
  const auto wanted = subtract(facts.used, facts.excluded);
  auto& segments = plan->segments;
  add_known(segments, facts.excluded, block_state::excluded);
  add_known(segments, intersect(wanted, facts.holes), block_state::zero);
  add_known(segments, subtract(subtract(whole, facts.used), facts.excluded), block_state::unallocated);
  for (const auto& r : subtract(wanted, facts.holes)) add_read(segments, r, facts);
  std::ranges::sort(segments, {}, &segment::offset);
  return plan;
}

}  // namespace umbra::jobs
