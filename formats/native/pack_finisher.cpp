// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_finisher.h"

namespace umbra::native {

pack_finisher::~pack_finisher() {
  if (running_) running_->wait();
}

result<void> pack_finisher::finish(std::unique_ptr<pack_writer> pack) {
  CHECK(wait());
  running_id_ = pack->id();
  running_ = std::async(std::launch::async, [this, pack = std::move(pack)]() -> result<std::uint64_t> {
    const auto id = pack->id();
    TRY(const auto size, pack->finish());
    finished_(id);
    return size;
  });
  return success();
}

result<void> pack_finisher::wait() {
  if (!running_) return success();
  auto done = running_->get();
  running_.reset();
  TRY(const auto size, std::move(done));
  sizes_[running_id_] = size;
  return success();
}

}  // namespace umbra::native
