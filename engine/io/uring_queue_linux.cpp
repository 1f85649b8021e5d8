// SPDX-License-Identifier: GPL-3.0-or-later
// Each transfer has a slot while the kernel works on it. Short completions send the rest again; whatever the ring does not
// do well (memory or offsets that are not aligned, EAGAIN, EINTR, the end of the file) is finished by the blocking calls,
// which know all of that already. Failures are not tried again.
#include "engine/io/uring_queue_linux.h"

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/io/bounds.h"
#include "engine/io/raw_io_posix.h"

namespace umbra::io {
namespace {

// Held while a ring comes or goes. The library maps rings by bare system calls, which ThreadSanitizer does not see: without an
// order between the end of one ring and the beginning of the next at the same address, it takes the two for one.
std::mutex& ring_lifetimes() {
  static std::mutex lock;
  return lock;
}

struct slot {
  transfer* item = nullptr;
  std::uint64_t done = 0;
};

class uring_queue final : public transfer_queue {
 public:
  uring_queue(const uring_target& where, unsigned depth) : where_(where), geometry_(where.target.geometry()), slots_(depth) {
    for (std::size_t i = 0; i < slots_.size(); ++i) free_.push_back(slots_.size() - 1 - i);
  }
  ~uring_queue() override;

  // 0 or an errno.
  int start();

  unsigned depth() const override { return static_cast<unsigned>(slots_.size()); }
  unsigned in_flight() const override { return in_flight_; }
  void submit(transfer& t) override;
  bool has_finished() override;
  transfer& wait() override;

 private:
  bool suits_ring(const transfer& t) const;
  bool is_aligned_piece(std::uint64_t offset, std::uint64_t size, const void* memory) const;
  void send(std::size_t index);
  std::size_t reap(int& outcome);
  bool advance(std::size_t index, int outcome);
  void finish_blocking(slot& s);
  void collect_one();
  std::size_t with_kernel() const { return slots_.size() - free_.size(); }

  const uring_target where_;
  const device_geometry geometry_;
  io_uring ring_{};
  bool started_ = false;
  std::vector<slot> slots_;
  std::vector<std::size_t> free_;  // slots that the kernel does not have
  std::deque<transfer*> finished_;
  unsigned in_flight_ = 0;
};

int uring_queue::start() {
  const std::lock_guard hold(ring_lifetimes());
  const int failure = io_uring_queue_init(depth(), &ring_, 0);
  if (failure < 0) return -failure;
  started_ = true;
  // Kernels before 5.6 have rings without these two.
  auto* const probe = io_uring_get_probe_ring(&ring_);
  if (probe == nullptr) return ENOSYS;
  const bool enough =
      io_uring_opcode_supported(probe, IORING_OP_READ) != 0 && io_uring_opcode_supported(probe, IORING_OP_WRITE) != 0;
  io_uring_free_probe(probe);
  return enough ? 0 : ENOSYS;
}

// The kernel owns the memory of what is in flight: nothing goes before it is back.
uring_queue::~uring_queue() {
  if (!started_) return;
  while (with_kernel() != 0) {
    int outcome = 0;
    const auto index = reap(outcome);
    if (advance(index, outcome)) free_.push_back(index);
  }
  const std::lock_guard hold(ring_lifetimes());
  io_uring_queue_exit(&ring_);
}

bool uring_queue::is_aligned_piece(std::uint64_t offset, std::uint64_t size, const void* memory) const {
  const std::uint64_t unit = geometry_.alignment;
  const auto memory_unit = std::min<std::uint64_t>(unit, buffer::alignment);
  return !where_.direct || (is_aligned(offset, unit) && is_aligned(size, unit) &&
                            is_aligned(reinterpret_cast<std::uintptr_t>(memory), memory_unit));
}

bool uring_queue::suits_ring(const transfer& t) const {
  if (t.memory.empty() || !fits(t.offset, t.memory.size(), geometry_.size)) return false;
  if (t.way == transfer::direction::write && geometry_.read_only) return false;
  if (where_.direct && t.memory.size() < where_.least_direct) return false;
  return is_aligned_piece(t.offset, t.memory.size(), t.memory.data());
}

void uring_queue::submit(transfer& t) {
  ++in_flight_;
  t.outcome = success();
  if (!suits_ring(t)) {
    run_blocking(where_.target, t);
    finished_.push_back(&t);
    return;
  }
  const auto index = free_.back();
  free_.pop_back();
  slots_[index] = {&t, 0};
  send(index);
}

// The submission ring has room: it holds `depth` entries, and each slot has one at most. If the kernel does not take the
// entry now (EAGAIN, EBUSY), it stays in the ring, and reap() offers it again.
void uring_queue::send(std::size_t index) {
  const auto& s = slots_[index];
  const auto& t = *s.item;
  const auto size = static_cast<unsigned>(std::min<std::uint64_t>(t.memory.size() - s.done, where_.largest_piece));
  auto* const entry = io_uring_get_sqe(&ring_);
  if (t.way == transfer::direction::read) {
    io_uring_prep_read(entry, where_.fd, t.memory.data() + s.done, size, t.offset + s.done);
  } else {
    io_uring_prep_write(entry, where_.fd, t.memory.data() + s.done, size, t.offset + s.done);
  }
  io_uring_sqe_set_data64(entry, index);
  io_uring_submit(&ring_);
}

// The next completion: its slot, and what the kernel said.
std::size_t uring_queue::reap(int& outcome) {
  io_uring_cqe* completion = nullptr;
  while (io_uring_peek_cqe(&ring_, &completion) != 0) {
    const int sent = io_uring_submit_and_wait(&ring_, 1);
    // Short of memory, or a signal: what the kernel already has cannot be called back, so there is no way but to go on.
    if (sent < 0 && sent != -EINTR) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  outcome = completion->res;
  const auto index = static_cast<std::size_t>(io_uring_cqe_get_data64(completion));
  io_uring_cqe_seen(&ring_, completion);
  return index;
}

// True if the transfer is finished, false if its rest was sent.
bool uring_queue::advance(std::size_t index, int outcome) {
  auto& s = slots_[index];
  auto& t = *s.item;
  if (outcome > 0) {
    s.done += static_cast<unsigned>(outcome);
    const auto rest = t.memory.size() - s.done;
    if (rest == 0) return true;
    if (is_aligned_piece(t.offset + s.done, rest, t.memory.data() + s.done)) {
      send(index);
      return false;
    }
  }
  const bool no_space = outcome == -ENOSPC && where_.direct;  // see file_device_linux.cpp
  if (outcome >= 0 || outcome == -EAGAIN || outcome == -EINTR || outcome == -EINVAL || no_space) {
    finish_blocking(s);
  } else {
    t.outcome = transfer_failure(where_.target.name(), t.way, t.offset + s.done, -outcome);
  }
  return true;
}

void uring_queue::finish_blocking(slot& s) {
  transfer rest = *s.item;
  rest.offset += s.done;
  rest.memory = rest.memory.subspan(s.done);
  run_blocking(where_.target, rest);
  s.item->outcome = std::move(rest.outcome);
}

// Waits for a completion; what it finishes goes to finished_.
void uring_queue::collect_one() {
  int outcome = 0;
  const auto index = reap(outcome);
  if (!advance(index, outcome)) return;
  free_.push_back(index);
  finished_.push_back(slots_[index].item);
}

bool uring_queue::has_finished() {
  while (finished_.empty() && io_uring_cq_ready(&ring_) != 0) collect_one();
  return !finished_.empty();
}

transfer& uring_queue::wait() {
  while (finished_.empty()) collect_one();
  auto& t = *finished_.front();
  finished_.pop_front();
  --in_flight_;
  return t;
}

}  // namespace

result<std::unique_ptr<transfer_queue>> make_uring_queue(const uring_target& target, unsigned depth) {
  auto queue = std::make_unique<uring_queue>(target, depth);
  if (const int refusal = queue->start(); refusal != 0) {
    return error(errc::unsupported, target.target.name() + ": io_uring", refusal);
  }
  return queue;
}

}  // namespace umbra::io
