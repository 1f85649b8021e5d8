// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/nbd_device.h"

#include <algorithm>
#include <condition_variable>
#include <deque>

#include <fmt/format.h>
#include <libnbd.h>

#include "engine/base/units.h"
#include "engine/io/bounds.h"
#include "engine/io/nbd_link_linux.h"

namespace umbra::io {
namespace {

using kind = nbd_request::kind;

constexpr std::size_t most_links = 4;
constexpr std::uint64_t status_window = 1_GiB;  // asked about at once; lengths in answers have 32 bits
constexpr std::size_t most_extents = 1 << 20;   // of one answer here; what lies behind counts as data

// [offset, offset + size) in requests of at most `most` bytes.
std::vector<nbd_request> split(kind what, std::uint64_t offset, std::uint64_t size, std::byte* memory, std::uint64_t most) {
  std::vector<nbd_request> requests;
  for (std::uint64_t at = 0; at < size; at += most) {
    nbd_request r;
    r.what = what;
    r.offset = offset + at;
    r.size = std::min(most, size - at);
    r.memory = memory == nullptr ? nullptr : memory + at;
    requests.push_back(std::move(r));
  }
  return requests;
}

class nbd_queue final : public transfer_queue {
 public:
  nbd_queue(const device& target, nbd_link& link, unsigned depth) : target_(target), link_(link), depth_(depth) {}

  ~nbd_queue() override {
    while (in_flight_ > 0) wait();
  }

  unsigned depth() const override { return depth_; }
  unsigned in_flight() const override { return in_flight_; }

  void submit(transfer& t) override {
    ++in_flight_;
    const auto what = t.way == transfer::direction::read ? kind::read : kind::write;
    auto bounds = check_bounds(target_, t.offset, t.memory.size());
    if (bounds.has_value() && what == kind::write && target_.geometry().read_only) bounds = error(errc::denied, target_.name());
    if (bounds.has_error() || t.memory.empty()) {
      t.outcome = std::move(bounds);
      const std::scoped_lock lock(mutex_);
      finished_.push_back(&t);
      return;
    }
    auto& flying = *flying_.emplace_back(std::make_unique<flight>());
    flying.of = &t;
    flying.job.requests = split(what, t.offset, t.memory.size(), t.memory.data(), link_.facts().maximum);
    // Once the lock is gone the owner may throw the flight away, and this function with it.
    flying.job.finished = [this, &flying](nbd_job& job) {
      flying.of->outcome = std::move(job.outcome);
      const std::scoped_lock lock(mutex_);
      finished_.push_back(flying.of);
      came_.notify_one();
    };
    link_.start(flying.job);
  }

  bool has_finished() override {
    const std::scoped_lock lock(mutex_);
    return !finished_.empty();
  }

  transfer& wait() override {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !finished_.empty(); });
    auto& t = *finished_.front();
    finished_.pop_front();
    lock.unlock();
    --in_flight_;
    std::erase_if(flying_, [&](const auto& f) { return f->of == &t; });
    return t;
  }

 private:
  struct flight {
    transfer* of = nullptr;
    nbd_job job;
  };

  // set before start
  const device& target_;
  nbd_link& link_;
  const unsigned depth_;
  // the user's thread only
  unsigned in_flight_ = 0;
  std::vector<std::unique_ptr<flight>> flying_;
  // guarded by mutex_
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<transfer*> finished_;
};

class nbd_device final : public device {
 public:
  nbd_device(std::string uri, std::unique_ptr<nbd_link> link, nbd_access access)
      : uri_(std::move(uri)), name_(public_nbd_uri(uri_)), facts_(link->facts()), first_(*link) {
    links_.push_back(std::move(link));
    if (access == nbd_access::read) facts_.read_only = true;
  }

  std::string name() const override { return name_; }

  device_geometry geometry() const override {
    const auto sector = static_cast<std::uint32_t>(std::max<std::uint64_t>(facts_.minimum, 512));
    return {.size = facts_.size,
            .logical_sector = sector,
            .physical_sector = sector,
            .alignment = static_cast<std::uint32_t>(facts_.minimum),
            .block_device = false,
            .read_only = facts_.read_only,
            .rotational = false};
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(check_bounds(*this, offset, out.size()));
    return run(split(kind::read, offset, out.size(), out.data(), facts_.maximum));
  }

  result<void> write(std::uint64_t offset, byte_view in) override {
    CHECK(check_bounds(*this, offset, in.size()));
    CHECK(check_writable());
    // libnbd only reads it.
    return run(split(kind::write, offset, in.size(), const_cast<std::byte*>(in.data()), facts_.maximum));
  }

  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override {
    CHECK(check_bounds(*this, offset, size));
    CHECK(check_writable());
    const auto what = mode == zero_mode::release ? kind::zero : kind::zero_allocated;
    if (facts_.can_zero) return run(split(what, offset, size, nullptr, status_window));
    if (size == 0) return success();
    const std::vector<std::byte> zeros(std::min(size, facts_.maximum));
    for (std::uint64_t at = 0; at < size; at += zeros.size()) {
      CHECK(write(offset + at, byte_view(zeros).first(std::min<std::uint64_t>(zeros.size(), size - at))));
    }
    return success();
  }

  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override;

  result<void> flush() override {
    if (facts_.read_only || !facts_.can_flush) return success();
    return run(split(kind::flush, 0, 1, nullptr, 1));
  }

  result<std::unique_ptr<transfer_queue>> open_queue(unsigned depth) override {
    CHECK(check_depth(*this, depth));
    return std::unique_ptr<transfer_queue>(std::make_unique<nbd_queue>(*this, next_link(), depth));
  }

 private:
  result<void> check_writable() const {
    if (facts_.read_only) return error(errc::denied, name_ + ": opened for reading");
    return success();
  }

  result<void> run(std::vector<nbd_request> requests) {
    if (requests.empty()) return success();
    nbd_job job;
    job.requests = std::move(requests);
    return first_.run(job);
  }

  // A connection for each queue, up to a few; where the server takes one only, or no more, they share.
  nbd_link& next_link() {
    const std::scoped_lock lock(mutex_);
    const auto number = queues_++ % most_links;
    if (number == links_.size() && facts_.takes_several_connections) {
      auto another = nbd_link::connect(uri_);
      // A server that shows something else now is not the one that was opened.
      if (another.has_value() && another.assume_value()->facts().size == facts_.size) {
        links_.push_back(std::move(another).assume_value());
      }
    }
    return *links_[number % links_.size()];
  }

  // set before start
  const std::string uri_;
  const std::string name_;
  nbd_export facts_;
  nbd_link& first_;
  // guarded by mutex_
  std::mutex mutex_;
  std::deque<std::unique_ptr<nbd_link>> links_;
  std::size_t queues_ = 0;
};

void append(extent_list& list, extent e) {
  if (!list.empty() && list.back().kind == e.kind) {
    list.back().size += e.size;
  } else if (e.size > 0) {
    list.push_back(e);
  }
}

// Only what surely reads as zeros is a hole: a hole that does not say so may hold anything.
result<extent_list> nbd_device::extents(std::uint64_t offset, std::uint64_t size) {
  CHECK(check_bounds(*this, offset, size));
  extent_list list;
  const auto end = offset + size;
  auto at = offset;
  while (at < end && facts_.tells_extents && list.size() < most_extents) {
    const auto before = at;
    const auto start = align_down(at, facts_.minimum);
    const auto upto = std::min(align_up(std::min(end, start + status_window), facts_.minimum), facts_.size);
    nbd_job job;
    job.requests = split(kind::status, start, upto - start, nullptr, status_window);
    const auto told = first_.run(job);
    if (told.has_error()) {
      if (told.assume_error().code() == errc::source_changed) return told.assume_error();
      break;  // a server that does not know any more
    }
    const auto& entries = job.requests.front().extents;
    auto known = start;
    for (std::size_t i = 0; i + 1 < entries.size() && known < end; i += 2) {
      const auto next = known + entries[i];
      const auto told_kind = (entries[i + 1] & LIBNBD_STATE_ZERO) != 0 ? extent_kind::zero : extent_kind::data;
      if (next > at) append(list, {at, std::min(next, end) - at, told_kind});
      at = std::max(at, std::min(next, end));
      known = next;
    }
    if (at == before) break;
  }
  append(list, {at, end - at, extent_kind::data});
  return list;
}

}  // namespace

result<std::unique_ptr<device>> open_nbd(const std::string& uri, nbd_access access) {
  if (!uri.starts_with("nbd://") && !uri.starts_with("nbd+unix://")) {
    return error(errc::usage, fmt::format("{}: an NBD server is named as nbd://HOST/EXPORT or nbd+unix:///EXPORT?socket=PATH; "
                                          "TLS and other ways are not understood",
                                          public_nbd_uri(uri)));
  }
  TRY(auto link, nbd_link::connect(uri));
  if (access == nbd_access::read_write && link->facts().read_only) {
    return error(errc::denied, public_nbd_uri(uri) + ": the server lets it be read only");
  }
  return std::unique_ptr<device>(std::make_unique<nbd_device>(uri, std::move(link), access));
}

}  // namespace umbra::io
