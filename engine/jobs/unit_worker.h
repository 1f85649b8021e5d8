// SPDX-License-Identifier: GPL-3.0-or-later
// Turns a unit whose bytes have arrived into handled blocks: zero test, change hash, content id, encoding, self-check.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/result.h"
#include "engine/codec/codec.h"
#include "engine/image/image_writer.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/held_region.h"
#include "engine/jobs/report.h"
#include "engine/jobs/unit.h"

namespace umbra::jobs {

// All that is known after a unit was handled. Views point into the unit's memory.
struct handled_unit {
  unit work;
  // In order; together they cover the unit's part of the region.
  std::vector<handled_block> blocks;
  std::vector<held_segment> missing;  // their reads failed
  std::vector<fault> faults;
  std::uint64_t bytes_read = 0;
  std::uint64_t audited_blocks = 0;
};

// One a thread.
class unit_worker {
 public:
  static result<std::unique_ptr<unit_worker>> make(std::span<const backup_source> sources, image::image_writer& writer,
                                                   const backup_options& options);

  // Transfers are done. The segments of one that failed are missing; what is unread for good becomes a state and a fault.
  // Errors: the source has changed its size or gone away.
  result<handled_unit> handle(unit u);

 private:
  unit_worker(std::span<const backup_source> sources, image::image_writer& writer, const backup_options& options,
              std::unique_ptr<codec::encoder> encoder);

  struct context;  // the unit in hand
  static range_list wanted_ranges(context& c);
  static result<void> look_at_reads(context& c);
  void handle_segments(context& c);
  bool is_unchanged(context& c, const segment& s, byte_view bytes);
  bool audit_finds_change(context& c, const image::block& b, byte_view bytes);
  void handle_fresh(context& c, range r);
  void handle_readable(context& c, range r);
  void recut(context& c, range r);
  byte_view encode(context& c, const image::block& b, byte_view plain, handled_block& out);
  bool survives(const handled_block& out, byte_view plain);

  std::span<const backup_source> sources_;
  image::image_writer& writer_;
  const backup_options& options_;
  std::unique_ptr<codec::encoder> encoder_;
  codec::decoder decoder_;
  change_hasher change_;
  content_hasher content_;
  std::uint64_t audit_seed_;
  std::vector<std::byte> decoded_;
};

}  // namespace umbra::jobs
