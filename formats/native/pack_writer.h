// SPDX-License-Identifier: GPL-3.0-or-later
// Writes one pack: superblock, segments of records with their mini-indexes, checkpoints, footer. Sequential, never goes back.
//
// The rules of the layout:
// - The superblock takes the first 4096 bytes; a segment starts at a multiple of 4096, a record at a multiple of 16. Gaps are
// zeros.
// - A segment is records back to back. It is closed once it holds segment_target bytes or more, before the second copy of a
//   manifest, and at the end: by a mini-index record that lists all its records, then a padding record up to the next multiple
//   of 4096. Padding fills the gap exactly; none is written where there is no gap; where the gap is too small for a header, it
//   goes one page further. An empty segment is never written.
// - A checkpoint record follows every checkpoint_interval-th segment, and the last one, with padding of its own. It stands
//   between segments and belongs to none.
// - Sequence numbers count all records, padding included. Ids of mini-indexes, checkpoints and manifests are the keyed hash of
//   their plain bytes; padding has an id of zeros and holds zeros.
// - Then the footer, and nothing after it.
#pragma once

#include <memory>
#include <vector>

#include "engine/store/store.h"
#include "formats/native/record.h"
#include "formats/native/superblock.h"

namespace umbra::native {

// A data record as indexes see it.
struct indexed_record {
  content_id id;
  std::uint64_t offset = 0;
  std::uint32_t stored_size = 0;
  std::uint32_t plain_size = 0;
  bool operator==(const indexed_record&) const = default;
};

// Sizes that tests change to get many segments from few bytes. Readers accept all.
struct pack_shape {
  std::uint32_t segment_size = segment_target;
  std::uint32_t segments_per_checkpoint = checkpoint_interval;
};

// One thread at a time. After any error from the store the pack must be given up: further calls fail. Bytes are gathered into
// segments and written a segment at a time; the output depends on the sequence of calls alone.
class pack_writer {
 public:
  // Writes the superblock (kind pack; errc::usage otherwise or without a session). `hasher` must outlive the writer; it makes the
  // ids of mini-index and checkpoint records.
  static result<std::unique_ptr<pack_writer>> start(std::unique_ptr<store::object_writer> out, const superblock_info& super,
                                                    const content_hasher& hasher, const pack_shape& shape = {});
  ~pack_writer();

  image::pack_id id() const;
  // Appends a record and tells where it lies. May write out and close a segment. Types data, leaf, node. `r.checksum` is taken
  // as it is. errc::out_of_range, and nothing changed, if a size is beyond the pack's limits.
  result<image::location> append(const record& r);
  // Bytes so far, without footer.
  std::uint64_t size() const;
  // Appends `manifest` as a manifest record, as a named section of the footer; twice, the first copy before the last
  // segment is closed and the second after it, so that at least a page lies between the end of one and the beginning of the
  // other. For single-file images, once, before finish(). errc::out_of_range beyond max_plain.
  result<void> append_manifest(byte_view manifest);
  // Closes the last segment, writes checkpoint and footer, and makes it all durable. The pack's final size.
  // No call after it.
  result<std::uint64_t> finish();
  // Data records appended so far, in order of offset; moves them out.
  std::vector<indexed_record> take_index();

 private:
  pack_writer();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace umbra::native
