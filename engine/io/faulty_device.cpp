// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/faulty_device.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <fmt/format.h>

namespace umbra::io {
namespace {

// The default open_queue() is kept on purpose: queued transfers then pass through read() and write() here.
class faulty_device final : public device {
 public:
  faulty_device(std::unique_ptr<device> inner, fault_plan plan) : inner_(std::move(inner)), plan_(std::move(plan)) {}

  std::string name() const override { return inner_->name(); }
  device_geometry geometry() const override { return inner_->geometry(); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_->extents(offset, size); }

  result<void> read(std::uint64_t offset, byte_span out) override {
    if (reads_++ >= plan_.shrinks_after) return error(errc::source_changed, place(offset));
    if (touches(plan_.unreadable, offset, out.size()) && is_read_bad_now()) {
      return os_failure(errc::io_read, place(offset), EIO);
    }
    return inner_->read(offset, out);
  }

  result<void> write(std::uint64_t offset, byte_view in) override {
    CHECK(may_write(offset, in.size()));
    return inner_->write(offset, in);
  }

  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override {
    CHECK(may_write(offset, size));
    return inner_->zero(offset, size, mode);
  }

  result<void> flush() override {
    if (plan_.flush_fails) return os_failure(errc::io_write, name(), EIO);
    return inner_->flush();
  }

 private:
  static bool touches(const range_list& bad, std::uint64_t offset, std::uint64_t size) {
    return std::ranges::any_of(bad, [=](const range& r) {
      return size != 0 && r.size != 0 && offset < r.end() && (offset >= r.offset || r.offset - offset < size);
    });
  }

  bool is_read_bad_now() { return plan_.transient_reads == 0 || bad_reads_++ < plan_.transient_reads; }

  result<void> may_write(std::uint64_t offset, std::uint64_t size) {
    if (touches(plan_.unwritable, offset, size)) return os_failure(errc::io_write, place(offset), EIO);
    if (writes_++ >= plan_.fail_write_at) return os_failure(errc::io_write, place(offset), plan_.write_errno);
    return success();
  }

  std::string place(std::uint64_t offset) const { return fmt::format("{} at {}", name(), offset); }

  const std::unique_ptr<device> inner_;
  const fault_plan plan_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<std::uint64_t> bad_reads_ = 0;
  std::atomic<std::uint64_t> writes_ = 0;
};

}  // namespace

std::unique_ptr<device> make_faulty(std::unique_ptr<device> inner, fault_plan plan) {
  return std::make_unique<faulty_device>(std::move(inner), std::move(plan));
}

}  // namespace umbra::io
