// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/exfat_bitmap.h"

#include <algorithm>

#include "engine/base/wire.h"
#include "formats/fs/cluster_set.h"

namespace umbra::fs {
namespace {

constexpr std::size_t read_size = 64 << 10;
constexpr std::uint64_t longest_upcase = 2 << 16;  // a letter for each of 65536

}  // namespace

std::uint64_t scattered_bytes::size() const {
  std::uint64_t sum = 0;
  for (const auto& p : places_) sum += p.size;
  return sum;
}

result<void> scattered_bytes::read(std::uint64_t offset, byte_span out) {
  for (const auto& p : places_) {
    if (out.empty()) break;
    if (offset < p.size) {
      const auto part = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), p.size - offset)));
      CHECK(reader_->read(p.offset + offset, part));
      out = out.subspan(part.size());
      offset += part.size();
    }
    offset -= std::min(offset, p.size);
  }
  if (!out.empty()) return error(errc::out_of_range, "it ends too early");
  return success();
}

result<void> add_bitmaps(std::vector<scattered_bytes>& bitmaps, const cluster_set& touched, std::uint32_t clusters,
                         cluster_ranges& out) {
  const std::uint64_t size = div_up(clusters, 8);
  buffer memory(read_size);
  std::vector<std::uint64_t> words(read_size / 8);
  for (std::uint64_t at = 0; at < size; at += read_size) {
    const auto bytes = memory.span().first(static_cast<std::size_t>(std::min<std::uint64_t>(read_size, size - at)));
    const auto count = static_cast<std::size_t>(div_up(bytes.size(), 8));
    for (std::size_t i = 0; i < count; ++i) words[i] = touched.word((at + i * 8) * 8);
    for (auto& bitmap : bitmaps) {
      std::ranges::fill(memory.span(), std::byte{0});
      CHECK(within("allocation bitmap", bitmap.read(at, bytes)));
      for (std::size_t i = 0; i < count; ++i) words[i] |= read_struct<wire::u64>(memory.view().subspan(i * 8, 8)).value();
    }
    for (std::size_t i = 0; i < count; ++i) out.add(words[i]);
  }
  return success();
}

result<void> check_claimed(std::vector<scattered_bytes>& bitmaps, std::uint64_t index) {
  for (auto& bitmap : bitmaps) {
    std::byte byte{};
    CHECK(within("allocation bitmap", bitmap.read(index / 8, byte_span(&byte, 1))));
    if ((std::to_integer<unsigned>(byte) >> index % 8 & 1) == 0) {
      return error(errc::decode, "its allocation bitmap calls its own structures free");
    }
  }
  return success();
}

result<void> check_upcase(scattered_bytes& table, std::uint64_t size, std::uint32_t checksum) {
  if (size == 0 || size > longest_upcase || size % 2 != 0) return error(errc::decode, "size of its up-case table");
  buffer bytes(static_cast<std::size_t>(size));
  CHECK(within("up-case table", table.read(0, bytes.span())));
  std::uint32_t sum = 0;
  for (const auto b : bytes.view()) sum = (sum << 31 | sum >> 1) + std::to_integer<std::uint32_t>(b);
  if (sum != checksum) return error(errc::decode, "checksum of its up-case table");
  return success();
}

}  // namespace umbra::fs
