// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/window_device.h"

#include <deque>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/bounds.h"

namespace umbra::io {
namespace {

// Passes transfers on with the window's offset added, and takes it off again when they come back.
class window_queue final : public transfer_queue {
 public:
  window_queue(const device& window, std::uint64_t base, std::unique_ptr<transfer_queue> inner)
      : window_(window), base_(base), inner_(std::move(inner)) {}

  unsigned depth() const override { return inner_->depth(); }
  unsigned in_flight() const override { return inner_->in_flight() + static_cast<unsigned>(refused_.size()); }

  void submit(transfer& t) override {
    t.outcome = check_bounds(window_, t.offset, t.memory.size());
    if (t.outcome.has_error()) {
      refused_.push_back(&t);
      return;
    }
    t.offset += base_;
    inner_->submit(t);
  }

  bool has_finished() override { return !refused_.empty() || inner_->has_finished(); }

  transfer& wait() override {
    if (!refused_.empty()) {
      auto& t = *refused_.front();
      refused_.pop_front();
      return t;
    }
    auto& t = inner_->wait();
    t.offset -= base_;
    return t;
  }

 private:
  const device& window_;
  const std::uint64_t base_;
  std::unique_ptr<transfer_queue> inner_;
  std::deque<transfer*> refused_;
};

class window_device final : public device {
 public:
  window_device(device& inner, std::unique_ptr<device> owned, range window)
      : owned_(std::move(owned)), inner_(inner), window_(window) {}

  std::string name() const override { return fmt::format("{}@{}+{}", inner_.name(), window_.offset, window_.size); }

  device_geometry geometry() const override {
    auto geometry = inner_.geometry();
    geometry.size = window_.size;
    return geometry;
  }

  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(check_bounds(*this, offset, out.size()));
    return inner_.read(window_.offset + offset, out);
  }

  result<void> write(std::uint64_t offset, byte_view in) override {
    CHECK(check_bounds(*this, offset, in.size()));
    return inner_.write(window_.offset + offset, in);
  }

  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override {
    CHECK(check_bounds(*this, offset, size));
    return inner_.zero(window_.offset + offset, size, mode);
  }

  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override {
    CHECK(check_bounds(*this, offset, size));
    TRY(auto found, inner_.extents(window_.offset + offset, size));
    for (auto& e : found) e.offset -= window_.offset;
    return found;
  }

  result<void> flush() override { return inner_.flush(); }

  result<std::unique_ptr<transfer_queue>> open_queue(unsigned depth) override {
    TRY(auto inner, inner_.open_queue(depth));
    return std::make_unique<window_queue>(*this, window_.offset, std::move(inner));
  }

 private:
  std::unique_ptr<device> owned_;  // empty if the inner device belongs to somebody else
  device& inner_;
  const range window_;
};

result<void> check_window(const device& inner, range window) {
  CHECK(check_bounds(inner, window.offset, window.size));
  const auto alignment = inner.geometry().alignment;
  if (is_aligned(window.offset, alignment)) return success();
  return error(errc::usage,
               fmt::format("{}: a part cannot begin at {}, only at multiples of {}", inner.name(), window.offset, alignment));
}

}  // namespace

result<std::unique_ptr<device>> make_window(std::unique_ptr<device> inner, range window) {
  CHECK(check_window(*inner, window));
  auto& seen = *inner;
  return std::make_unique<window_device>(seen, std::move(inner), window);
}

result<std::unique_ptr<device>> make_window(device& inner, range window) {
  CHECK(check_window(inner, window));
  return std::make_unique<window_device>(inner, nullptr, window);
}

}  // namespace umbra::io
