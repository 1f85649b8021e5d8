// SPDX-License-Identifier: GPL-3.0-or-later
// How fast each stage of a backup runs on this machine and this data, each alone, and which one limits the whole.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/codec/codec.h"
#include "engine/flow/progress.h"
#include "engine/image/image_writer.h"
#include "engine/io/device.h"
#include "engine/plan/allocation_map.h"
#include "engine/store/file_system.h"

namespace umbra::jobs {

struct stage_result {
  std::string name;         // read, zero, xxh3, blake3, the codec's name, write, pipeline
  std::uint64_t bytes = 0;  // of the source that went through (write: stored bytes)
  double seconds = 0;
  double cores = 0;  // processor time over elapsed time
  double bytes_per_second() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
};

struct stage_bench_options {
  unsigned threads = 0;                   // 0: one a CPU
  std::uint64_t read_limit = 4ull << 30;  // bytes that read, write and pipeline go through, at most
  std::uint64_t sample = 256ull << 20;    // bytes held in memory for the stages between
  std::uint32_t block_size = 64 << 10;
  codec::encoder_options codec;
};

struct stage_bench_report {
  std::vector<stage_result> stages;
  double stored_share = 0;  // stored bytes a byte of sample
  std::string limiting;     // a stage's name
  std::string explanation;  // one line
};

// `allocation` (or null) says what of `source` is read. `writer` takes the pipeline's output and is abandoned. `scratch`: a path
// whose file is made for the write stage and removed; `files` writes it.
result<stage_bench_report> bench_stages(io::device& source, const plan::allocation* allocation, image::image_writer& writer,
                                        store::file_system& files, const std::string& scratch, const stage_bench_options& options,
                                        flow::progress& progress, std::stop_token stop);

// A device of made-up data from a seed: a quarter zeros, a quarter incompressible, the rest like text, in runs of 4 to 512 KiB.
std::unique_ptr<io::device> make_bench_device(std::uint64_t size, std::uint64_t seed);

}  // namespace umbra::jobs
