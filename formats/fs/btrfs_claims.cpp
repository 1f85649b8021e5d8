// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/btrfs_claims.h"

#include <fmt/format.h>

namespace umbra::fs {

result<void> btrfs_claims::add(std::uint64_t logical, std::uint64_t size) {
  const bool same = chunk_ != nullptr && logical >= chunk_->logical && logical < chunk_->end();
  const auto* chunk = same ? chunk_ : chunks_.find(logical, size);
  if (chunk == nullptr || size > chunk->end() - logical)
    return error(errc::decode, fmt::format("{} bytes at {}: no chunk holds them", size, logical));
  if (same && logical == run_.end()) {
    run_.size += size;
    return success();
  }
  flush();
  chunk_ = chunk;
  run_ = {logical, size};
  return success();
}

void btrfs_claims::flush() {
  if (chunk_ == nullptr || run_.size == 0) return;
  if (places_.size() + chunk_->copies <= limit_) return push(*chunk_, run_);
  coarse_ = true;
  const auto index = static_cast<std::size_t>(chunk_ - chunks_.all().data());
  if (is_whole_[index]) return;
  is_whole_[index] = true;
  push(*chunk_, {chunk_->logical, chunk_->size});
}

void btrfs_claims::push(const btrfs_chunk& chunk, range logical) {
  for (std::uint8_t i = 0; i < chunk.copies; ++i)
    places_.push_back({chunk.places[i] + (logical.offset - chunk.logical), logical.size});
}

range_list btrfs_claims::take() {
  flush();
  run_ = {};
  normalise(places_);
  return std::move(places_);
}

}  // namespace umbra::fs
