// SPDX-License-Identifier: GPL-3.0-or-later
// The writer's half of the commit protocol, in this order: begin · packs, synced · plan-k · read every condemned list, then list
// the packs · if the plan names a pack that is condemned or absent, store those blocks again and publish plan-(k+1), repeat ·
// outcome. An image exists if and only if its outcome says COMMIT; the order is what makes that safe against collectors without
// locks or clocks (docs/formats/native-v1.md).
#include "formats/native/vault_session.h"

#include <fmt/format.h>

#include "formats/native/content_index.h"
#include "formats/native/map_assembly.h"
#include "formats/native/pack_finisher.h"
#include "formats/native/plan_repair.h"
#include "formats/native/session_begin.h"
#include "formats/native/vault_objects.h"

namespace umbra::native {
namespace {

// A plan is repaired this often before the writer gives up: each round needs a collector that condemned once more meanwhile.
constexpr std::uint32_t plans_at_most = 16;

class vault_session final : public image::image_writer {
 public:
  vault_session(store::store& store, const superblock_info& super, std::shared_ptr<pack_cache> packs,
                std::unique_ptr<stored_image> parent, std::uint64_t pack_size, image::session_id id)
      : store_(store),
        super_(super),
        packs_(std::move(packs)),
        parent_(std::move(parent)),
        pack_size_(pack_size),
        id_(id),
        hasher_(super.domain.id_key),
        maps_(
            hasher_, [this](const record& r) { return append_record(r); }, parent_.get()),
        finisher_([this](const image::pack_id& p) { index_->pack_finished(p); }) {
    super_.kind = superblock_kind::pack;
  }

  ~vault_session() override { abandon(); }

  result<void> start(const new_image_options& options) {
    // The session begins before anything is looked up: a collector that starts later knows of it.
    TRY(begin_, begin_session(store_, super_.domain.id, id_, {options.name, options.begin_note}));
    decided_ = false;
    TRY(pack_sizes_, list_packs(store_));
    TRY(index_, content_index::open(store_, *packs_, super_.domain));
    return success();
  }

  image::session_id id() const override { return id_; }
  const image::domain& keys() const override { return super_.domain; }

  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) override {
    return index_->find(id, plain_size);
  }

  result<image::location> append(const image::sealed_block& b) override {
    const record r{record_type::data, b.id, b.plain_size, static_cast<codec::codec_id>(b.codec), b.checksum, b.stored};
    TRY(const auto where, append_to_pack(r));
    // Before the pack may be finished: its entries are complete by then.
    index_->add(where.pack, {b.id, where.offset, where.stored_size, b.plain_size});
    new_plain_ += b.plain_size;
    CHECK(close_full_pack());
    return where;
  }

  result<void> secure() override { return finish_packs(); }
  result<void> begin_source(const image::source_info& source) override { return maps_.begin_source(source); }
  result<void> select_source(std::size_t source) override { return maps_.select_source(source); }
  result<void> put_region(const image::region& r) override { return maps_.put_region(r); }
  result<void> keep_region(std::uint64_t index) override { return maps_.keep_region(index); }
  result<void> put_uniform(std::uint64_t index, std::uint64_t count, image::block_state state) override {
    return maps_.put_uniform(index, count, state);
  }
  result<void> end_source(const image::source_info& source) override { return maps_.end_source(source); }

  result<image::image_info> commit(const image::commit_request& request) override {
    manifest m;
    maps_.describe(m);
    m.info.id = id_;
    if (parent_) m.info.parent = parent_->info().id;
    m.info.domain = super_.domain.id;
    m.info.block_size = super_.domain.block_size;
    m.info.created = request.created;
    m.info.metadata = request.metadata;
    for (m.plan = 0; m.plan < plans_at_most; ++m.plan) {
      CHECK(finish_packs());
      CHECK(complete(m));
      const auto bytes = encode(m, hasher_);
      CHECK(within("the manifest about to be published", decode_manifest(bytes)));
      CHECK(store_.put_if_absent(plan_object(id_, m.plan), bytes));
      TRY(const auto lost, lost_packs(m));
      if (lost.empty()) return decide(m, bytes);
      stored_image candidate(m, super_.domain, packs_);
      TRY(auto repaired, repair_maps(candidate, lost, hasher_, [this](const record& r) { return append_record(r); }));
      repaired.describe(m);
    }
    return error(errc::busy, store_.location() + ": a collector keeps condemning what this image needs; run the backup again");
  }

  void abandon() noexcept override {
    if (decided_) return;
    decided_ = true;
    // What was written is worth keeping for the next run; errors no longer matter.
    (void)finish_packs().has_error();
    remove_unfinished();
    if (index_) index_->save();
    const auto body = encode_outcome({verdict::dead, 0, {}});
    const auto object = encode_object(object_kind::outcome, super_.domain.id, id_, body);
    (void)store_.put_if_absent(session_object(id_, "outcome"), object).has_error();
  }

 private:
  result<image::location> append_record(const record& r) {
    TRY(const auto where, append_to_pack(r));
    CHECK(close_full_pack());
    return where;
  }

  result<image::location> append_to_pack(const record& r) {
    if (broken_) return error(errc::io_write, "this session's last pack was not written");
    broken_ = true;  // until it has gone well
    if (!pack_) CHECK(start_pack());
    TRY(const auto where, pack_->append(r));
    broken_ = false;
    return where;
  }

  result<void> close_full_pack() {
    if (pack_->size() < pack_size_) return success();
    broken_ = true;
    CHECK(finisher_.finish(std::move(pack_)));
    broken_ = false;
    return success();
  }

  result<void> start_pack() {
    super_.pack = {id_, next_pack_++};
    TRY(auto out, store_.create(pack_name(super_.pack)));
    TRY(pack_, pack_writer::start(std::move(out), super_, hasher_));
    return success();
  }

  result<void> finish_packs() {
    if (broken_) return error(errc::io_write, "this session's last pack was not written");
    if (pack_) {
      broken_ = true;
      CHECK(finisher_.finish(std::move(pack_)));
    }
    broken_ = true;
    CHECK(finisher_.wait());
    broken_ = false;
    return success();
  }

  // A pack that could not be finished, such as one that filled the disk, serves nobody: no plan of this session was decided, and
  // no other session refers to a pack without a footer.
  void remove_unfinished() noexcept {
    pack_.reset();
    (void)finisher_.wait().has_error();
    for (std::uint32_t n = 0; n < next_pack_; ++n) {
      const image::pack_id id{id_, n};
      if (!finisher_.sizes().contains(id)) (void)store_.remove(pack_name(id)).has_error();
    }
  }

  // Sizes of packs, and what this session added.
  result<void> complete(manifest& m) {
    m.info.new_plain_bytes = new_plain_;
    m.info.new_stored_bytes = 0;
    for (const auto& [id, size] : finisher_.sizes()) m.info.new_stored_bytes += size;
    for (auto& p : m.packs) {
      const auto own = finisher_.sizes().find(p.id);
      const auto other = pack_sizes_.find(p.id);
      if (own != finisher_.sizes().end()) {
        p.size = own->second;
      } else if (other != pack_sizes_.end()) {
        p.size = other->second;
      }
    }
    m.info.root = root_of(m, hasher_);
    return success();
  }

  // Condemned lists first, pack list second: the reverse order has a hole.
  result<std::set<image::pack_id>> lost_packs(const manifest& m) {
    TRY(const auto condemned, read_condemned(store_, super_.domain.id));
    TRY(const auto present, list_packs(store_));
    std::set<image::pack_id> lost;
    for (const auto& p : m.packs) {
      if (condemned.contains(p.id) || !present.contains(p.id)) lost.insert(p.id);
    }
    return lost;
  }

  result<image::image_info> decide(const manifest& m, byte_view plan) {
    const auto body = encode_outcome({verdict::commit, m.plan, manifest_seal(plan)});
    const auto object = encode_object(object_kind::outcome, super_.domain.id, id_, body);
    auto put = store_.put_if_absent(session_object(id_, "outcome"), object);
    if (put.has_error() && put.assume_error().code() == errc::exists) {
      decided_ = true;
      return error(errc::busy, fmt::format("{}: a collector gave this session up; run the backup again", store_.location()));
    }
    CHECK(put);
    decided_ = true;
    index_->save();
    return m.info;
  }

  // set before start
  store::store& store_;
  superblock_info super_;
  std::shared_ptr<pack_cache> packs_;
  std::unique_ptr<stored_image> parent_;
  std::uint64_t pack_size_;
  image::session_id id_;
  content_hasher hasher_;
  std::unique_ptr<store::file_lock> begin_;
  std::unique_ptr<content_index> index_;
  std::map<image::pack_id, std::uint64_t> pack_sizes_;  // of packs that were there at the start
  // used by the one writing thread
  map_assembly maps_;
  std::unique_ptr<pack_writer> pack_;
  pack_finisher finisher_;
  std::uint32_t next_pack_ = 0;
  std::uint64_t new_plain_ = 0;
  bool broken_ = false;
  bool decided_ = true;  // false once begun
};

}  // namespace

result<std::unique_ptr<image::image_writer>> start_vault_session(store::store& store, const superblock_info& super,
                                                                 std::shared_ptr<pack_cache> packs,
                                                                 std::unique_ptr<stored_image> parent,
                                                                 const new_image_options& options, random_source& random) {
  auto session = std::make_unique<vault_session>(store, super, std::move(packs), std::move(parent), options.pack_size,
                                                 random.make<image::session_id>());
  CHECK(session->start(options));
  return std::unique_ptr<image::image_writer>(std::move(session));
}

}  // namespace umbra::native
