// SPDX-License-Identifier: GPL-3.0-or-later
// Finds the records of a pack by walking from header to header, without any index, and finds its footing again after damage.
#pragma once

#include "engine/base/result.h"
#include "engine/store/file_system.h"
#include "formats/native/footer.h"
#include "formats/native/record.h"

namespace umbra::native {

// What the scan meets, in order of offset. Any call may stop the scan with an error.
class scan_visitor {
 public:
  virtual ~scan_visitor() = default;
  // A record whose header is right. `stored` is valid during the call; `checksum_ok` tells whether it is what was written.
  virtual result<void> on_record(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) = 0;
  // A footer that fits its place.
  virtual result<void> on_footer(const footer_info& info, std::uint64_t offset) = 0;
  // Something wrong that leaves the order of records known: a payload, a gap, bytes too many.
  virtual result<void> on_flaw(std::uint64_t offset, error what) = 0;
  // Nothing usable from `offset` to `next`: records may have been lost here.
  virtual result<void> on_loss(std::uint64_t offset, std::uint64_t next, error what) = 0;
};

struct scan_source {
  store::input_file& file;
  std::uint64_t size = 0;
  image::pack_id pack;
  features words;
};

// From the end of the superblock to the end of the file.
result<void> scan_pack(const scan_source& source, scan_visitor& visitor);

}  // namespace umbra::native
