// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/direct_writer_posix.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "engine/base/units.h"
#include "engine/store/posix_files.h"

namespace umbra::store::posix {
namespace {

constexpr std::size_t run_size = 4_MiB;
constexpr std::size_t runs_at_most = 3;  // one that fills, one that is written, one between

// errno, 0 if all was written.
int write_all(int fd, byte_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto n = uninterrupted([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return errno;
    if (n == 0) return EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return 0;
}

}  // namespace

direct_writer::direct_writer(unique_fd direct, int plain, std::uint64_t offset)
    : offset_(offset), direct_(std::move(direct)), plain_(plain), thread_([this](const std::stop_token& stop) { work(stop); }) {
  open_.memory = buffer(run_size);
  open_.offset = offset;
}

direct_writer::~direct_writer() = default;

int direct_writer::append(byte_view bytes) {
  while (!bytes.empty()) {
    const auto size = std::min(bytes.size(), run_size - open_.size);
    std::memcpy(open_.memory.data() + open_.size, bytes.data(), size);
    open_.size += size;
    offset_ += size;
    bytes = bytes.subspan(size);
    if (open_.size < run_size) continue;
    if (const int why = hand_over(); why != 0) return why;
  }
  const std::scoped_lock lock(mutex_);
  return failed_;
}

// The open run goes to the thread; a free one takes its place.
int direct_writer::hand_over() {
  std::unique_lock lock(mutex_);
  waiting_.push_back(std::move(open_));
  changed_.notify_all();
  open_ = {};
  open_.offset = offset_;
  if (free_.empty() && runs_ < runs_at_most) {
    ++runs_;
    free_.emplace_back(run_size);
  }
  changed_.wait(lock, [this] { return !free_.empty(); });
  open_.memory = std::move(free_.back());
  free_.pop_back();
  return failed_;
}

int direct_writer::finish(byte_view& tail) {
  const auto whole = align_down(open_.size, alignment);
  const auto rest = open_.size - whole;
  const auto from = open_.memory.data() + whole;
  if (whole > 0) {
    // The tail moves to the run that follows.
    open_.size = whole;
    std::vector<std::byte> kept(from, from + rest);
    (void)hand_over();
    open_.offset = offset_ - rest;
    std::ranges::copy(kept, open_.memory.data());
    open_.size = rest;
  }
  tail = open_.memory.view().first(rest);
  return await_all();
}

int direct_writer::await_all() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() && !is_writing_; });
  return failed_;
}

void direct_writer::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    auto r = std::move(waiting_.front());
    waiting_.pop_front();
    is_writing_ = true;
    // After a failure nothing more is written: what follows it would be worth nothing.
    const bool skip = failed_ != 0;
    lock.unlock();
    const int why = skip ? 0 : write(r);
    lock.lock();
    if (failed_ == 0) failed_ = why;
    is_writing_ = false;
    free_.push_back(std::move(r.memory));
    changed_.notify_all();
  }
}

int direct_writer::write(const run& r) {
  const auto bytes = r.memory.view().first(r.size);
  if (!is_refused_) {
    const int why = write_all(direct_.get(), bytes, r.offset);
    if (why != EINVAL) return why;
    is_refused_ = true;
  }
  return write_all(plain_, bytes, r.offset);
}

}  // namespace umbra::store::posix
