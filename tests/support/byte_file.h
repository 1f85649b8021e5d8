// SPDX-License-Identifier: GPL-3.0-or-later
// Files of bytes in memory whose content a test may bend.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/units.h"
#include "engine/block/extent.h"
#include "engine/store/store.h"

namespace umbra::test {

// Reads bytes that the test keeps; reads that touch `unreadable` fail as a bad sector does.
class byte_file final : public store::input_file {
 public:
  explicit byte_file(byte_view bytes, range unreadable = {}) : bytes_(bytes), unreadable_(unreadable) {}

  std::uint64_t size() const override { return bytes_.size(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    if (!fits(offset, out.size(), bytes_.size())) return error(errc::damaged, "read beyond the file's end");
    if (offset < unreadable_.end() && unreadable_.offset < offset + out.size()) return error(errc::io_read, "bad sector");
    const auto from = bytes_.subspan(static_cast<std::size_t>(offset), out.size());
    std::copy(from.begin(), from.end(), out.begin());
    return success();
  }
  byte_view map() override { return bytes_; }

 private:
  byte_view bytes_;
  range unreadable_;
};

// What a writer did, seen from outside while it lives.
struct written_bytes {
  std::vector<std::byte> bytes;
  std::vector<std::size_t> appends;  // sizes
  bool finished = false;
  std::size_t fail_at_append = ~std::size_t{0};  // this one, counted from 0, and all after it
};

class byte_writer final : public store::object_writer {
 public:
  explicit byte_writer(std::shared_ptr<written_bytes> to) : to_(std::move(to)) {}

  result<void> append(std::span<const byte_view> pieces) override {
    if (to_->appends.size() >= to_->fail_at_append) return error(errc::no_space, "full");
    const auto before = to_->bytes.size();
    for (const auto piece : pieces) to_->bytes.insert(to_->bytes.end(), piece.begin(), piece.end());
    to_->appends.push_back(to_->bytes.size() - before);
    return success();
  }
  std::uint64_t size() const override { return to_->bytes.size(); }
  result<void> finish() override {
    to_->finished = true;
    return success();
  }

 private:
  std::shared_ptr<written_bytes> to_;
};

}  // namespace umbra::test
