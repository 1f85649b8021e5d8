// SPDX-License-Identifier: GPL-3.0-or-later
// A node's place (level, first region) follows from the source's size alone, so the node cache can hold no more nodes than the
// size allows, whatever the pages say.
#include "formats/native/map_reader.h"

#include <list>
#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "formats/native/map_shape.h"
#include "formats/native/page_source.h"

namespace umbra::native {
namespace {

constexpr std::size_t leaf_cache_size = 16;

using node_ptr = std::shared_ptr<const node>;

// One node on the way down and the child that was taken.
struct step {
  node_ptr at;
  std::size_t child = 0;
};

std::uint8_t down(std::uint8_t level) { return static_cast<std::uint8_t>(level - 1); }

}  // namespace

struct map_reader::state {
  state(std::uint64_t size, const map_root& root_pointer, pack_source& packs, const content_hasher& hasher, std::uint32_t largest)
      : shape(size), root(root_pointer), largest_block(largest), pages(packs, hasher) {}

  result<void> check(std::uint64_t index) const;
  result<node_ptr> node_at(std::uint8_t level, std::uint64_t first_region, const page_pointer& p);
  result<node_ptr> read_node(std::uint8_t level, std::uint64_t first_region, const page_pointer& p);
  result<image::region_ptr> read_leaf(std::uint64_t index, const page_pointer& p);
  image::region_ptr uniform_region(std::uint64_t index, image::block_state what) const;
  // The pointer to the page of `level` that covers `index`, or to the uniform page above it; `path` gets the nodes on the way.
  result<page_pointer> descend(std::uint8_t level, std::uint64_t index, std::vector<step>* path = nullptr);
  result<void> visit_below(std::uint8_t level, std::uint64_t first_region, const page_pointer& p,
                           const std::function<result<void>(std::uint8_t, std::uint64_t, const page_pointer&)>& visit);
  image::region_ptr cached_leaf(std::uint64_t index);
  void keep_leaf(image::region_ptr leaf);

  // Set before start.
  const map_shape shape;
  const map_root root;
  const std::uint32_t largest_block;
  page_source pages;
  // Guarded by mutex.
  std::mutex mutex;
  std::map<std::pair<std::uint8_t, std::uint64_t>, node_ptr> nodes;
  std::list<image::region_ptr> leaves;  // newest first
};

result<void> map_reader::state::check(std::uint64_t index) const {
  if (index >= shape.regions()) return error(errc::out_of_range, fmt::format("region {} of {}", index, shape.regions()));
  if (root.level != shape.level() || !is_valid(root.page, root.level))
    return error(errc::damaged, "map: root does not fit its source");
  return success();
}

result<node_ptr> map_reader::state::node_at(std::uint8_t level, std::uint64_t first_region, const page_pointer& p) {
  {
    const std::lock_guard lock(mutex);
    if (const auto found = nodes.find({level, first_region}); found != nodes.end()) return found->second;
  }
  TRY(node_ptr n,
      within(fmt::format("map node of level {} at region {}", level, first_region), read_node(level, first_region, p)));
  const std::lock_guard lock(mutex);
  return nodes.try_emplace({level, first_region}, std::move(n)).first->second;
}

result<node_ptr> map_reader::state::read_node(std::uint8_t level, std::uint64_t first_region, const page_pointer& p) {
  TRY(const std::vector<std::byte> bytes, pages.read(p, record_type::node));
  TRY(node n, decode_node(bytes, level, first_region, shape.children(level, first_region)));
  return node_ptr(std::make_shared<const node>(std::move(n)));
}

result<image::region_ptr> map_reader::state::read_leaf(std::uint64_t index, const page_pointer& p) {
  TRY(const std::vector<std::byte> bytes, pages.read(p, record_type::leaf));
  TRY(image::region r, decode_leaf(bytes, index, shape.region_bytes(index), largest_block));
  return image::region_ptr(std::make_shared<const image::region>(std::move(r)));
}

image::region_ptr map_reader::state::uniform_region(std::uint64_t index, image::block_state what) const {
  image::region r;
  r.index = index;
  r.size = shape.region_bytes(index);
  image::block b;
  b.offset = r.offset();
  b.size = r.size;
  b.state = what;
  r.blocks.push_back(b);
  return std::make_shared<const image::region>(std::move(r));
}

result<page_pointer> map_reader::state::descend(std::uint8_t level, std::uint64_t index, std::vector<step>* path) {
  CHECK(check(index));
  page_pointer p = root.page;
  for (std::uint8_t at = root.level; at > level && p.kind == child_kind::page; at = down(at)) {
    TRY(node_ptr n, node_at(at, map_shape::first(at, index), p));
    const std::size_t child = (index - n->first_region) / map_shape::span(down(at));
    p = n->children[child];
    if (path != nullptr) path->push_back({std::move(n), child});
  }
  return p;
}

result<void> map_reader::state::visit_below(
    std::uint8_t level, std::uint64_t first_region, const page_pointer& p,
    const std::function<result<void>(std::uint8_t, std::uint64_t, const page_pointer&)>& visit) {
  if (p.kind == child_kind::uniform) return success();
  CHECK(visit(level, first_region, p));
  if (level == 0) return success();
  TRY(const node_ptr n, node_at(level, first_region, p));
  for (std::size_t i = 0; i < n->children.size(); ++i)
    CHECK(visit_below(down(level), first_region + i * map_shape::span(down(level)), n->children[i], visit));
  return success();
}

image::region_ptr map_reader::state::cached_leaf(std::uint64_t index) {
  const std::lock_guard lock(mutex);
  for (auto i = leaves.begin(); i != leaves.end(); ++i) {
    if ((*i)->index != index) continue;
    leaves.splice(leaves.begin(), leaves, i);
    return leaves.front();
  }
  return nullptr;
}

void map_reader::state::keep_leaf(image::region_ptr leaf) {
  const std::lock_guard lock(mutex);
  leaves.push_front(std::move(leaf));
  if (leaves.size() > leaf_cache_size) leaves.pop_back();
}

map_reader::map_reader(std::uint64_t source_size, const map_root& root, pack_source& packs, const content_hasher& hasher,
                       std::uint32_t largest_block)
    : state_(std::make_unique<state>(source_size, root, packs, hasher, largest_block)) {}

map_reader::~map_reader() = default;

result<image::region_ptr> map_reader::region_at(std::uint64_t index) {
  if (image::region_ptr leaf = state_->cached_leaf(index)) return leaf;
  TRY(const page_pointer p, state_->descend(0, index));
  if (p.kind == child_kind::uniform) return state_->uniform_region(index, p.state);
  TRY(image::region_ptr leaf, within(fmt::format("map leaf of region {}", index), state_->read_leaf(index, p)));
  state_->keep_leaf(leaf);
  return leaf;
}

result<page_pointer> map_reader::pointer_at(std::uint64_t index) { return state_->descend(0, index); }

result<image::image_reader::uniform_run> map_reader::uniform_at(std::uint64_t index) {
  std::vector<step> path;
  TRY(const page_pointer p, state_->descend(0, index, &path));
  if (p.kind == child_kind::page) return image::image_reader::uniform_run{};
  // From the lowest node up: as long as all later siblings are the same, the run goes on behind the node.
  std::uint64_t end = state_->shape.regions();
  for (auto s = path.rbegin(); s != path.rend(); ++s) {
    const std::vector<page_pointer>& children = s->at->children;
    std::size_t next = s->child + 1;
    while (next < children.size() && children[next] == p) ++next;
    if (next == children.size()) continue;
    end = s->at->first_region + next * map_shape::span(down(s->at->level));
    break;
  }
  return image::image_reader::uniform_run{end - index, p.state};
}

result<std::optional<page_pointer>> map_reader::node_pointer(std::uint8_t level, std::uint64_t index) {
  if (level > state_->root.level) return std::optional<page_pointer>();
  TRY(const page_pointer p, state_->descend(level, index));
  if (p.kind == child_kind::uniform) return std::optional<page_pointer>();
  return std::optional<page_pointer>(p);
}

result<void> map_reader::for_each_page(
    const std::function<result<void>(std::uint8_t level, std::uint64_t first_region, const page_pointer&)>& visit) {
  if (state_->shape.regions() == 0) return success();
  CHECK(state_->check(0));
  return state_->visit_below(state_->root.level, 0, state_->root.page, visit);
}

}  // namespace umbra::native
