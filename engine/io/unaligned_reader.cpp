// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/unaligned_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::io {
namespace {

// Memory is bounced in pieces, so a hostile size never becomes an allocation.
constexpr std::uint64_t bounce_limit = 1 << 20;

}  // namespace

result<void> unaligned_reader::read(std::uint64_t offset, byte_span out) {
  if (!fits(offset, out.size(), geometry_.size)) {
    return error(errc::out_of_range, fmt::format("{}: {} bytes at {}", source_.name(), out.size(), offset));
  }
  if (out.empty()) return success();
  const std::uint64_t unit = geometry_.alignment;
  const auto address = reinterpret_cast<std::uintptr_t>(out.data());
  if (unit <= 1 || ((offset | out.size() | address) & (unit - 1)) == 0) return source_.read(offset, out);
  return read_bounced(offset, out);
}

result<void> unaligned_reader::read_bounced(std::uint64_t offset, byte_span out) {
  const std::uint64_t unit = geometry_.alignment;
  while (!out.empty()) {
    const auto begin = align_down(offset, unit);
    const auto end = std::min(align_up(std::min(offset + out.size(), begin + bounce_limit), unit), geometry_.size);
    if (bounce_.size() < end - begin) bounce_ = buffer(static_cast<std::size_t>(end - begin));
    const auto piece = bounce_.span().first(static_cast<std::size_t>(end - begin));
    CHECK(source_.read(begin, piece));
    const auto usable = piece.subspan(static_cast<std::size_t>(offset - begin));
    const auto size = std::min(usable.size(), out.size());
    std::memcpy(out.data(), usable.data(), size);
    out = out.subspan(size);
    offset += size;
  }
  return success();
}

}  // namespace umbra::io
