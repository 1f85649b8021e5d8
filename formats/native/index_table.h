// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the content index that no run holds yet: entries in memory, found by hash, with the packs they lie in.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "formats/native/index_run_writer.h"
#include "formats/native/pack_writer.h"

namespace umbra::native {

// find(), pick() and streams of what pick() gave may run beside each other and beside add(); everything that changes the table
// needs it exclusively. Entries never move or change but in drop().
class index_table {
 public:
  // Holds at most `capacity` entries. Memory is touched as they come.
  explicit index_table(std::size_t capacity);

  // A pack that is on the medium already: its entries may be picked before all of them are told.
  void begin_durable(const image::pack_id& pack);
  // A later entry of the same id hides the earlier one. False: no room; the pack can then not become complete.
  bool add(const image::pack_id& pack, const indexed_record& r);
  // All entries of `pack` were told and it is durable.
  void finish(const image::pack_id& pack);
  // No more entries of `pack` will come, and some are missing.
  void give_up(const image::pack_id& pack);

  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) const;
  std::size_t size() const { return count_; }
  bool is_full() const { return count_ == capacity_; }
  // One past the last record of `pack` told so far; 0: none.
  std::uint64_t end_of(const image::pack_id& pack) const;
  std::uint64_t anonymous_bytes() const;

  // What can become a run now: entries of durable packs. `packs` has the complete ones first.
  struct picked {
    std::vector<std::uint32_t> entries;   // sorted by id; the newest of each id
    std::vector<std::uint32_t> run_pack;  // by index of pack here: index into packs.ids
    run_packs packs;
    std::size_t count = 0;  // entries in the table at that time
    bool empty() const { return packs.ids.empty(); }
  };
  picked pick() const;
  // The picked entries as run entries. Table and `what` must outlive it.
  std::unique_ptr<entry_stream> stream(const picked& what) const;
  // Forgets what is in a run now.
  void drop(const picked& what);

 private:
  struct entry {  // no initialisers: untouched memory costs nothing
    std::array<std::byte, content_id::size> id;
    std::uint64_t offset;
    std::uint32_t stored_size;
    std::uint32_t plain_size;
    std::uint32_t pack;
  };
  struct pack_state {
    image::pack_id id;
    bool durable = false;
    bool told = false;     // no more entries will come
    bool missing = false;  // some of its records are not here
    std::uint64_t end = 0;
  };
  class picked_stream;

  std::uint32_t index_of(const image::pack_id& pack);
  std::size_t slot_of(const std::array<std::byte, content_id::size>& id) const;
  void rebuild_slots(std::size_t slots);
  std::vector<std::uint32_t> newest_durable() const;

  std::size_t capacity_;
  std::size_t count_ = 0;
  std::unique_ptr<entry[]> entries_;
  std::vector<std::uint32_t> slots_;  // index into entries_, or no_entry; a power of two, at most half full
  std::vector<pack_state> packs_;
  std::map<image::pack_id, std::uint32_t> pack_index_;
};

}  // namespace umbra::native
