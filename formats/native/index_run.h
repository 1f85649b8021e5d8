// SPDX-License-Identifier: GPL-3.0-or-later
// One immutable run of the content index: entries sorted by id in checksummed pages, the packs they lie in, and a filter.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/block.h"
#include "engine/store/store.h"
#include "formats/native/layout.h"

namespace umbra::native {

// An entry as it is used. `pack` is an index into a table of packs that the context names.
struct run_entry {
  content_id id;
  std::uint64_t offset = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t plain_size = 0;
  std::uint32_t pack = 0;
};
index_entry encode(const run_entry& entry);
run_entry decode(const index_entry& entry);

// Entries in strictly ascending order of id, read more than once. One thread at a time.
class entry_stream {
 public:
  virtual ~entry_stream() = default;
  virtual void rewind() = 0;
  // False at the end. errc::checksum or errc::damaged when what it reads from is wrong: the stream must be given up.
  virtual result<bool> next(run_entry& out) = 0;
  // Not less than the number of entries it gives.
  virtual std::uint64_t at_most() const = 0;
};

// Count, XOR of ids and chained checksum of entries as they pass by.
struct run_tally {
  std::uint64_t entries = 0;
  content_id fingerprint;
  std::uint64_t seed = 0;  // starts as the checksum of the pack table
  void take(const run_entry& entry);
  bool matches(const index_header& header) const;
};
void exclusive_or(content_id& into, const content_id& id);

// Safe from many threads. Memory-mapped where the store can; where it cannot, pack table and filter are held in memory and pages
// are read one by one.
class index_run {
 public:
  // Checks header, sizes, pack table and filter; entry pages are checked at every use. A wrong filter is not used: lookups take
  // longer then. errc::bad_magic, checksum, damaged: not a whole run, such as one left behind by a crash; unsupported_version;
  // errc::usage: a run of another domain.
  static result<std::shared_ptr<const index_run>> open(std::unique_ptr<store::input_file> file, std::string name,
                                                       const image::domain_id& domain);

  const std::string& name() const { return name_; }
  const index_header& header() const { return header_; }
  std::uint64_t entry_count() const { return header_.entry_count.value(); }
  std::uint32_t pack_count() const { return header_.pack_count.value(); }
  image::pack_id pack(std::uint32_t index) const;  // index < pack_count()
  // True if this run and those written before it hold all data records of that pack.
  bool is_complete(std::uint32_t pack_index) const { return pack_index < pack_count() - header_.partial_count.value(); }
  bool has_filter() const { return !filter_.empty(); }
  std::uint64_t anonymous_bytes() const { return sizeof(*this) + owned_table_.size() + owned_filter_.size(); }

  // Empty also when the pages that would tell are damaged. The entry's pack is inside the pack table.
  std::optional<run_entry> find(const content_id& id) const;
  // Page `number` once its checksum and count hold: inside the map, or read into `scratch`. Null: damaged.
  const index_page* page(std::uint64_t number, index_page& scratch) const;
  // Reads every page: order, packs, count, fingerprint and seed are what the header says.
  result<void> verify() const;

 private:
  index_run() = default;
  result<void> read_header(const image::domain_id& domain);
  result<void> read_pack_table();
  void read_filter();
  // A part of the file: of the map, or read into `owned`. Empty if it cannot be read.
  byte_view part(std::uint64_t offset, std::uint64_t size, std::vector<std::byte>& owned) const;
  std::uint32_t entries_on(std::uint64_t page_number) const;
  std::optional<run_entry> find_on(const index_page& page, const content_id& id) const;

  std::unique_ptr<store::input_file> file_;
  std::string name_;
  byte_view map_;  // empty: the store cannot map
  index_header header_{};
  byte_view pack_table_;
  byte_view filter_;
  std::vector<std::byte> owned_table_;
  std::vector<std::byte> owned_filter_;
};

// The entries of one run, in order. The run must outlive it.
class run_cursor final : public entry_stream {
 public:
  explicit run_cursor(const index_run& run) : run_(&run) {}
  void rewind() override;
  result<bool> next(run_entry& out) override;
  std::uint64_t at_most() const override { return run_->entry_count(); }

 private:
  const index_run* run_;
  std::uint64_t next_page_ = 0;
  std::uint32_t next_entry_ = 0;
  const index_page* page_ = nullptr;
  content_id last_;
  bool any_ = false;
  std::unique_ptr<index_page> scratch_ = std::make_unique<index_page>();
};

}  // namespace umbra::native
