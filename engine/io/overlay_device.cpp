// SPDX-License-Identifier: GPL-3.0-or-later
// The queue has a queue for each device below. A transfer that lies in one of them goes there; the few that cross from one to the
// next are read at once. What is waited for is always the oldest, so that no queue below is asked when it has nothing to give.
#include "engine/io/overlay_device.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/bounds.h"

namespace umbra::io {
namespace {

// A stretch of the whole and the device it is read from.
struct stretch {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t shift = 0;  // offset in the whole less offset in the device
  std::size_t number = 0;   // of the device: 0 is the base
  device* from = nullptr;
};

class overlay_queue final : public transfer_queue {
 public:
  overlay_queue(device& whole, const std::vector<stretch>& stretches, std::vector<std::unique_ptr<transfer_queue>> queues)
      : whole_(whole), stretches_(stretches), queues_(std::move(queues)) {}

  unsigned depth() const override { return queues_.front()->depth(); }
  unsigned in_flight() const override { return static_cast<unsigned>(order_.size()); }

  void submit(transfer& t) override {
    const auto* s = stretch_of(t);
    if (s == nullptr) {
      t.outcome = t.way == transfer::direction::read ? whole_.read(t.offset, t.memory) : whole_.write(t.offset, t.memory);
      done_.push_back(&t);
      order_.push_back(done_here);
      return;
    }
    t.offset -= s->shift;
    queues_[s->number]->submit(t);
    order_.push_back(s->number);
  }

  bool has_finished() override {
    if (order_.empty()) return false;
    return order_.front() == done_here || queues_[order_.front()]->has_finished();
  }

  transfer& wait() override {
    const auto oldest = order_.front();
    order_.pop_front();
    if (oldest == done_here) {
      auto& t = *done_.front();
      done_.pop_front();
      return t;
    }
    auto& t = queues_[oldest]->wait();
    t.offset += shift_of(oldest);
    return t;
  }

 private:
  static constexpr auto done_here = ~std::size_t{0};

  const stretch* stretch_of(const transfer& t) const {
    if (t.way != transfer::direction::read) return nullptr;
    const auto found = std::ranges::find_if(stretches_, [&](const auto& s) { return t.offset < s.end; });
    return found != stretches_.end() && t.offset >= found->begin && t.memory.size() <= found->end - t.offset ? &*found : nullptr;
  }
  std::uint64_t shift_of(std::size_t number) const { return std::ranges::find(stretches_, number, &stretch::number)->shift; }

  device& whole_;
  const std::vector<stretch>& stretches_;
  std::vector<std::unique_ptr<transfer_queue>> queues_;
  std::deque<std::size_t> order_;  // devices of what is in flight, oldest first
  std::deque<transfer*> done_;
};

class overlay_device final : public device {
 public:
  overlay_device(std::unique_ptr<device> base, std::vector<overlay_piece> pieces)
      : base_(std::move(base)), pieces_(std::move(pieces)) {
    std::uint64_t at = 0;
    const auto size = base_->geometry().size;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const auto& p = pieces_[i];
      if (p.offset > at) stretches_.push_back({at, p.offset, 0, 0, base_.get()});
      at = p.offset + p.from->geometry().size;
      stretches_.push_back({p.offset, at, p.offset, i + 1, p.from.get()});
    }
    if (at < size) stretches_.push_back({at, size, 0, 0, base_.get()});
  }

  std::string name() const override { return base_->name(); }

  device_geometry geometry() const override {
    auto g = base_->geometry();
    g.read_only = true;
    for (const auto& p : pieces_) g.alignment = std::max(g.alignment, p.from->geometry().alignment);
    return g;
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(check_bounds(*this, offset, out.size()));
    return each(offset, out.size(), [&](const stretch& s, std::uint64_t from, std::uint64_t size) {
      return s.from->read(from - s.shift, out.subspan(from - offset, size));
    });
  }

  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, name() + ": is read-only"); }
  result<void> zero(std::uint64_t, std::uint64_t, zero_mode) override { return error(errc::denied, name() + ": is read-only"); }

  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    CHECK(check_bounds(*this, offset, size));
    extent_list all;
    CHECK(each(offset, size, [&](const stretch& s, std::uint64_t from, std::uint64_t part) -> result<void> {
      TRY(const auto found, s.from->extents(from - s.shift, part));
      for (const auto& e : found) append(all, {e.offset + s.shift, e.size, e.kind});
      return success();
    }));
    return all;
  }

  result<void> flush() override { return success(); }

  result<std::unique_ptr<transfer_queue>> open_queue(unsigned depth) override {
    std::vector<std::unique_ptr<transfer_queue>> queues;
    TRY(auto first, base_->open_queue(depth));
    queues.push_back(std::move(first));
    for (const auto& p : pieces_) {
      TRY(auto next, p.from->open_queue(depth));
      queues.push_back(std::move(next));
    }
    return std::make_unique<overlay_queue>(*this, stretches_, std::move(queues));
  }

 private:
  template <class Visit>
  result<void> each(std::uint64_t offset, std::uint64_t size, Visit visit) {
    const auto end = offset + size;
    for (const auto& s : stretches_) {
      const auto from = std::max(offset, s.begin);
      const auto to = std::min(end, s.end);
      if (from < to) CHECK(visit(s, from, to - from));
    }
    return success();
  }

  static void append(extent_list& all, extent e) {
    if (!all.empty() && all.back().kind == e.kind && all.back().end() == e.offset) {
      all.back().size += e.size;
    } else {
      all.push_back(e);
    }
  }

  std::unique_ptr<device> base_;
  std::vector<overlay_piece> pieces_;  // sorted by offset
  std::vector<stretch> stretches_;
};

}  // namespace

result<std::unique_ptr<device>> make_overlay(std::unique_ptr<device> base, std::vector<overlay_piece> pieces) {
  std::ranges::sort(pieces, {}, &overlay_piece::offset);
  auto alignment = base->geometry().alignment;
  for (const auto& p : pieces) alignment = std::max(alignment, p.from->geometry().alignment);
  std::uint64_t at = 0;
  for (const auto& p : pieces) {
    const auto size = p.from->geometry().size;
    if (p.offset < at || !fits(p.offset, size, base->geometry().size)) {
      return error(errc::out_of_range,
                   fmt::format("{}: {} bytes of {} at {} do not fit there", base->name(), size, p.from->name(), p.offset));
    }
    if (!is_aligned(p.offset, alignment)) {
      return error(errc::usage, fmt::format("{}: {} begins at {}, not at a multiple of {}", base->name(), p.from->name(),
                                            p.offset, alignment));
    }
    at = p.offset + size;
  }
  return std::unique_ptr<device>(std::make_unique<overlay_device>(std::move(base), std::move(pieces)));
}

}  // namespace umbra::io
