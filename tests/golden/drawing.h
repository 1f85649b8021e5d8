// SPDX-License-Identifier: GPL-3.0-or-later
// A source drawn by hand, and its way into an image: block by block through image_writer, so that golden bytes depend on the
// format's writer and the codecs alone, not on how a backup reads and cuts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/codec/codec.h"
#include "engine/image/image_writer.h"

namespace umbra::golden {

using bytes = std::vector<std::byte>;
using file_set = std::map<std::string, bytes>;  // by path

// The value, or the end of the program with the error's words.
template <class T>
T must(result<T> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
  return std::move(r).assume_value();
}
inline void must(result<void> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
}

enum class filling : std::uint8_t { none, words, noise, run };

// One block, or, if it covers whole regions and is not stored, a run of them. Blocks do not cross regions.
struct piece {
  std::uint64_t size = 0;
  image::block_state state = image::block_state::stored;
  filling what = filling::none;
  std::uint64_t seed = 0;
};

struct drawing {
  std::vector<piece> pieces = {};
  std::uint32_t logical_sector = 512;
  std::set<std::uint64_t> kept = {};  // regions that are the parent's, untouched
};

inline piece words(std::uint64_t seed, std::uint64_t size) { return {size, image::block_state::stored, filling::words, seed}; }
inline piece noise(std::uint64_t seed, std::uint64_t size) { return {size, image::block_state::stored, filling::noise, seed}; }
// The same eight bytes over and over.
inline piece run(std::uint64_t seed, std::uint64_t size) { return {size, image::block_state::stored, filling::run, seed}; }
inline piece gap(image::block_state state, std::uint64_t size) { return {size, state, filling::none, 0}; }

std::uint64_t size_of(const drawing& d);
bytes content_of(const piece& p);

// Lines for a sums file: "SHA256  PREFIX" of the whole source, or, if it is larger than 64 MiB, "SHA256  PREFIX OFFSET LENGTH" of
// each of its stored blocks.
std::string sums_of(const drawing& d, const std::string& prefix);

// begin_source to end_source. Contents that the writer knows are not stored again.
void write_source(image::image_writer& writer, const drawing& d, codec::codec_id codec);

}  // namespace umbra::golden
