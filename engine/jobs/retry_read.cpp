// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/jobs/retry_read.h"

#include <algorithm>

#include "engine/base/units.h"

namespace umbra::jobs {
namespace {

constexpr std::uint64_t first_try = 64_KiB;

bool is_hopeless(const error& e) { return e.code() != errc::io_read; }

class piecewise_reader {
 public:
  piecewise_reader(io::device& device, const io::transfer& t)
      : device_(device), transfer_(t), unit_(std::max<std::uint64_t>(4_KiB, device.geometry().logical_sector)) {}

  result<std::vector<unread_piece>> run() {
    for (std::uint64_t at = 0; at < transfer_.memory.size(); at += first_try) {
      CHECK(read(at, std::min<std::uint64_t>(first_try, transfer_.memory.size() - at)));
    }
    return std::move(failed_);
  }

 private:
  result<void> read(std::uint64_t at, std::uint64_t size) {
    const auto out = transfer_.memory.subspan(at, size);
    auto done = device_.read(transfer_.offset + at, out);
    if (done.has_value()) return success();
    if (is_hopeless(done.assume_error())) return done;
    if (size > unit_) {
      for (std::uint64_t piece = 0; piece < size; piece += unit_) CHECK(read(at + piece, std::min(unit_, size - piece)));
      return success();
    }
    done = device_.read(transfer_.offset + at, out);
    if (done.has_value()) return success();
    if (is_hopeless(done.assume_error())) return done;
    give_up({transfer_.offset + at, size}, done.assume_error());
    std::ranges::fill(out, std::byte{0});
    return success();
  }

  void give_up(range where, const error& e) {
    if (!failed_.empty() && failed_.back().where.end() == where.offset) {
      failed_.back().where.size += where.size;
    } else {
      failed_.push_back({where, e.message()});
    }
  }

  io::device& device_;
  const io::transfer& transfer_;
  std::uint64_t unit_;
  std::vector<unread_piece> failed_;
};

}  // namespace

result<std::vector<unread_piece>> read_in_pieces(io::device& device, const io::transfer& t) {
  if (is_hopeless(t.outcome.assume_error())) return t.outcome.assume_error();
  return piecewise_reader(device, t).run();
}

}  // namespace umbra::jobs
