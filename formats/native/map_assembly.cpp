// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/map_assembly.h"

namespace umbra::native {

map_assembly::map_assembly(const content_hasher& hasher, append_record append, stored_image* parent,
                           const std::set<image::pack_id>* avoid)
    : hasher_(hasher), append_(std::move(append)), parent_(parent), avoid_(avoid) {}

result<void> map_assembly::begin_source(const image::source_info& source) {
  if (open_) return error(errc::internal, "a source is open already");
  open_.emplace(source.size, hasher_, append_);
  offered_.assign(level_for(source.size), std::nullopt);
  sources_.push_back(source);
  return success();
}

result<void> map_assembly::put_region(const image::region& r) {
  CHECK(offer_parent_nodes(r.index));
  return open_->put(r);
}

result<void> map_assembly::keep_region(std::uint64_t index) {
  const auto source = roots_.size();
  if (parent_ == nullptr || source >= parent_->info().sources.size())
    return error(errc::internal, "no parent to keep a region of");
  CHECK(offer_parent_nodes(index));
  TRY(const auto page, parent_->map(source).pointer_at(index));
  TRY(const auto region, parent_->region_at(source, index));
  for (const auto& p : packs_of(*region)) packs_.insert(p);
  return open_->put(index, page);
}

result<void> map_assembly::put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state) {
  CHECK(offer_parent_nodes(index));
  if (count > 1) CHECK(offer_parent_nodes(index + count - 1));
  return open_->put_uniform(index, count, state);
}

result<void> map_assembly::end_source(const image::source_info& source) {
  TRY(const auto root, open_->finish());
  packs_.insert(open_->packs().begin(), open_->packs().end());
  open_.reset();
  sources_.back() = source;
  roots_.push_back(root);
  return success();
}

// The parent's nodes around region `index`: if ours turn out the same, they are shared.
result<void> map_assembly::offer_parent_nodes(std::uint64_t index) {
  const auto source = roots_.size();
  if (parent_ == nullptr || source >= parent_->info().sources.size()) return success();
  if (parent_->info().sources[source].size != sources_.back().size) return success();
  std::uint64_t span = 1;
  for (std::uint8_t level = 1; level <= offered_.size(); ++level) {
    span *= node_fanout;
    const auto first = index / span * span;
    auto& offered = offered_[level - 1u];
    if (offered == first) continue;
    offered = first;
    TRY(const auto page, parent_->map(source).node_pointer(level, first));
    if (page && avoid_ != nullptr && avoid_->contains(page->where.pack)) continue;
    if (page) open_->offer(level, first, *page);
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
