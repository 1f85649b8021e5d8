// SPDX-License-Identifier: GPL-3.0-or-later
// Runs are listed before packs, so that every pack a run names is among the packs. Nothing that goes wrong with runs is an error:
// a run that cannot be read means packs to be scanned, one that cannot be written means packs to be scanned next time.
#include "formats/native/content_index.h"

#include <algorithm>
#include <mutex>

#include "engine/base/units.h"
#include "engine/flow/brief_mutex.h"
#include "formats/native/index_merge.h"
#include "formats/native/index_table.h"
#include "formats/native/objects.h"
#include "formats/native/pack_proof.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

// Listings of runs before one is taken as it is: another process may be merging them away.
constexpr int listing_attempts = 3;

// Packs and their sizes, sorted: the whole vault's, so no more than 32 bytes each.
class pack_sizes {
 public:
  // In any order; finish with sort().
  void append(const image::pack_id& id, std::uint64_t size) { sizes_.push_back({id, size}); }
  void sort() {
    std::sort(sizes_.begin(), sizes_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  }

  void set(const image::pack_id& id, std::uint64_t size) {
    const auto at = lower_bound(id);
    if (at != sizes_.end() && at->id == id) {
      at->size = size;
    } else {
      sizes_.insert(at, {id, size});
    }
  }
  // 0: no such pack.
  std::uint64_t size_of(const image::pack_id& id) const {
    const auto at = const_cast<pack_sizes*>(this)->lower_bound(id);
    return at != sizes_.end() && at->id == id ? at->size : 0;
  }
  std::vector<image::pack_id> ids() const {
    std::vector<image::pack_id> all;
    all.reserve(sizes_.size());
    for (const auto& known : sizes_) all.push_back(known.id);
    return all;
  }
  std::uint64_t anonymous_bytes() const { return sizes_.capacity() * sizeof(known_pack); }

 private:
  struct known_pack {
    image::pack_id id;
    std::uint64_t size = 0;
  };
  std::vector<known_pack>::iterator lower_bound(const image::pack_id& id) {
    return std::lower_bound(sizes_.begin(), sizes_.end(), id,
                            [](const known_pack& a, const image::pack_id& b) { return a.id < b; });
  }
  std::vector<known_pack> sizes_;
};

// A run and the sizes of the packs in its table; 0: gone.
struct held_run {
  std::shared_ptr<const index_run> run;
  std::vector<std::uint64_t> sizes;

  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) const {
    const auto entry = run->find(id);
    if (!entry || entry->plain_size != plain_size || !is_record_place(entry->offset, entry->stored_size)) return std::nullopt;
    if (!fits(entry->offset, record_extent(entry->stored_size), sizes[entry->pack])) return std::nullopt;
    return image::location{run->pack(entry->pack), entry->offset, entry->stored_size};
  }
};
using held_runs = std::vector<std::shared_ptr<const held_run>>;

std::shared_ptr<const held_run> hold(std::shared_ptr<const index_run> run, const pack_sizes& known) {
  auto held = std::make_shared<held_run>();
  held->sizes.reserve(run->pack_count());
  for (std::uint32_t i = 0; i < run->pack_count(); ++i) held->sizes.push_back(known.size_of(run->pack(i)));
  held->run = std::move(run);
  return held;
}

bool mostly_gone(const held_run& held) {
  const auto gone = std::count(held.sizes.begin(), held.sizes.end(), std::uint64_t{0});
  return 2 * static_cast<std::uint64_t>(gone) > held.sizes.size();
}

std::uint64_t weight_of(const index_run& run) { return run.entry_count() + run.pack_count(); }

}  // namespace

struct content_index::state {
  state(store::store& store, pack_source& packs, const image::domain& domain, const content_index_options& options)
      : store_(store), packs_(packs), domain_(domain.id), options_(options), table_(2 * options.table_entries) {}

  // Set before start.
  store::store& store_;
  pack_source& packs_;
  const image::domain_id domain_;
  const content_index_options options_;

  // Guarded by mutex_; changed only with it held exclusively. runs_ is replaced, never changed.
  mutable flow::brief_mutex mutex_;
  index_table table_;
  pack_sizes known_;
  std::shared_ptr<const held_runs> runs_ = std::make_shared<const held_runs>();
  std::uint64_t scanned_ = 0;

  // Guarded by maintenance_: one thread at a time writes and merges runs. Taken before mutex_.
  std::mutex maintenance_;
  bool refused_ = false;                // the store did not take a run: not tried again before save()
  std::vector<std::string> leftovers_;  // objects that a crash, or somebody still writing, left unfinished when we opened

  result<void> load();
  bool load_runs(run_list& found);
  bool may_refer_to(const image::pack_id& pack);
  void scan(const image::pack_id& pack);
  result<void> scan_segment(const image::pack_id& pack, const std::vector<indexed_record>& records);
  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) const;

  bool spill();
  void merge();
  bool merge_once();
  run_list choose() const;
  void give_up(const run_list& runs);
  bool drop_damaged(const run_list& inputs);
  void replace(const run_list& old, const std::shared_ptr<const index_run>& by);
  void remove_leftovers();
};

// False: a run that was listed has gone since.
bool content_index::state::load_runs(run_list& found) {
  found.clear();
  leftovers_.clear();
  const auto listed = store_.list(std::string(index_folder));
  if (listed.has_error()) return true;
  bool all = true;
  for (const auto& object : listed.assume_value()) {
    if (!is_run_name(object.name)) continue;
    auto file = store_.open(object.name);
    if (file.has_error()) {
      all = all && file.assume_error().code() != errc::not_found;
      continue;
    }
    auto run = index_run::open(std::move(file).assume_value(), object.name, domain_);
    if (run.has_value()) {
      found.push_back(std::move(run).assume_value());
    } else if (is_damage(run.assume_error().code())) {
      leftovers_.push_back(object.name);
    }
  }
  return all;
}

result<void> content_index::state::load() {
  run_list found;
  for (int attempt = 1; !load_runs(found) && attempt < listing_attempts; ++attempt) continue;
  TRY(const auto listed, store_.list("packs/"));
  for (const auto& object : listed)
    if (const auto id = parse_pack_name(object.name)) known_.append(*id, object.size);
  known_.sort();

  auto runs = std::make_shared<held_runs>();
  std::vector<image::pack_id> covered;
  for (auto& run : found) {
    for (std::uint32_t i = 0; i < run->pack_count() && run->is_complete(i); ++i) covered.push_back(run->pack(i));
    runs->push_back(hold(std::move(run), known_));
  }
  std::sort(covered.begin(), covered.end());
  runs_ = std::move(runs);
  replace({}, nullptr);

  const std::lock_guard maintenance(maintenance_);
  for (const auto& id : known_.ids())
    if (!std::binary_search(covered.begin(), covered.end(), id) && may_refer_to(id)) scan(id);
  if (scanned_ != 0 && !refused_ && spill()) merge();
  return success();
}

bool content_index::state::may_refer_to(const image::pack_id& pack) {
  return is_proven(store_, domain_, pack, [this](const image::pack_id& other) { return known_.size_of(other) != 0; });
}

void content_index::state::scan(const image::pack_id& pack) {
  if (table_.is_full()) return;
  const auto opened = packs_.pack(pack);
  if (opened.has_error() || opened.assume_value()->footer_state().has_error()) return;
  const pack_reader& reader = *opened.assume_value();
  ++scanned_;
  known_.set(pack, reader.file_size());
  table_.begin_durable(pack);
  const auto read = reader.for_each_indexed([&](const auto& records) { return scan_segment(pack, records); });
  if (read.has_value()) {
    table_.finish(pack);
  } else {
    table_.give_up(pack);
  }
}

result<void> content_index::state::scan_segment(const image::pack_id& pack, const std::vector<indexed_record>& records) {
  for (const auto& r : records) {
    if (find(r.id, r.plain_size)) continue;
    if (table_.size() >= options_.table_entries && !refused_ && spill()) merge();
    if (!table_.add(pack, r)) return error(errc::no_space, "index table");
  }
  return success();
}

std::optional<image::location> content_index::state::find(const content_id& id, std::uint32_t plain_size) const {
  std::shared_ptr<const held_runs> runs;
  {
    const std::shared_lock lock(mutex_);
    if (auto found = table_.find(id, plain_size)) return found;
    runs = runs_;
  }
  for (const auto& held : *runs)
    if (auto found = held->find(id, plain_size)) return found;
  return std::nullopt;
}

// Writes what can be written as a run. False if there was nothing or it failed; then nothing has changed.
bool content_index::state::spill() {
  index_table::picked what;
  {
    const std::shared_lock lock(mutex_);
    what = table_.pick();
  }
  if (what.empty()) return false;
  auto written = write_run(store_, domain_, what.packs, *table_.stream(what));
  if (written.has_error()) {
    refused_ = true;
    return false;
  }
  const std::unique_lock lock(mutex_);
  replace({}, written.assume_value());
  table_.drop(what);
  return true;
}

// Under the exclusive lock (or before anybody else sees this).
void content_index::state::replace(const run_list& old, const std::shared_ptr<const index_run>& by) {
  auto runs = std::make_shared<held_runs>();
  for (const auto& held : *runs_) {
    const auto is_same = [&](const auto& other) { return other != nullptr && other->name() == held->run->name(); };
    if (!is_same(by) && std::none_of(old.begin(), old.end(), is_same)) runs->push_back(held);
  }
  if (by != nullptr) runs->push_back(hold(by, known_));
  // The largest answers most lookups.
  std::sort(runs->begin(), runs->end(), [](const auto& a, const auto& b) {
    if (a->run->entry_count() != b->run->entry_count()) return a->run->entry_count() > b->run->entry_count();
    return a->run->name() < b->run->name();
  });
  runs_ = std::move(runs);
}

void content_index::state::merge() {
  while (!refused_ && merge_once()) continue;
}

// Runs of one magnitude, or one whose packs are mostly gone.
run_list content_index::state::choose() const {
  const std::shared_lock lock(mutex_);
  for (const auto& held : *runs_)
    if (mostly_gone(*held)) return {held->run};
  std::vector<std::uint64_t> weights;
  for (const auto& held : *runs_) weights.push_back(weight_of(*held->run));
  run_list inputs;
  for (const auto i : choose_merge(weights, options_.run_entries)) inputs.push_back((*runs_)[i]->run);
  return inputs;
}

// False: nothing to merge, or it did not work.
bool content_index::state::merge_once() {
  const run_list inputs = choose();
  if (inputs.empty()) return false;
  const auto is_live = [this](const image::pack_id& id) {
    const std::shared_lock lock(mutex_);
    return known_.size_of(id) != 0;
  };
  merged_entries entries(inputs, is_live);
  if (entries.packs().ids.empty()) {
    give_up(inputs);
    return true;
  }
  auto written = write_run(store_, domain_, entries.packs(), entries);
  if (written.has_error()) {
    if (is_damage(written.assume_error().code()) && drop_damaged(inputs)) return true;
    refused_ = true;
    return false;
  }
  const auto merged = std::move(written).assume_value();
  if (!entries.accounts_for(*merged)) {
    refused_ = true;
    return false;
  }
  {
    const std::unique_lock lock(mutex_);
    replace(inputs, merged);
  }
  for (const auto& input : inputs)
    if (input->name() != merged->name()) (void)store_.remove(input->name());
  return true;
}

void content_index::state::give_up(const run_list& runs) {
  {
    const std::unique_lock lock(mutex_);
    replace(runs, nullptr);
  }
  for (const auto& run : runs) (void)store_.remove(run->name());
}

// Runs that do not hold what they say go: their packs will be scanned at the next open. True if there was one.
bool content_index::state::drop_damaged(const run_list& inputs) {
  run_list damaged;
  for (const auto& input : inputs)
    if (input->verify().has_error()) damaged.push_back(input);
  give_up(damaged);
  return !damaged.empty();
}

// Those that are still unfinished: somebody may have been writing them when we opened.
void content_index::state::remove_leftovers() {
  for (const auto& name : leftovers_) {
    auto file = store_.open(name);
    if (file.has_error()) continue;
    const auto run = index_run::open(std::move(file).assume_value(), name, domain_);
    if (run.has_error() && is_damage(run.assume_error().code())) (void)store_.remove(name);
  }
  leftovers_.clear();
}

content_index::content_index() = default;
content_index::~content_index() = default;

result<std::unique_ptr<content_index>> content_index::open(store::store& store, pack_source& packs, const image::domain& domain,
                                                           const content_index_options& options) {
  std::unique_ptr<content_index> index(new content_index);
  index->state_ = std::make_unique<state>(store, packs, domain, options);
  CHECK(index->state_->load());
  return index;
}

std::optional<image::location> content_index::find(const content_id& id, std::uint32_t plain_size) const {
  return state_->find(id, plain_size);
}

void content_index::add(const image::pack_id& pack, const indexed_record& r) {
  const std::unique_lock lock(state_->mutex_);
  if (!state_->table_.add(pack, r)) return;
  // A pack's last records may be told after it was finished: finishing runs on another thread.
  const std::uint64_t size = state_->known_.size_of(pack);
  if (size == 0) return;
  state_->known_.set(pack, std::max(size, state_->table_.end_of(pack)));
  state_->table_.finish(pack);
}

void content_index::pack_finished(const image::pack_id& pack) {
  bool is_large = false;
  {
    const std::unique_lock lock(state_->mutex_);
    state_->table_.finish(pack);
    state_->known_.set(pack, std::max<std::uint64_t>(state_->table_.end_of(pack), page_size));
    is_large = state_->table_.size() >= state_->options_.table_entries;
  }
  if (!is_large) return;
  const std::lock_guard maintenance(state_->maintenance_);
  if (!state_->refused_ && state_->spill()) state_->merge();
}

void content_index::save() {
  const std::lock_guard maintenance(state_->maintenance_);
  state_->refused_ = false;
  state_->spill();
  state_->merge();
  state_->remove_leftovers();
}

content_index::statistics content_index::stats() const {
  const std::shared_lock lock(state_->mutex_);
  statistics s;
  s.runs = state_->runs_->size();
  s.entries = state_->table_.size();
  s.packs_scanned = state_->scanned_;
  s.anonymous_bytes = state_->table_.anonymous_bytes() + state_->known_.anonymous_bytes();
  for (const auto& held : *state_->runs_) {
    s.entries += held->run->entry_count();
    s.anonymous_bytes += held->run->anonymous_bytes() + held->sizes.capacity() * sizeof(std::uint64_t);
  }
  return s;
}

}  // namespace umbra::native
