// SPDX-License-Identifier: GPL-3.0-or-later
// Several parts of one device, one behind the other, as a device: a logical volume.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/io/device.h"

namespace umbra::io {

// Ranges of a device in the order of a new one; the same place may be among them twice.
class piece_row {
 public:
  // The sum of all sizes fits 64 bits: check with is_possible().
  explicit piece_row(std::vector<range> pieces);
  static bool is_possible(const std::vector<range>& pieces);

  std::uint64_t size() const { return size_; }
  const std::vector<range>& pieces() const { return pieces_; }

  // Where bytes of the row are in the device, `place` inside it. In the order of `place`, so not normalised.
  std::vector<range> places(range place) const;

 private:
  std::vector<range> pieces_;
  std::vector<std::uint64_t> begins_;  // of each piece in the row
  std::uint64_t size_ = 0;
};

// `inner` outlives the answer. errc::out_of_range if a piece sticks out; errc::usage if a piece does not begin at a multiple of
// the inner device's `alignment`, or one that is not the last has another size.
result<std::unique_ptr<device>> make_pieces(device& inner, std::vector<range> pieces, std::string name);

}  // namespace umbra::io
