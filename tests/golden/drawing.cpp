// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/golden/drawing.h"

#include <algorithm>

#include <fmt/format.h>

#include "tests/support/pattern.h"
#include "tests/support/sha256.h"

namespace umbra::golden {
namespace {

using image::block_state;
using image::region_size;

constexpr std::uint64_t summed_whole = 64u << 20;

image::source_info info_of(const drawing& d) {
  image::source_info info;
  info.logical_sector = d.logical_sector;
  for (const piece& p : d.pieces) {
    info.size += p.size;
    switch (p.state) {
      case block_state::unallocated: info.unallocated_bytes += p.size; break;
      case block_state::zero: info.zero_bytes += p.size; break;
      case block_state::stored: info.stored_bytes += p.size; break;
      case block_state::unreadable: info.unreadable_bytes += p.size; break;
      case block_state::excluded: info.excluded_bytes += p.size; break;
    }
  }
  return info;
}

class source_writer {
 public:
  source_writer(image::image_writer& writer, const drawing& d, codec::codec_id codec)
      : writer_(writer),
        drawing_(d),
        info_(info_of(d)),
        content_(writer.keys().id_key),
        change_(writer.keys().secret),
        encoder_(must(codec::make_encoder({codec, 0, 1}))) {}

  void run() {
    must(writer_.begin_source(info_));
    for (const piece& p : drawing_.pieces) {
      const bool run = p.state != block_state::stored && at_ % region_size == 0 && p.size >= region_size;
      if (run) {
        must(writer_.put_uniform(at_ / region_size, (p.size + region_size - 1) / region_size, p.state));
        at_ += p.size;
      } else {
        add(p);
      }
    }
    must(writer_.end_source(info_));
  }

 private:
  void add(const piece& p) {
    open_.blocks.push_back(block_of(p));
    at_ += p.size;
    const auto begin = open_.blocks.front().offset;
    if (at_ != info_.size && at_ - begin != region_size) return;
    open_.index = begin / region_size;
    open_.size = at_ - begin;
    must(drawing_.kept.contains(open_.index) ? writer_.keep_region(open_.index) : writer_.put_region(open_));
    open_ = {};
  }

  image::block block_of(const piece& p) {
    image::block b;
    b.offset = at_;
    b.size = p.size;
    b.state = p.state;
    if (p.state != block_state::stored || drawing_.kept.contains(at_ / region_size)) return b;
    const bytes plain = content_of(p);
    b.change = change_(plain);
    b.id = content_(plain);
    const auto known = writer_.find(b.id, static_cast<std::uint32_t>(plain.size()));
    b.where = known ? *known : store(b.id, plain);
    return b;
  }

  image::location store(const content_id& id, const bytes& plain) {
    bytes encoded(plain.size());
    const auto size = encoder_->encode(plain, encoded);
    encoded.resize(size);
    const bytes& stored = size == 0 ? plain : encoded;
    const auto codec = size == 0 ? codec::codec_id::none : encoder_->id();
    return must(writer_.append(
        {id, static_cast<std::uint32_t>(plain.size()), static_cast<std::uint8_t>(codec), checksum(stored), stored}));
  }

  image::image_writer& writer_;
  const drawing& drawing_;
  image::source_info info_;
  content_hasher content_;
  change_hasher change_;
  std::unique_ptr<codec::encoder> encoder_;
  image::region open_;
  std::uint64_t at_ = 0;
};

void add_zeros(test::sha256& sum, std::uint64_t size) {
  static const bytes zeros(1u << 20);
  for (; size > 0; size -= std::min<std::uint64_t>(size, zeros.size()))
    sum.add(byte_view(zeros).first(static_cast<std::size_t>(std::min<std::uint64_t>(size, zeros.size()))));
}

}  // namespace

std::uint64_t size_of(const drawing& d) { return info_of(d).size; }

bytes content_of(const piece& p) {
  const auto size = static_cast<std::size_t>(p.size);
  if (p.what == filling::run) {
    bytes out = test::random_bytes(p.seed, 8);
    for (std::size_t i = out.size(); i < size; ++i) out.push_back(out[i - 8]);
    return out;
  }
  return p.what == filling::noise ? test::random_bytes(p.seed, size) : test::compressible_bytes(p.seed, size);
}

std::string sums_of(const drawing& d, const std::string& prefix) {
  std::string lines;
  const bool whole = size_of(d) <= summed_whole;
  test::sha256 all;
  std::uint64_t at = 0;
  for (const piece& p : d.pieces) {
    if (p.state == block_state::stored) {
      const bytes plain = content_of(p);
      test::sha256 one;
      (whole ? all : one).add(plain);
      if (!whole) lines += fmt::format("{}  {} {} {}\n", one.hex(), prefix, at, p.size);
    } else if (whole) {
      add_zeros(all, p.size);
    }
    at += p.size;
  }
  if (whole) lines = fmt::format("{}  {}\n", all.hex(), prefix);
  return lines;
}

void write_source(image::image_writer& writer, const drawing& d, codec::codec_id codec) { source_writer(writer, d, codec).run(); }

}  // namespace umbra::golden
