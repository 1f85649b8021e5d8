// SPDX-License-Identifier: GPL-3.0-or-later
// Walks packs, several at once.
#pragma once

#include <span>
#include <stop_token>

#include "engine/flow/progress.h"
#include "formats/native/pack_reader.h"
#include "formats/native/verify.h"

namespace umbra::native {

struct pack_to_verify {
  image::pack_id id;
  std::uint64_t size = 0;  // bytes, for the progress and the order of work
  bool trusted = true;     // some image needs it, or the next one may (pack_proof.h); damage to others is a note, not a fault
};

// Adds to `report`. `hasher` is of the packs' domain.
result<void> verify_packs(pack_source& packs, std::span<const pack_to_verify> list, const content_hasher& hasher,
                          const verify_options& options, verify_report& report, flow::progress& progress, std::stop_token stop);

}  // namespace umbra::native
