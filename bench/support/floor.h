// SPDX-License-Identifier: GPL-3.0-or-later
// Floors: what the machine gives when the same primitives run over the same bytes with nothing around them. No job can be faster
// than these but by leaving work out, so a job's share of its floor says what the engine's own machinery costs.
#pragma once

#include <string>
#include <vector>

#include "bench/support/work_list.h"
#include "engine/image/image_info.h"

namespace umbra::bench {

struct floor_time {
  double seconds = 0;
  double processor_seconds = 0;
  std::uint64_t stored_bytes = 0;  // what LZ4 left of it
};

// Threads take chunks from one counter, pread each into their own buffer, and go over its blocks.
class backup_floor {
 public:
  // `list` must outlive it. `path` is the disk.
  backup_floor(std::string path, const work_list& list, image::domain keys, unsigned threads)
      : path_(std::move(path)), list_(list), keys_(std::move(keys)), threads_(threads) {}

  // Parallel read, zero test, XXH3-128.
  result<floor_time> scan() const;
  // The same and BLAKE3 and LZ4; every block, without dedup.
  result<floor_time> pack() const;
  // The same, and what LZ4 leaves (or the block, if it does not shrink) is written to a new file at `target`, and synced. The
  // kernel is asked to write early, so the file is on its way to the medium while the rest is read.
  result<floor_time> pack_to(const std::string& target) const;

 private:
  std::string path_;
  const work_list& list_;
  image::domain keys_;
  unsigned threads_;
};

// `bytes` bytes of `sample`, over and over, to a new file with writes of 4 MiB, then fdatasync.
result<floor_time> write_floor(const std::string& target, byte_view sample, std::uint64_t bytes);

// Stored blocks in memory, from all over the disk, until `limit` bytes are held.
struct packed_sample {
  struct packed_block {
    std::size_t offset = 0;  // in `memory`
    std::uint32_t stored_size = 0;
    std::uint32_t plain_size = 0;
  };
  std::vector<std::byte> memory;
  std::vector<packed_block> blocks;
  std::uint64_t plain_bytes = 0;
};
result<packed_sample> make_packed_sample(io::device& disk, const work_list& list, std::uint64_t limit);

// LZ4 decompression and BLAKE3 over the sample, again and again, until `bytes` plain bytes have gone through all threads.
floor_time unpack_floor(const packed_sample& sample, const image::domain& keys, std::uint64_t bytes, unsigned threads);

}  // namespace umbra::bench
