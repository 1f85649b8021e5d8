// SPDX-License-Identifier: GPL-3.0-or-later
// "Is this content stored already, and where?" for a whole vault: sorted immutable runs, memory-mapped, each with a small filter,
// and a table in memory for what is new. Everything here is derived from packs: losing it costs time, never data. Entries are
// hints: an entry page that fails its checksum counts as not found.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/image_info.h"
#include "engine/store/store.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

struct content_index_options {
  std::size_t table_entries = 256 << 10;    // in memory before finished packs are spilled into a run; at most twice as many
  std::uint64_t run_entries = 16ull << 20;  // merged runs grow no larger: bounds the memory of a merge (10 bits an entry)
};

// Its memory does not grow with the vault or the backup: with the default options the table holds at most 30 MiB, usually half,
// and a merge 20 MiB while it runs; beside them some tens of bytes a pack.
class content_index {
 public:
  // Opens the runs of `store` that belong to `domain`, then reads the mini-indexes of every listed pack that no run covers (a
  // deleted index folder: all of them, in batches of bounded memory that become runs at once). Runs that name a pack that is gone
  // are kept but such entries are not told. Runs of another version or damaged ones are ignored. A vault that cannot be written
  // is fine: nothing is saved, and what does not fit in memory is not found. Packs that are not proven (pack_proof.h) or have no
  // footer are passed by: an image that refers to them might not survive a power cut. A pack that is damaged is read as far as it
  // goes. `store` and `packs` must outlive it.
  static result<std::unique_ptr<content_index>> open(store::store& store, pack_source& packs, const image::domain& domain,
                                                     const content_index_options& options = {});
  ~content_index();

  // Any thread at any time.
  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) const;

  // Adds the records of a pack that is being written: found from now on. Any thread.
  void add(const image::pack_id& pack, const indexed_record& r);
  // The pack is finished and durable and all its data records were added, or will be at once: they may go into a run. Writes a
  // run when the table has grown past its limit (256 Ki entries); errors writing derived data are not errors of the job.
  void pack_finished(const image::pack_id& pack);
  // Writes what is finished as a last run and merges runs so that their number stays logarithmic: a merged run replaces its
  // inputs only after entry counts and fingerprints show that it holds them all.
  void save();

  struct statistics {
    std::uint64_t runs = 0;
    std::uint64_t entries = 0;
    std::uint64_t packs_scanned = 0;    // by open(), for want of a run
    std::uint64_t anonymous_bytes = 0;  // memory the index holds itself
  };
  statistics stats() const;

 private:
  content_index();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace umbra::native
