// SPDX-License-Identifier: GPL-3.0-or-later
// One open node a level. A child that is pushed advances next_region_ by its span; a node closes when next_region_ has reached
// its end, and its pointer is the next child one level up.
#include "formats/native/map_writer.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::native {
namespace {

error bug(std::string text) { return {errc::internal, std::move(text)}; }

page_pointer uniform(image::block_state state) {
  page_pointer p;
  p.state = state;
  return p;
}

// True if all blocks of a whole region share a state that needs no record.
bool is_uniform(const image::region& r) {
  const image::block_state state = r.blocks.front().state;
  return state != image::block_state::stored &&
         std::all_of(r.blocks.begin(), r.blocks.end(), [&](const image::block& b) { return b.state == state; });
}

bool is_uniform(const std::vector<page_pointer>& children) {
  const page_pointer& first = children.front();
  return first.kind == child_kind::uniform &&
         std::all_of(children.begin(), children.end(), [&](const page_pointer& child) { return child == first; });
}

std::uint8_t up(std::uint8_t level) { return static_cast<std::uint8_t>(level + 1); }

}  // namespace

map_writer::map_writer(std::uint64_t source_size, const content_hasher& hasher, append_record append)
    : shape_(source_size), hasher_(hasher), append_(std::move(append)), open_(shape_.level()) {}

result<void> map_writer::put(const image::region& r) {
  CHECK(expect(r.index, 1));
  if (const std::string_view rule = broken_rule(r); !rule.empty()) return bug(fmt::format("region {}: {}", r.index, rule));
  if (r.size != shape_.region_bytes(r.index)) return bug(fmt::format("region {} has a wrong size", r.index));
  if (is_uniform(r)) return place(r.index, {1, uniform(r.blocks.front().state)});
  const auto bytes = encode_leaf(r);
  // What a reader will make of it, before anybody relies on it.
  const auto decoded = decode_leaf(bytes, r.index, r.size);
  if (decoded.has_error() || decoded.assume_value().blocks != r.blocks)
    return bug(fmt::format("region {} does not decode", r.index));
  TRY(const page_pointer page, write(0, r.index, record_type::leaf, bytes));
  for (const image::pack_id& id : packs_of(r)) packs_.insert(id);
  return place(r.index, {1, page});
}

result<void> map_writer::put(std::uint64_t index, const page_pointer& known) {
  CHECK(expect(index, 1));
  if (!is_valid(known, 0)) return bug(fmt::format("region {}: known leaf cannot be", index));
  return place(index, {1, known});
}

result<void> map_writer::put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state) {
  CHECK(expect(index, count));
  if (!is_valid(uniform(state), 0)) return bug("a stored region cannot be uniform");
  return place(index, {count, uniform(state)});
}

result<map_root> map_writer::finish() {
  if (next_region_ != shape_.regions()) return bug(fmt::format("map ends at region {} of {}", next_region_, shape_.regions()));
  return map_root{shape_.level(), root_};
}

void map_writer::offer(std::uint8_t level, std::uint64_t first_region, const page_pointer& page) {
  if (page.kind == child_kind::page) offers_[{level, first_region}] = page;
}

result<void> map_writer::expect(std::uint64_t index, std::uint64_t count) const {
  if (index > shape_.regions() || count > shape_.regions() - index) return bug("regions behind the source's end");
  const auto after = early_.lower_bound(index);
  const bool before_overlaps = after != early_.begin() && std::prev(after)->first + std::prev(after)->second.count > index;
  const bool after_overlaps = after != early_.end() && after->first - index < count;
  if (index < next_region_ || before_overlaps || after_overlaps) return bug(fmt::format("region {} comes twice", index));
  return success();
}

result<void> map_writer::place(std::uint64_t index, const run& r) {
  if (index != next_region_) {
    if (r.count > 0) early_[index] = r;
    return success();
  }
  CHECK(push(r));
  while (!early_.empty() && early_.begin()->first == next_region_) {
    const run waiting = early_.extract(early_.begin()).mapped();
    CHECK(push(waiting));
  }
  return success();
}

result<void> map_writer::push(const run& r) {
  const std::uint64_t end = next_region_ + r.count;
  while (next_region_ < end) {
    // The largest child that starts here and ends within the run.
    std::uint8_t level = 0;
    while (r.count > 1 && up(level) < shape_.level() && next_region_ % map_shape::span(up(level)) == 0 &&
           shape_.end(up(level), next_region_) <= end)
      ++level;
    CHECK(push(level, r.page));
  }
  return success();
}

result<void> map_writer::push(std::uint8_t level, const page_pointer& page) {
  next_region_ = shape_.end(level, next_region_);
  page_pointer child = page;
  for (;; ++level) {
    if (child.kind == child_kind::page) packs_.insert(child.where.pack);
    if (level == shape_.level()) {
      root_ = child;
      return success();
    }
    open_[level].push_back(child);
    if (next_region_ != shape_.end(up(level), map_shape::first(up(level), next_region_ - 1))) return success();
    TRY(child, close(up(level)));
  }
}

result<page_pointer> map_writer::close(std::uint8_t level) {
  node n;
  n.level = level;
  n.first_region = map_shape::first(level, next_region_ - 1);
  n.children.swap(open_[level - 1u]);
  if (is_uniform(n.children)) return n.children.front();
  return write(level, n.first_region, record_type::node, encode_node(n));
}

result<page_pointer> map_writer::write(std::uint8_t level, std::uint64_t first_region, record_type type, byte_view bytes) {
  const record r = plain_record(type, hasher_, bytes);
  // Offers behind this page were for pages that became uniform or were kept: they are of no use any more.
  const auto begin = offers_.lower_bound({level, 0});
  const auto end = offers_.upper_bound({level, first_region});
  page_pointer page;
  if (begin != end && std::prev(end)->first.second == first_region) page = std::prev(end)->second;
  offers_.erase(begin, end);
  if (page.kind == child_kind::page && page.id == r.id && page.plain_size == r.plain_size) return page;

  page = {};
  page.kind = child_kind::page;
  page.plain_size = r.plain_size;
  page.id = r.id;
  TRY(page.where, append_(r));
  return page;
}

}  // namespace umbra::native
