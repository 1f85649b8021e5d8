// SPDX-License-Identifier: GPL-3.0-or-later
// Entries, runs and packs for tests of the content index.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/store/store.h"
#include "formats/native/content_index.h"
#include "formats/native/index_run_writer.h"
#include "formats/native/objects.h"
#include "formats/native/pack_cache.h"
#include "tests/formats/native/pack_samples.h"

namespace umbra::native::samples {

inline content_id id_number(std::uint64_t n) {
  content_id id;
  test::fill_random(n + 1, id.bytes);
  return id;
}

inline image::pack_id pack_number(std::uint32_t n) {
  image::pack_id id;
  test::fill_random(1'000'000 + n, id.session.bytes);
  id.number = n;
  return id;
}

inline run_entry entry_number(std::uint64_t n, std::uint32_t packs = 1) {
  run_entry e;
  e.id = id_number(n);
  e.offset = page_size + n * 16;
  e.stored_size = static_cast<std::uint32_t>(100 + n % 1000);
  e.plain_size = static_cast<std::uint32_t>(512 * (1 + n % 128));
  e.pack = static_cast<std::uint32_t>(n % packs);
  return e;
}

class listed_entries final : public entry_stream {
 public:
  explicit listed_entries(std::vector<run_entry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  }
  void rewind() override { next_ = 0; }
  result<bool> next(run_entry& out) override {
    if (next_ == entries_.size()) return false;
    out = entries_[next_++];
    return true;
  }
  std::uint64_t at_most() const override { return entries_.size(); }

 private:
  std::vector<run_entry> entries_;
  std::size_t next_ = 0;
};

inline std::vector<run_entry> entries(std::uint64_t first, std::uint64_t count, std::uint32_t packs = 1) {
  std::vector<run_entry> all;
  for (std::uint64_t n = first; n < first + count; ++n) all.push_back(entry_number(n, packs));
  return all;
}

inline run_packs table_of(std::uint32_t first, std::uint32_t count, std::uint32_t partial = 0) {
  run_packs packs;
  for (std::uint32_t n = first; n < first + count; ++n) packs.ids.push_back(pack_number(n));
  packs.partial = partial;
  return packs;
}

inline bool operator==(const run_entry& a, const run_entry& b) {
  return a.id == b.id && a.offset == b.offset && a.stored_size == b.stored_size && a.plain_size == b.plain_size &&
         a.pack == b.pack;
}

inline std::shared_ptr<const index_run> write(store::store& store, std::vector<run_entry> of, const run_packs& packs) {
  listed_entries stream(std::move(of));
  return must(write_run(store, super().domain.id, packs, stream));
}

// A store that can be told to refuse writes.
class stubborn_store final : public store::store {
 public:
  explicit stubborn_store(umbra::store::store& inner) : inner_(inner) {}
  bool read_only = false;
  std::size_t creates = 0;  // attempted

  std::string location() const override { return inner_.location(); }
  result<void> put_if_absent(const std::string& name, byte_view data) override {
    if (read_only) return error(errc::denied, name);
    return inner_.put_if_absent(name, data);
  }
  result<std::unique_ptr<umbra::store::object_writer>> create(const std::string& name) override {
    ++creates;
    if (read_only) return error(errc::denied, name);
    return inner_.create(name);
  }
  result<std::unique_ptr<umbra::store::input_file>> open(const std::string& name) override { return inner_.open(name); }
  result<std::vector<std::byte>> get(const std::string& name, std::uint64_t limit) override { return inner_.get(name, limit); }
  result<std::vector<umbra::store::object_entry>> list(const std::string& prefix) override { return inner_.list(prefix); }
  result<void> remove(const std::string& name) override {
    if (read_only) return error(errc::denied, name);
    return inner_.remove(name);
  }
  result<std::unique_ptr<umbra::store::file_lock>> lock(const std::string& name) override { return inner_.lock(name); }

 private:
  umbra::store::store& inner_;
};

// A vault's packs and its index, and the truth about both.
struct indexed_vault {
  std::unique_ptr<store::store> store = store::make_memory_store();
  pack_cache packs{*store};
  std::map<content_id, std::set<std::pair<image::pack_id, std::uint64_t>>> truth;
  std::map<content_id, std::uint32_t> sizes;
  std::uint64_t next_content = 0;
  bool sessions_commit = true;

  void decide(const image::pack_id& pack, verdict what) {
    outcome o;
    o.what = what;
    if (what == verdict::commit) o.plan_seal.bytes[0] = std::byte{1};
    const auto object = encode_object(object_kind::outcome, super().domain.id, pack.session, encode_outcome(o));
    must(store->put_if_absent(session_object(pack.session, "outcome"), object));
  }

  // A pack of `records` small records, with new content but for the first `repeated`, which repeat the vault's first. Its records
  // are added to `index` if there is one.
  image::pack_id add_pack(std::uint32_t number, std::size_t records, content_index* index = nullptr, bool finish = true,
                          std::size_t repeated = 0) {
    return add_pack_as(pack_number(number), records, index, finish, repeated);
  }
  image::pack_id add_pack_as(const image::pack_id& id, std::size_t records, content_index* index = nullptr, bool finish = true,
                             std::size_t repeated = 0) {
    auto info = super();
    info.pack = id;
    const content_hasher hasher(info.domain.id_key);
    auto writer = must(pack_writer::start(must(store->create(pack_name(info.pack))), info, hasher, pack_shape{4096, 64}));
    for (std::size_t i = 0; i < records; ++i) {
      const std::uint64_t content = i < repeated ? i : next_content++;
      const auto plain = test::random_bytes(50'000 + content, 16 + content % 50);
      const auto r = plain_record(record_type::data, hasher, plain);
      const auto where = must(writer->append(r));
      truth[r.id].insert({info.pack, where.offset});
      sizes[r.id] = r.plain_size;
      if (index != nullptr) index->add(info.pack, {r.id, where.offset, where.stored_size, r.plain_size});
    }
    if (!finish) return info.pack;
    must(writer->finish());
    if (sessions_commit) decide(info.pack, verdict::commit);
    if (index != nullptr) index->pack_finished(info.pack);
    return info.pack;
  }

  std::unique_ptr<content_index> open(const content_index_options& options = {}) { return open(*store, options); }
  std::unique_ptr<content_index> open(store::store& through, const content_index_options& options = {}) {
    return must(content_index::open(through, packs, super().domain, options));
  }

  // Of all that was ever stored: how many are found. Throws at a wrong location.
  std::size_t found(const content_index& index) const {
    std::size_t count = 0;
    for (const auto& [id, places] : truth) {
      const auto where = index.find(id, sizes.at(id));
      if (!where) continue;
      if (!places.contains({where->pack, where->offset})) throw std::runtime_error("a wrong location");
      if (where->stored_size != sizes.at(id)) throw std::runtime_error("a wrong size");
      ++count;
    }
    return count;
  }
  std::vector<std::string> runs() const {
    std::vector<std::string> names;
    for (const auto& o : must(store->list("index/"))) names.push_back(o.name);
    return names;
  }
  void remove_runs() {
    for (const auto& name : runs()) must(store->remove(name));
  }
};

}  // namespace umbra::native::samples
