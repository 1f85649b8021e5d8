// SPDX-License-Identifier: GPL-3.0-or-later
// A range that could not be read, read again in ever smaller pieces: what can be saved of a failing disk is saved.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/block/extent.h"

namespace umbra::jobs {

// A piece that was given up, and why.
struct unread_piece {
  range where;
  std::string reason;
  bool tried = true;  // false: not to the end
};

struct scrape_source {
  // Reads all of the memory or fails; errc::io_read says that these bytes cannot be had, anything else ends the scraping.
  std::function<result<void>(std::uint64_t offset, byte_span out)> read;
  // Asked before each read: why there must be no more of them, or nothing.
  std::function<std::string()> over;
  std::uint64_t unit = 512;  // smallest piece, a power of two: what offsets and sizes of reads must be multiples of
  unsigned retries = 1;      // how often a smallest piece that fails is read once more
};

// Fills out with the bytes from `offset` on as far as they can be had: pieces of 64 KiB, those that fail in pieces of 4 KiB,
// those that fail in smallest pieces. What fails at the end, and what was not tried any more, is zeroed and told, in order;
// neighbours of one fate are one piece. `offset` is a multiple of the unit; only the last piece may be shorter than one.
result<std::vector<unread_piece>> scrape(const scrape_source& source, std::uint64_t offset, byte_span out);

}  // namespace umbra::jobs
