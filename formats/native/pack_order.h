// SPDX-License-Identifier: GPL-3.0-or-later
// The order that a pack's records must follow, checked as they pass by: sequence numbers, segments and their mini-indexes,
// checkpoints, padding, sections, footer. Knows nothing of files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/block/hash.h"
#include "formats/native/checkpoint.h"
#include "formats/native/footer.h"
#include "formats/native/mini_index.h"
#include "formats/native/record.h"
#include "formats/native/superblock.h"

namespace umbra::native {

class pack_order {
 public:
  using complain = std::function<void(std::uint64_t offset, std::string what)>;

  // `super` must outlive it. `report` gets each rule that is broken.
  pack_order(const superblock_info& super, complain report);

  // Records and footer in order of offset, each once. `stored` of a record whose checksum is wrong is not looked at.
  void record(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok);
  void end(const footer_info& info, std::uint64_t offset);
  // Records may be missing here: what follows is taken as it is until it can be compared again.
  void lost();

  bool ended() const { return ended_; }

 private:
  void check_sequence(const record_info& info, std::uint64_t offset);
  void check_alignment(const record_info& info, std::uint64_t offset);
  void in_segment(const record_info& info, std::uint64_t offset);
  void close_segment(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok);
  void checkpointed(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok);
  void padded(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok);
  void compare_index(const mini_index& index, std::uint64_t offset);
  void compare_checkpoint(const checkpoint& point, std::uint64_t offset);
  void check_section(const pack_section& section);
  void check_id(const record_info& info, std::uint64_t offset, byte_view stored);

  const superblock_info& super_;
  content_hasher hasher_;
  complain report_;

  std::uint64_t next_sequence_ = 0;
  bool padding_may_follow_ = false;  // a mini-index or checkpoint came just before
  std::uint64_t segment_offset_ = 0;
  std::vector<segment_record> segment_;  // records of the open segment
  std::uint64_t segment_count_ = 0;
  std::vector<segment_place> since_checkpoint_;
  std::uint64_t last_checkpoint_ = 0;
  std::vector<pack_section> manifests_;
  bool ended_ = false;

  // What a loss leaves unknown, until it is learnt again.
  bool sequence_unsure_ = false;
  bool segment_unsure_ = false;
  bool checkpoint_unsure_ = false;
  bool footer_unsure_ = false;
};

}  // namespace umbra::native
