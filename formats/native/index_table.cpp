// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/index_table.h"

#include <algorithm>

#include <boost/endian/conversion.hpp>

namespace umbra::native {
namespace {

constexpr std::uint32_t no_entry = ~std::uint32_t{0};
constexpr std::uint32_t not_picked = ~std::uint32_t{0};
constexpr std::size_t first_slots = 1024;

}  // namespace

// Gives picked entries one by one; the picked packs' numbers replace the table's own.
class index_table::picked_stream final : public entry_stream {
 public:
  picked_stream(const entry* entries, const picked& what) : entries_(entries), what_(what) {}
  void rewind() override { next_ = 0; }
  result<bool> next(run_entry& out) override {
    if (next_ == what_.entries.size()) return false;
    const entry& e = entries_[what_.entries[next_++]];
    out.id.bytes = e.id;
    out.offset = e.offset;
    out.stored_size = e.stored_size;
    out.plain_size = e.plain_size;
    out.pack = what_.run_pack[e.pack];
    return true;
  }
  std::uint64_t at_most() const override { return what_.entries.size(); }

 private:
  const entry* entries_;
  const picked& what_;
  std::size_t next_ = 0;
};

index_table::index_table(std::size_t capacity)
    : capacity_(std::max<std::size_t>(capacity, 1)), entries_(new entry[capacity_]), slots_(first_slots, no_entry) {}

// Where `id` is, or the free slot where it would go. Ids are hashes: their bytes are the hash.
std::size_t index_table::slot_of(const std::array<std::byte, content_id::size>& id) const {
  const std::size_t mask = slots_.size() - 1;
  auto at = static_cast<std::size_t>(boost::endian::load_little_u64(reinterpret_cast<const unsigned char*>(id.data()))) & mask;
  while (slots_[at] != no_entry && entries_[slots_[at]].id != id) at = (at + 1) & mask;
  return at;
}

void index_table::rebuild_slots(std::size_t slots) {
  slots_.assign(slots, no_entry);
  for (std::uint32_t i = 0; i < count_; ++i) slots_[slot_of(entries_[i].id)] = i;
}

std::uint32_t index_table::index_of(const image::pack_id& pack) {
  const auto [at, fresh] = pack_index_.try_emplace(pack, static_cast<std::uint32_t>(packs_.size()));
  if (fresh) packs_.push_back({pack, false, false, false, 0});
  return at->second;
}

void index_table::begin_durable(const image::pack_id& pack) { packs_[index_of(pack)].durable = true; }

bool index_table::add(const image::pack_id& pack, const indexed_record& r) {
  const std::uint32_t index = index_of(pack);
  pack_state& state = packs_[index];
  if (count_ == capacity_) {
    state.missing = true;
    return false;
  }
  if (2 * (count_ + 1) > slots_.size()) rebuild_slots(2 * slots_.size());
  entries_[count_] = {r.id.bytes, r.offset, r.stored_size, r.plain_size, index};
  slots_[slot_of(r.id.bytes)] = static_cast<std::uint32_t>(count_++);
  state.end = std::max(state.end, r.offset + record_extent(r.stored_size));
  return true;
}

void index_table::finish(const image::pack_id& pack) {
  pack_state& state = packs_[index_of(pack)];
  state.durable = true;
  state.told = true;
}

void index_table::give_up(const image::pack_id& pack) {
  pack_state& state = packs_[index_of(pack)];
  state.told = true;
  state.missing = true;
}

std::optional<image::location> index_table::find(const content_id& id, std::uint32_t plain_size) const {
  const std::uint32_t found = slots_[slot_of(id.bytes)];
  if (found == no_entry || entries_[found].plain_size != plain_size) return std::nullopt;
  const entry& e = entries_[found];
  return image::location{packs_[e.pack].id, e.offset, e.stored_size};
}

std::uint64_t index_table::end_of(const image::pack_id& pack) const {
  const auto at = pack_index_.find(pack);
  return at == pack_index_.end() ? 0 : packs_[at->second].end;
}

std::uint64_t index_table::anonymous_bytes() const {
  constexpr std::uint64_t map_node = 64;
  return count_ * sizeof(entry) + slots_.size() * sizeof(std::uint32_t) + packs_.size() * (sizeof(pack_state) + map_node);
}

// Sorted by id; of entries of one id the one added last.
std::vector<std::uint32_t> index_table::newest_durable() const {
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t i = 0; i < count_; ++i)
    if (packs_[entries_[i].pack].durable) chosen.push_back(i);
  std::sort(chosen.begin(), chosen.end(), [this](std::uint32_t a, std::uint32_t b) {
    const auto order = entries_[a].id <=> entries_[b].id;
    return order != 0 ? order < 0 : a > b;
  });
  const auto same = [this](std::uint32_t a, std::uint32_t b) { return entries_[a].id == entries_[b].id; };
  chosen.erase(std::unique(chosen.begin(), chosen.end(), same), chosen.end());
  return chosen;
}

index_table::picked index_table::pick() const {
  picked what;
  what.count = count_;
  what.entries = newest_durable();
  std::vector<bool> used(packs_.size(), false);
  for (const auto i : what.entries) used[entries_[i].pack] = true;
  what.run_pack.assign(packs_.size(), not_picked);
  for (const bool want_complete : {true, false}) {
    for (const auto& [id, index] : pack_index_) {  // in order of id
      const pack_state& state = packs_[index];
      const bool complete = state.told && !state.missing;
      if (!state.durable || complete != want_complete || (!complete && !used[index])) continue;
      what.run_pack[index] = static_cast<std::uint32_t>(what.packs.ids.size());
      what.packs.ids.push_back(id);
      if (!complete) ++what.packs.partial;
    }
  }
  return what;
}

std::unique_ptr<entry_stream> index_table::stream(const picked& what) const {
  return std::make_unique<picked_stream>(entries_.get(), what);
}

void index_table::drop(const picked& what) {
  // Packs of which nothing more can come go with their entries; the others keep a new number.
  std::vector<std::uint32_t> moved(packs_.size(), no_entry);
  std::vector<pack_state> kept;
  const std::size_t complete = what.packs.ids.size() - what.packs.partial;
  const auto is_picked = [&](std::size_t pack) { return pack < what.run_pack.size() && what.run_pack[pack] != not_picked; };
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const bool is_done = is_picked(i) && (what.run_pack[i] < complete || (packs_[i].told && packs_[i].missing));
    if (is_done) continue;
    moved[i] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(packs_[i]);
  }
  std::size_t left = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const std::uint32_t pack = entries_[i].pack;
    if (i < what.count && is_picked(pack)) continue;
    if (moved[pack] == no_entry) continue;
    entries_[left] = entries_[i];
    entries_[left++].pack = moved[pack];
  }
  count_ = left;
  packs_ = std::move(kept);
  pack_index_.clear();
  for (std::uint32_t i = 0; i < packs_.size(); ++i) pack_index_.emplace(packs_[i].id, i);
  rebuild_slots(std::max(first_slots, slots_.size()));
}

}  // namespace umbra::native
