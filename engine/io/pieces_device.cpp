// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/pieces_device.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/bounds.h"

namespace umbra::io {
namespace {

class pieces_device final : public device {
 public:
  pieces_device(device& inner, std::vector<range> pieces, std::string name)
      : inner_(inner), row_(std::move(pieces)), name_(std::move(name)) {}

  std::string name() const override { return name_; }

  device_geometry geometry() const override {
    auto geometry = inner_.geometry();
    geometry.size = row_.size();
    return geometry;
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(check_bounds(*this, offset, out.size()));
    for (const auto& place : row_.places({offset, out.size()})) {
      CHECK(inner_.read(place.offset, out.first(static_cast<std::size_t>(place.size))));
      out = out.subspan(static_cast<std::size_t>(place.size));
    }
    return success();
  }

  result<void> write(std::uint64_t offset, byte_view in) override {
    CHECK(check_bounds(*this, offset, in.size()));
    for (const auto& place : row_.places({offset, in.size()})) {
      CHECK(inner_.write(place.offset, in.first(static_cast<std::size_t>(place.size))));
      in = in.subspan(static_cast<std::size_t>(place.size));
    }
    return success();
  }

  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override {
    CHECK(check_bounds(*this, offset, size));
    for (const auto& place : row_.places({offset, size})) CHECK(inner_.zero(place.offset, place.size, mode));
    return success();
  }

  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    CHECK(check_bounds(*this, offset, size));
    extent_list all;
    auto at = offset;
    for (const auto& place : row_.places({offset, size})) {
      TRY(const auto found, inner_.extents(place.offset, place.size));
      for (const auto& e : found) all.push_back({at + (e.offset - place.offset), e.size, e.kind});
      at += place.size;
    }
    return all;
  }

  result<void> flush() override { return inner_.flush(); }

 private:
  device& inner_;
  const piece_row row_;
  const std::string name_;
};

}  // namespace

piece_row::piece_row(std::vector<range> pieces) : pieces_(std::move(pieces)) {
  begins_.reserve(pieces_.size());
  for (const auto& p : pieces_) {
    begins_.push_back(size_);
    size_ += p.size;
  }
}

bool piece_row::is_possible(const std::vector<range>& pieces) {
  std::optional<std::uint64_t> sum = 0;
  for (const auto& p : pieces) {
    sum = checked_add(*sum, p.size);
    if (!sum) return false;
  }
  return true;
}

std::vector<range> piece_row::places(range place) const {
  std::vector<range> list;
  auto i = static_cast<std::size_t>(std::ranges::upper_bound(begins_, place.offset) - begins_.begin());
  for (i -= i != 0; i < pieces_.size() && begins_[i] < place.end(); ++i) {
    const auto from = std::max(place.offset, begins_[i]);
    const auto to = std::min(place.end(), begins_[i] + pieces_[i].size);
    if (from < to) list.push_back({pieces_[i].offset + (from - begins_[i]), to - from});
  }
  return list;
}

result<std::unique_ptr<device>> make_pieces(device& inner, std::vector<range> pieces, std::string name) {
  const auto alignment = inner.geometry().alignment;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& p = pieces[i];
    CHECK(check_bounds(inner, p.offset, p.size));
    if (!is_aligned(p.offset, alignment) || (i + 1 < pieces.size() && !is_aligned(p.size, alignment))) {
      return error(errc::usage, fmt::format("{}: its parts must lie at multiples of {} of {}", name, alignment, inner.name()));
    }
  }
  if (!piece_row::is_possible(pieces)) return error(errc::out_of_range, fmt::format("{}: too many parts", name));
  return std::make_unique<pieces_device>(inner, std::move(pieces), std::move(name));
}

}  // namespace umbra::io
