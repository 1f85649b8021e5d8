// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/map_assembly.h"

namespace umbra::native {

map_assembly::map_assembly(const content_hasher& hasher, append_record append, stored_image* parent,
                           const std::set<image::pack_id>* avoid)
    : hasher_(hasher), append_(std::move(append)), parent_(parent), avoid_(avoid) {}

result<void> map_assembly::begin_source(const image::source_info& source) {
  selected_ = open_.size();
  open_.push_back(std::make_unique<open_source>(source.size, hasher_, append_));
  sources_.push_back(source);
  return success();
}

result<void> map_assembly::select_source(std::size_t source) {
  selected_ = source;
  CHECK(selected());
  return success();
}

result<map_assembly::open_source*> map_assembly::selected() {
  if (selected_ < open_.size() && open_[selected_]) return open_[selected_].get();
  return error(errc::internal, "no such source is open");
}

result<void> map_assembly::put_region(const image::region& r) {
  TRY(auto* open, selected());
  CHECK(offer_parent_nodes(*open, r.index));
  return open->map.put(r);
}

result<void> map_assembly::keep_region(std::uint64_t index) {
  TRY(auto* open, selected());
  if (parent_ == nullptr || selected_ >= parent_->info().sources.size())
    return error(errc::internal, "no parent to keep a region of");
  CHECK(offer_parent_nodes(*open, index));
  TRY(const auto page, parent_->map(selected_).pointer_at(index));
  TRY(const auto region, parent_->region_at(selected_, index));
  for (const auto& p : packs_of(*region)) packs_.insert(p);
  return open->map.put(index, page);
}

result<void> map_assembly::put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state) {
  TRY(auto* open, selected());
  CHECK(offer_parent_nodes(*open, index));
  if (count > 1) CHECK(offer_parent_nodes(*open, index + count - 1));
  return open->map.put_uniform(index, count, state);
}

result<void> map_assembly::end_source(const image::source_info& source) {
  const auto ending = roots_.size();
  CHECK(select_source(ending));
  auto& map = open_[ending]->map;
  TRY(const auto root, map.finish());
  packs_.insert(map.packs().begin(), map.packs().end());
  open_[ending].reset();
  sources_[ending] = source;
  roots_.push_back(root);
  selected_ = open_.size() - 1;
  return success();
}

// The parent's nodes around region `index`: if ours turn out the same, they are shared.
result<void> map_assembly::offer_parent_nodes(open_source& open, std::uint64_t index) {
  if (parent_ == nullptr || selected_ >= parent_->info().sources.size()) return success();
  if (parent_->info().sources[selected_].size != sources_[selected_].size) return success();
  std::uint64_t span = 1;
  for (std::uint8_t level = 1; level <= open.offered.size(); ++level) {
    span *= node_fanout;
    const auto first = index / span * span;
    auto& offered = open.offered[level - 1u];
    if (offered == first) continue;
    offered = first;
    TRY(const auto page, parent_->map(selected_).node_pointer(level, first));
    if (page && avoid_ != nullptr && avoid_->contains(page->where.pack)) continue;
    if (page) open.map.offer(level, first, *page);
  }
  return success();
}

void map_assembly::describe(manifest& m) const {
  m.info.sources = sources_;
  m.roots = roots_;
  m.packs.clear();
  for (const auto& p : packs_) m.packs.push_back({p, 0});
}

}  // namespace umbra::native
