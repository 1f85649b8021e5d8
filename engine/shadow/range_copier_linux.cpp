// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/range_copier_linux.h"

#include <algorithm>
#include <cerrno>

#include "engine/base/units.h"
#include "engine/io/raw_io_posix.h"
#include "engine/shadow/file_copy_linux.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using namespace umbra::literals;

constexpr std::uint64_t piece_size = 1_MiB;

}  // namespace

result<void> range_copier::prepare() {
  TRY(queue_, from_.open_queue(pieces_in_flight));
  for (auto& p : pieces_) p.memory = buffer(piece_size);
  return success();
}

result<void> range_copier::run(const range_list& ranges, int target, const std::function<bool()>& is_late) {
  next_ = ranges.begin();
  end_ = ranges.end();
  done_ = 0;
  result<void> outcome = success();
  for (auto& p : pieces_) {
    if (queue_->in_flight() < queue_->depth()) start(p);
  }
  while (queue_->in_flight() > 0) {
    auto& p = *static_cast<piece*>(queue_->wait().owner);
    if (outcome.has_value()) outcome = std::move(p.transfer.outcome);
    if (outcome.has_value() && target >= 0) outcome = write(p, target);
    if (outcome.has_value() && is_late()) outcome = failure(result_code::e_hold_writes_timeout, "reading it takes too long");
    if (outcome.has_value()) start(p);
  }
  return outcome;
}

void range_copier::start(piece& p) {
  if (next_ == end_) return;
  const auto offset = next_->offset + done_;
  const auto size = std::min(next_->size - done_, piece_size);
  done_ += size;
  if (done_ == next_->size) {
    ++next_;
    done_ = 0;
  }
  p.transfer = {io::transfer::direction::read, offset, p.memory.span().first(size), &p};
  queue_->submit(p.transfer);
}

result<void> range_copier::write(const piece& p, int target) {
  const byte_view bytes = p.transfer.memory;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto m = io::write_once(target, p.transfer.offset + at, bytes.subspan(at));
    if (m.bytes == 0) return copy_failure("the copy in memory", m.os_error == 0 ? ENOSPC : m.os_error);
    at += m.bytes;
  }
  return success();
}

}  // namespace umbra::shadow
