// SPDX-License-Identifier: GPL-3.0-or-later
// Finishes packs (footer, sync) on a thread of its own, so that the pipeline goes on meanwhile. One pack at a time: the next but
// one is not begun before this one is durable, and others may conclude that from the order (pack_proof.h).
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>

#include "formats/native/pack_writer.h"

namespace umbra::native {

// One thread at a time.
class pack_finisher {
 public:
  // `finished` runs on the finisher's thread once a pack is durable.
  explicit pack_finisher(std::function<void(const image::pack_id&)> finished) : finished_(std::move(finished)) {}
  ~pack_finisher();
  // Takes the pack over. Waits for the one before, whose error it returns.
  result<void> finish(std::unique_ptr<pack_writer> pack);
  // Waits for all.
  result<void> wait();
  // Sizes of the packs finished so far.
  const std::map<image::pack_id, std::uint64_t>& sizes() const { return sizes_; }

 private:
  std::function<void(const image::pack_id&)> finished_;
  image::pack_id running_id_;
  std::optional<std::future<result<std::uint64_t>>> running_;
  std::map<image::pack_id, std::uint64_t> sizes_;
};

}  // namespace umbra::native
