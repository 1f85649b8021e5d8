// SPDX-License-Identifier: GPL-3.0-or-later
// A new image in the making. Nothing of it exists for readers until commit() has succeeded.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engine/base/result.h"
#include "engine/image/image_info.h"

namespace umbra::image {

// A block that is ready to be stored: hashed, encoded, checked. Views stay the caller's and are read during append() only.
struct sealed_block {
  content_id id;
  std::uint32_t plain_size = 0;
  std::uint8_t codec = 0;      // codec::codec_id
  std::uint64_t checksum = 0;  // XXH3-64 of `stored`
  byte_view stored;
};

struct commit_request {
  std::int64_t created = 0;
  std::string metadata;  // JSON object
};

// One thread at a time, but for find(), which any thread may call at any time.
class image_writer {
 public:
  virtual ~image_writer() = default;

  virtual session_id id() const = 0;
  virtual const domain& keys() const = 0;

  // A record with these bytes' identity and size that this image may refer to, if one is known. A hint at call time: once found,
  // it stays valid to commit(), which repairs or refuses if a pack has gone. Never a false hit.
  virtual std::optional<location> find(const content_id& id, std::uint32_t plain_size) = 0;

  // Stores one record and tells where. The caller asked find() before: equal ids are not looked for again.
  virtual result<location> append(const sealed_block& b) = 0;

  // What was appended so far survives a crash for later runs to find, where the format can do that: a vault can, a file that is
  // not complete is nothing.
  virtual result<void> secure() = 0;

  // Sources in order; the regions put from here on are those of `source`. Regions best come in order, too: one that comes before
  // its turn costs some memory until the ones before it are there. keep_region shares the parent's page; put_region writes one.
  virtual result<void> begin_source(const source_info& source) = 0;
  // Back to one that was begun and not ended, for regions that come late.
  virtual result<void> select_source(std::size_t source) = 0;
  virtual result<void> put_region(const region& r) = 0;
  virtual result<void> keep_region(std::uint64_t index) = 0;
  // `count` regions from `index` on that are all one state (not stored, not unreadable).
  virtual result<void> put_uniform(std::uint64_t index, std::uint64_t count, block_state state) = 0;
  // Final numbers of the first source that is not ended; all its regions are there and its map is closed. The source begun last
  // is the selected one again.
  virtual result<void> end_source(const source_info& source) = 0;

  // Makes the image exist, durably, or says why not. Then it does not exist, but for one case: if the very last step failed, it
  // may be there, whole. Called once, after the last end_source().
  virtual result<image_info> commit(const commit_request& request) = 0;

  // Gives up: no image. Finished packs stay for dedup. Also what the destructor does without commit().
  virtual void abandon() noexcept = 0;
};

}  // namespace umbra::image
