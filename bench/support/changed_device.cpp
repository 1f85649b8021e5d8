// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/changed_device.h"

#include <algorithm>

namespace umbra::bench {
namespace {

void change(const std::vector<std::uint64_t>& places, std::uint64_t offset, byte_span bytes) {
  for (auto p = std::ranges::lower_bound(places, offset); p != places.end() && *p < offset + bytes.size(); ++p)
    bytes[*p - offset] = ~bytes[*p - offset];
}

class changed_queue final : public io::transfer_queue {
 public:
  changed_queue(std::unique_ptr<io::transfer_queue> inner, const std::vector<std::uint64_t>& places)
      : inner_(std::move(inner)), places_(places) {}

  unsigned depth() const override { return inner_->depth(); }
  unsigned in_flight() const override { return inner_->in_flight(); }
  void submit(io::transfer& t) override { inner_->submit(t); }
  bool has_finished() override { return inner_->has_finished(); }
  io::transfer& wait() override {
    auto& t = inner_->wait();
    if (t.outcome.has_value()) change(places_, t.offset, t.memory);
    return t;
  }

 private:
  std::unique_ptr<io::transfer_queue> inner_;
  const std::vector<std::uint64_t>& places_;
};

class changed_device final : public io::device {
 public:
  changed_device(io::device& inner, std::vector<std::uint64_t> places) : inner_(inner), places_(std::move(places)) {}

  std::string name() const override { return inner_.name(); }
  io::device_geometry geometry() const override { return inner_.geometry(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(inner_.read(offset, out));
    change(places_, offset, out);
    return success();
  }
  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, "read-only"); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { return error(errc::denied, "read-only"); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_.extents(offset, size); }
  result<void> flush() override { return success(); }
  result<std::unique_ptr<io::transfer_queue>> open_queue(unsigned depth) override {
    TRY(auto queue, inner_.open_queue(depth));
    return std::unique_ptr<io::transfer_queue>(std::make_unique<changed_queue>(std::move(queue), places_));
  }

 private:
  io::device& inner_;
  std::vector<std::uint64_t> places_;
};

}  // namespace

std::unique_ptr<io::device> make_changed_device(io::device& inner, std::vector<std::uint64_t> places) {
  return std::make_unique<changed_device>(inner, std::move(places));
}

}  // namespace umbra::bench
