// SPDX-License-Identifier: GPL-3.0-or-later
// Is everything that was stored still there and still right? For whole vaults and for single images.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "engine/flow/progress.h"
#include "engine/image/image_reader.h"
#include "engine/jobs/report.h"
#include "formats/native/vault.h"

namespace umbra::native {

struct verify_options {
  bool deep = false;     // also decode and re-hash every block
  unsigned threads = 0;  // 0: as many as there are CPUs
};

struct verify_report {
  std::uint64_t images = 0;  // committed ones, looked at
  std::uint64_t packs = 0;
  std::uint64_t records = 0;
  std::uint64_t stored_bytes = 0;  // read and compared with their checksums
  std::uint64_t plain_bytes = 0;   // deep: decoded and hashed
  jobs::fault_list faults;
  std::vector<std::string> notes;  // nothing lost: unfinished packs of sessions that died, index runs that will be rebuilt
};

// Every byte of every pack, every manifest and small object, every map page of every image, and that each block's record is where
// its map says. Damage is listed and the work goes on; an error means that the vault cannot be read at all, or errc::cancelled.
result<verify_report> verify_vault(vault& v, const verify_options& options, flow::progress& progress, std::stop_token stop);

// One image with all that it needs: its packs, its map, its blocks.
result<verify_report> verify_image(image::image_reader& image, const verify_options& options, flow::progress& progress,
                                   std::stop_token stop);

}  // namespace umbra::native
