// SPDX-License-Identifier: GPL-3.0-or-later
// Small packs for tests, and what they hold.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "formats/native/pack_reader.h"
#include "formats/native/pack_writer.h"
#include "tests/support/byte_file.h"
#include "tests/support/pattern.h"

namespace umbra::native::samples {

using bytes = std::vector<std::byte>;

// The value, or the test ends with the error's words.
template <class T>
T must(result<T> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
  return std::move(r).assume_value();
}
inline void must(result<void> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
}

inline superblock_info super(std::uint64_t seed = 1) {
  const auto random = seeded_random(seed);
  superblock_info info;
  info.domain.id = random->make<image::domain_id>();
  info.domain.id_key = random->make<content_key>();
  info.domain.secret = random->make<change_secret>();
  info.domain.block_size = 64 << 10;
  info.pack.session = random->make<image::session_id>();
  info.pack.number = 3;
  return info;
}

struct sample_record {
  record_type type = record_type::data;
  image::location where;
  content_id id;
  bytes plain;
};

struct sample_pack {
  superblock_info super;
  bytes data;  // the whole file
  std::vector<sample_record> records;
  std::vector<std::size_t> appends;
  std::vector<indexed_record> index;
};

// A pack under way: append by size, with content that depends on the running number.
class builder {
 public:
  explicit builder(const superblock_info& info, const pack_shape& shape = {})
      : hasher_(info.domain.id_key), out_(std::make_shared<test::written_bytes>()) {
    pack_.super = info;
    writer_ = must(pack_writer::start(std::make_unique<test::byte_writer>(out_), info, hasher_, shape));
  }

  builder& add(std::size_t size, record_type type = record_type::data) {
    const auto plain = test::random_bytes(100 + pack_.records.size(), size);
    const auto r = plain_record(type, hasher_, plain);
    pack_.records.push_back({type, must(writer_->append(r)), r.id, plain});
    return *this;
  }
  builder& add_encoded(byte_view plain) {
    const auto encoder = must(codec::make_encoder({}));
    bytes stored(plain.size());
    stored.resize(encoder->encode(plain, stored));
    auto r = plain_record(record_type::data, hasher_, plain);
    r.codec = codec::codec_id::lz4;
    r.stored = stored;
    r.checksum = checksum(stored);
    pack_.records.push_back({r.type, must(writer_->append(r)), r.id, bytes(plain.begin(), plain.end())});
    return *this;
  }
  builder& manifest(byte_view plain) {
    must(writer_->append_manifest(plain));
    return *this;
  }
  sample_pack finish() {
    pack_.index = writer_->take_index();
    const auto size = must(writer_->finish());
    pack_.data = out_->bytes;
    pack_.appends = out_->appends;
    if (size != pack_.data.size() || !out_->finished) throw std::runtime_error("finish() tells another size");
    return std::move(pack_);
  }
  pack_writer& writer() { return *writer_; }
  test::written_bytes& out() { return *out_; }

 private:
  content_hasher hasher_;
  std::shared_ptr<test::written_bytes> out_;
  std::unique_ptr<pack_writer> writer_;
  sample_pack pack_;
};

// One segment of three records: 16 KiB in all.
inline sample_pack small() { return builder(super()).add(700).add(300, record_type::leaf).add(50).finish(); }

// `segments` segments of two records each.
inline sample_pack many(std::size_t segments, std::uint32_t per_checkpoint = checkpoint_interval) {
  builder b(super(), {1000, per_checkpoint});
  for (std::size_t i = 0; i < segments; ++i) b.add(300 + i % 7).add(600 + i % 11);
  return b.finish();
}

inline result<std::unique_ptr<pack_reader>> open(byte_view data, range unreadable = {}) {
  return pack_reader::open(std::make_unique<test::byte_file>(data, unreadable), "pack", std::nullopt);
}

inline result<bytes> read(const pack_reader& pack, const sample_record& r) {
  codec::decoder decoder;
  bytes scratch;
  bytes plain(r.plain.size());
  CHECK(pack.read_record(r.where, r.type, r.id, decoder, scratch, plain));
  return plain;
}

inline result<pack_reader::walk_report> walk(byte_view data, range unreadable = {}) {
  TRY(const auto pack, open(data, unreadable));
  return pack->walk([](const auto&) -> result<void> { return success(); });
}

inline result<std::vector<indexed_record>> indexed(byte_view data) {
  TRY(const auto pack, open(data));
  std::vector<indexed_record> all;
  CHECK(pack->for_each_indexed([&](const auto& segment) -> result<void> {
    all.insert(all.end(), segment.begin(), segment.end());
    return success();
  }));
  return all;
}

inline void flip(bytes& data, std::size_t bit) { data[bit / 8] ^= std::byte{1} << (bit % 8); }

}  // namespace umbra::native::samples
