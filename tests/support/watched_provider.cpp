// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/watched_provider.h"

namespace umbra::test {
namespace {

class watched_device final : public io::device {
 public:
  watched_device(std::unique_ptr<io::device> inner, said say) : inner_(std::move(inner)), say_(std::move(say)) {}

  std::string name() const override { return inner_->name(); }
  io::device_geometry geometry() const override { return inner_->geometry(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    CHECK(inner_->read(offset, out));
    return say_("read");
  }
  result<void> write(std::uint64_t offset, byte_view in) override { return inner_->write(offset, in); }
  result<void> zero(std::uint64_t offset, std::uint64_t size, io::zero_mode mode) override {
    return inner_->zero(offset, size, mode);
  }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_->extents(offset, size); }
  result<void> flush() override { return inner_->flush(); }

 private:
  const std::unique_ptr<io::device> inner_;
  const said say_;
};

}  // namespace

std::unique_ptr<io::device> make_watched_device(std::unique_ptr<io::device> inner, said say) {
  return std::make_unique<watched_device>(std::move(inner), std::move(say));
}

}  // namespace umbra::test
