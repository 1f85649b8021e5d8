// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/golden/golden_set.h"

#include <fmt/format.h>

#include "formats/native/image_file.h"
#include "formats/native/objects.h"
#include "formats/native/vault.h"
#include "tests/support/sha256.h"
#include "tests/support/sim_file_system.h"

namespace umbra::golden {
namespace {

using codec::codec_id;
using image::block_state;
using image::region_size;
using native::image_file_options;

constexpr std::uint64_t kib = 1024;
constexpr std::int64_t first_day = 1767225600;  // 2026-01-01 UTC

std::string metadata(const std::string& name, std::string_view codec, std::size_t sources) {
  std::string list;
  for (std::size_t i = 0; i < sources; ++i) list += fmt::format("{}{{\"path\":\"/dev/golden{}\"}}", i == 0 ? "" : ",", i);
  return fmt::format(
      R"({{"host":"golden","name":"{}","options":{{"codec":"{}"}},"result":{{"fault_count":0}},"sources":[{}],"tool":"golden_make"}})",
      name, codec, list);
}

// ---- single files -------------------------------------------------------------------------------------------------------------
class file_maker {
 public:
  explicit file_maker(file_set& out) : out_(out) {}

  struct request {
    std::string name = {};  // without suffix
    std::vector<drawing> sources = {};
    codec_id codec = codec_id::lz4;
    std::uint32_t block_size = 64 * kib;
    std::string parent = {};
    native::pack_shape shape = {};
  };

  void make(const request& r) {
    const auto path = "/" + r.name + ".umbra";
    const auto random = seeded_random(++seed_);
    std::unique_ptr<image::image_reader> parent;
    if (!r.parent.empty()) parent = must(native::open_image_file(disk_, "/" + r.parent + ".umbra", {}));
    const image_file_options options{r.block_size, parent.get(), r.shape};
    auto writer = must(native::create_image_file(disk_, path, options, *random));
    std::string sums;
    for (std::size_t i = 0; i < r.sources.size(); ++i) {
      write_source(*writer, r.sources[i], r.codec);
      sums += sums_of(r.sources[i], std::to_string(i));
    }
    const auto day = first_day + static_cast<std::int64_t>(seed_) * 86400;
    must(writer->commit({day, metadata(r.name, codec::name_of(r.codec), r.sources.size())}));
    out_[r.name + ".umbra"] = disk_.content(path).value();
    const auto text = as_bytes(sums);
    out_[r.name + ".umbra.sha256"] = bytes(text.begin(), text.end());
  }

 private:
  file_set& out_;
  test::sim_file_system disk_;
  std::uint64_t seed_ = 100;
};

// A region of words, noise and zeros, and a second one with a little at its end.
drawing two_regions(std::uint64_t seed) {
  drawing d;
  d.pieces = {words(seed, 24 * kib),
              noise(seed + 1, 4 * kib),
              gap(block_state::zero, 56 * kib),
              words(seed + 2, 19 * 512),
              gap(block_state::unallocated, region_size - 84 * kib - 19 * 512),
              gap(block_state::zero, 512 * kib),
              run(seed + 3, 64 * kib),
              noise(seed + 4, 512)};
  return d;
}

// The same disk a day later: one block changed, one moved to where zeros were, the second region untouched.
drawing two_regions_later(std::uint64_t seed) {
  drawing d = two_regions(seed);
  d.pieces[0] = words(seed + 10, 24 * kib);
  d.pieces[2] = gap(block_state::zero, 52 * kib);
  d.pieces.insert(d.pieces.begin() + 3, noise(seed + 1, 4 * kib));
  d.kept = {1};
  return d;
}

drawing all_states() {
  drawing d;
  d.logical_sector = 4096;
  d.pieces = {words(40, 4 * kib),
              gap(block_state::unallocated, 3 * 512),
              gap(block_state::zero, 512),
              gap(block_state::unreadable, 4 * kib),
              gap(block_state::excluded, 100 * kib),
              noise(41, 512),
              gap(block_state::zero, 64 * kib),
              noise(42, 700)};  // the source ends inside a sector
  return d;
}

drawing small_cuts() {
  drawing d;
  d.pieces = {noise(50, 512), gap(block_state::unallocated, 62 * 512)};  // as old partition tables leave it
  for (std::uint64_t i = 0; i < 6; ++i) d.pieces.push_back(words(51 + i, 4 * kib));
  d.pieces.push_back(words(51, 4 * kib));  // a second time
  for (std::uint64_t i = 0; i < 4; ++i) d.pieces.push_back(words(60 + i, 512 * (i + 1)));
  d.pieces.push_back(gap(block_state::zero, 20 * 512));
  return d;
}

// Two levels of nodes; almost all of it is empty.
drawing deep() {
  drawing d;
  d.pieces = {gap(block_state::unallocated, 3 * region_size),
              words(70, 12 * kib),
              gap(block_state::zero, region_size - 12 * kib),
              gap(block_state::unallocated, 266 * region_size),
              gap(block_state::zero, 4 * kib),
              noise(71, 4 * kib),
              gap(block_state::unallocated, region_size - 8 * kib),
              gap(block_state::excluded, 20 * region_size),
              words(72, 8 * kib),
              gap(block_state::zero, 300 * kib)};
  return d;
}

drawing many_blocks() {
  drawing d;
  for (std::uint64_t i = 0; i < 24; ++i) {
    d.pieces.push_back(noise(80 + i, 512 * (1 + i % 4)));
    if (i % 5 == 4) d.pieces.push_back(gap(block_state::zero, 512));
  }
  return d;
}

std::vector<drawing> several() {
  drawing nothing;
  drawing zeros;
  zeros.pieces = {gap(block_state::zero, 100 * kib)};
  drawing tiny;
  tiny.pieces = {words(90, 100)};
  drawing usual;
  usual.pieces = {words(91, 16 * kib), gap(block_state::unallocated, 32 * kib), words(91, 16 * kib)};
  return {usual, nothing, zeros, tiny};
}

void make_files(file_set& out) {
  file_maker files(out);
  files.make({.name = "single", .sources = {two_regions(10)}});
  files.make({.name = "child", .sources = {two_regions_later(10)}, .parent = "single"});
  files.make({.name = "zstd", .sources = {two_regions(20)}, .codec = codec_id::zstd});
  files.make({.name = "none", .sources = {{.pieces = {words(30, 12 * kib), noise(31, 9 * kib)}}}, .codec = codec_id::none});
  files.make({.name = "blocks-4k", .sources = {small_cuts()}, .block_size = 4096});
  files.make({.name = "states", .sources = {all_states()}});
  files.make({.name = "several-sources", .sources = several()});
  files.make({.name = "deep", .sources = {deep()}});
  files.make({.name = "segments", .sources = {many_blocks()}, .shape = {.segment_size = 6000, .segments_per_checkpoint = 2}});
}

// ---- vaults -------------------------------------------------------------------------------------------------------------------
class vault_maker {
 public:
  explicit vault_maker(std::uint64_t seed) : random_(seeded_random(seed)), store_(store::make_memory_store()) {
    must(native::vault::create(*store_, 64 * kib, *random_));
    vault_ = must(native::vault::open(*store_, native::intent::add));
  }

  store::store& objects() { return *store_; }
  const image::domain& keys() { return vault_->keys(); }

  std::unique_ptr<image::image_writer> begin(const std::string& name, std::optional<image::session_id> parent = {}) {
    native::new_image_options options;
    options.name = name;
    options.parent = parent;
    options.pack_size = 12 * kib;
    options.begin_note = R"({"host":"golden","process":1})";
    return must(vault_->new_image(options, *random_));
  }

  image::session_id commit(image::image_writer& writer, const std::string& name, const std::vector<drawing>& sources) {
    ++day_;
    const auto info = must(writer.commit({first_day + day_ * 86400, metadata(name, "lz4", sources.size())}));
    for (std::size_t i = 0; i < sources.size(); ++i)
      sums_ += sums_of(sources[i], fmt::format("{} {}", to_hex(info.id.view()), i));
    return info.id;
  }

  image::session_id make(const std::string& name, const std::vector<drawing>& sources,
                         std::optional<image::session_id> parent = {}) {
    const auto writer = begin(name, parent);
    for (const auto& d : sources) write_source(*writer, d, codec_id::lz4);
    return commit(*writer, name, sources);
  }

  void put(const std::string& name, byte_view object) { must(store_->put_if_absent(name, object)); }

  // All objects but the index, which is derived.
  void dump(file_set& out, const std::string& folder) {
    for (const auto& e : must(store_->list("")))
      if (!e.name.starts_with("index/")) out[folder + "/" + e.name] = must(store_->get(e.name, e.size));
    const auto text = as_bytes(sums_);
    out[folder + ".sha256"] = bytes(text.begin(), text.end());
  }

 private:
  std::unique_ptr<random_source> random_;
  std::unique_ptr<store::store> store_;
  std::unique_ptr<native::vault> vault_;
  std::int64_t day_ = 0;
  std::string sums_;
};

// A backup that died after it had stored something.
image::session_id make_dead(vault_maker& v, const drawing& d) {
  const auto writer = v.begin("dead");
  write_source(*writer, d, codec_id::lz4);
  writer->abandon();
  return writer->id();
}

// An image that found blocks of the dead session, whose pack a collector then condemned and removed: it is at its second plan.
void make_repaired(vault_maker& v) {
  drawing d;
  d.pieces = {words(230, 12 * kib), gap(block_state::zero, 4 * kib)};
  const auto dead = make_dead(v, d);
  const image::pack_id pack{dead, 0};
  const auto writer = v.begin("repaired");
  d.pieces.push_back(words(231, 5 * kib));
  write_source(*writer, d, codec_id::lz4);
  v.put("condemned/1", native::encode_object(native::object_kind::condemned, v.keys().id, {}, native::encode_condemned({pack})));
  v.commit(*writer, "repaired", {d});
  must(v.objects().remove(native::pack_name(pack)));
}

void make_basic_vault(file_set& out) {
  vault_maker v(7);
  drawing second;
  second.pieces = {noise(210, 3 * kib), words(211, 10 * kib), gap(block_state::unallocated, 51 * kib)};
  drawing second_later = second;
  second_later.pieces[0] = noise(212, 3 * kib);
  drawing other;
  other.pieces = {gap(block_state::zero, 64 * kib), words(200, 24 * kib), words(221, 8 * kib)};

  const auto full = v.make("disk", {two_regions(200), second});
  v.make("disk", {two_regions_later(200), second_later}, full);
  v.make("other", {other});
  make_repaired(v);
  const auto unwanted = v.make("unwanted", {{.pieces = {noise(240, kib)}}});
  v.put(native::session_object(unwanted, "forgotten"),
        native::encode_object(native::object_kind::forgotten, v.keys().id, unwanted, {}));
  v.dump(out, "vault-basic");
}

}  // namespace

file_set make_golden_set() {
  file_set out;
  make_files(out);
  make_basic_vault(out);
  return out;
}

file_set make_victims() {
  file_set out;
  file_maker files(out);
  files.make({.name = "image",
              .sources = {{.pieces = {run(300, 5 * kib), noise(301, 512), noise(302, 512), gap(block_state::zero, 3 * kib)}}}});
  files.make({.name = "child", .sources = {{.pieces = {run(300, 5 * kib), noise(303, 512)}}}, .parent = "image"});
  vault_maker v(8);
  v.make("victim", {{.pieces = {run(310, 2 * kib), noise(311, 512)}}});
  v.dump(out, "vault");
  return out;
}

std::string codec_fingerprint() {
  const bytes sample = content_of(words(1, 64 * kib));
  test::sha256 sum;
  for (const auto id : {codec_id::lz4, codec_id::zstd}) {
    const auto encoder = must(codec::make_encoder({id, 0, 1}));
    bytes encoded(sample.size());
    encoded.resize(encoder->encode(sample, encoded));
    sum.add(encoded);
  }
  return sum.hex();
}

}  // namespace umbra::golden
