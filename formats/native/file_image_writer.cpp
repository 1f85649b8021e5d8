// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/file_image_writer.h"

#include "formats/native/dedup_window.h"
#include "formats/native/map_assembly.h"
#include "formats/native/pack_writer.h"
#include "formats/native/stored_image.h"

namespace umbra::native {
namespace {

class file_image_writer final : public image::image_writer {
 public:
  file_image_writer(superblock_info super, stored_image* parent)
      : super_(std::move(super)),
        parent_(parent),
        hasher_(super_.domain.id_key),
        maps_(
            hasher_, [this](const record& r) { return pack_->append(r); }, parent) {}

  result<void> start(std::unique_ptr<store::object_writer> out, const pack_shape& shape) {
    if (parent_ != nullptr) CHECK(enter_known());
    TRY(pack_, pack_writer::start(std::move(out), super_, hasher_, shape));
    return success();
  }

  image::session_id id() const override { return super_.pack.session; }
  const image::domain& keys() const override { return super_.domain; }

  std::optional<image::location> find(const content_id& id, std::uint32_t plain_size) override {
    return known_.find(id, plain_size);
  }

  result<image::location> append(const image::sealed_block& b) override {
    if (!pack_) return error(errc::internal, "the image was given up");
    TRY(const auto where,
        pack_->append({record_type::data, b.id, b.plain_size, static_cast<codec::codec_id>(b.codec), b.checksum, b.stored}));
    known_.add(b.id, b.plain_size, where);
    new_plain_ += b.plain_size;
    return where;
  }

  result<void> secure() override { return success(); }
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
    m.single_file = true;
    m.info.id = id();
    if (parent_ != nullptr) m.info.parent = parent_->info().id;
    m.info.domain = super_.domain.id;
    m.info.block_size = super_.domain.block_size;
    m.info.created = request.created;
    m.info.metadata = request.metadata;
    m.info.new_plain_bytes = new_plain_;
    m.info.new_stored_bytes = pack_->size();
    m.info.root = root_of(m, hasher_);
    fill_sizes(m);
    const auto bytes = encode(m, hasher_);
    CHECK(within("the manifest about to be written", decode_manifest(bytes)));
    CHECK(pack_->append_manifest(bytes));
    CHECK(pack_->finish());
    return m.info;
  }

  void abandon() noexcept override { pack_.reset(); }

 private:
  // Contents of the parent's chain may be referred to.
  result<void> enter_known() {
    for (const auto& id : parent_->packs()) {
      TRY(const auto pack, parent_->source_of_packs().pack(id));
      CHECK(pack->for_each_indexed([&](const std::vector<indexed_record>& records) -> result<void> {
        for (const auto& r : records) known_.add(r.id, r.plain_size, {id, r.offset, r.stored_size});
        return success();
      }));
    }
    return success();
  }

  void fill_sizes(manifest& m) {
    for (auto& p : m.packs) {
      if (p.id == super_.pack || parent_ == nullptr) continue;
      const auto pack = parent_->source_of_packs().pack(p.id);
      if (pack.has_value()) p.size = pack.assume_value()->file_size();
    }
  }

  superblock_info super_;
  stored_image* parent_;
  content_hasher hasher_;
  dedup_window known_;
  std::unique_ptr<pack_writer> pack_;
  map_assembly maps_;
  std::uint64_t new_plain_ = 0;
};

}  // namespace

result<std::unique_ptr<image::image_writer>> make_file_image_writer(std::unique_ptr<store::object_writer> out,
                                                                    const image_file_options& options, random_source& random) {
  stored_image* parent = nullptr;
  superblock_info super;
  super.kind = superblock_kind::pack;
  if (options.parent != nullptr) {
    parent = dynamic_cast<stored_image*>(options.parent);
    if (parent == nullptr) return error(errc::usage, "the parent is not an Umbra image");
    super.domain = parent->keys();
  } else {
    super.domain = {random.make<image::domain_id>(), random.make<content_key>(), random.make<change_secret>(),
                    options.block_size};
  }
  super.pack = {random.make<image::session_id>(), 0};
  auto writer = std::make_unique<file_image_writer>(std::move(super), parent);
  CHECK(writer->start(std::move(out), options.shape));
  return std::unique_ptr<image::image_writer>(std::move(writer));
}

}  // namespace umbra::native
