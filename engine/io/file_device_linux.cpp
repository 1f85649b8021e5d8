// SPDX-License-Identifier: GPL-3.0-or-later
// With O_DIRECT every file is open twice. Aligned pieces go past the page cache; what is not aligned (the tail of a file, or a
// caller who does not care) goes through it: the kernel keeps the two views coherent page by page, and the alignment of
// direct regular files is a page or more, so that no page is used both ways at once by callers who keep to the geometry.
#include "engine/io/file_device_linux.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/io/bounds.h"
#include "engine/io/raw_io_posix.h"
#include "engine/io/uring_queue_linux.h"
#include "engine/io/zeroing_linux.h"

namespace umbra::io {
namespace {

using namespace umbra::literals;

constexpr std::uint64_t bounce_size = 256_KiB;
constexpr std::uint64_t zeros_size = 1_MiB;

byte_view zeros() {
  static const buffer memory = [] {
    buffer fresh(zeros_size);
    std::ranges::fill(fresh.span(), std::byte{0});
    return fresh;
  }();
  return memory.view();
}

bool is_memory_aligned(const void* memory, std::uint64_t alignment) {
  return is_aligned(reinterpret_cast<std::uintptr_t>(memory), std::min<std::uint64_t>(alignment, buffer::alignment));
}

// How the next piece of a transfer goes.
struct route {
  int fd = -1;
  std::uint64_t size = 0;
  bool bounced = false;  // through aligned memory of our own
};

class file_device final : public device {
 public:
  explicit file_device(opened_file file) : file_(std::move(file)), ladder_(file_.geometry.block_device) {}

  std::string name() const override { return file_.path; }
  device_geometry geometry() const override { return file_.geometry; }
  result<void> read(std::uint64_t offset, byte_span out) override;
  result<void> write(std::uint64_t offset, byte_view in) override;
  result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) override;
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override;
  result<void> flush() override;
  result<std::unique_ptr<transfer_queue>> open_queue(unsigned depth) override;

 private:
  route next(std::uint64_t offset, const std::byte* memory, std::uint64_t size) const;
  moved read_piece(const route& r, std::uint64_t offset, byte_span out) const;
  moved write_piece(const route& r, std::uint64_t offset, byte_view in) const;
  result<void> check_writable() const;
  result<void> write_zeros(std::uint64_t offset, std::uint64_t size);
  result<void> check_not_shorter(std::uint64_t end) const;

  const opened_file file_;
  zero_ladder ladder_;
  std::mutex flush_mutex_;
  std::optional<error> flush_failure_;  // guarded by flush_mutex_
  bool name_synced_ = !file_.created;   // guarded by flush_mutex_
};

route file_device::next(std::uint64_t offset, const std::byte* memory, std::uint64_t size) const {
  if (!file_.direct.is_open()) return {file_.plain.get(), size};
  const std::uint64_t unit = file_.geometry.alignment;
  if (!is_aligned(offset, unit)) return {file_.plain.get(), std::min(size, align_up(offset, unit) - offset)};
  if (size < std::max(unit, file_.least_direct)) return {file_.plain.get(), size};
  if (is_memory_aligned(memory, unit)) return {file_.direct.get(), align_down(size, unit)};
  return {file_.direct.get(), std::min(align_down(size, unit), std::max(bounce_size, unit)), true};
}

moved file_device::read_piece(const route& r, std::uint64_t offset, byte_span out) const {
  if (r.bounced) {
    buffer bounce(r.size);
    const auto m = read_once(r.fd, offset, bounce.span());
    std::ranges::copy(bounce.view().first(m.bytes), out.begin());
    return m;
  }
  const auto m = read_once(r.fd, offset, out);
  // A file system may want more alignment than it told.
  if (m.os_error == EINVAL && r.fd == file_.direct.get()) return read_once(file_.plain.get(), offset, out);
  return m;
}

moved file_device::write_piece(const route& r, std::uint64_t offset, byte_view in) const {
  if (r.bounced) {
    buffer bounce(r.size);
    std::ranges::copy(in, bounce.data());
    return write_once(r.fd, offset, bounce.view());
  }
  const auto m = write_once(r.fd, offset, in);
  // Past the page cache a file system may run out of space early: ext4 sets some aside around each piece.
  const bool again = m.os_error == EINVAL || m.os_error == ENOSPC;
  if (again && r.fd == file_.direct.get()) return write_once(file_.plain.get(), offset, in);
  return m;
}

result<void> file_device::read(std::uint64_t offset, byte_span out) {
  CHECK(check_bounds(*this, offset, out.size()));
  while (!out.empty()) {
    const auto r = next(offset, out.data(), out.size());
    const auto m = read_piece(r, offset, out.first(r.size));
    if (m.bytes == 0) return transfer_failure(name(), transfer::direction::read, offset, m.os_error);
    offset += m.bytes;
    out = out.subspan(m.bytes);
  }
  return success();
}

result<void> file_device::check_writable() const {
  if (!file_.geometry.read_only) return success();
  return error(errc::denied, name() + ": opened for reading only");
}

result<void> file_device::write(std::uint64_t offset, byte_view in) {
  CHECK(check_bounds(*this, offset, in.size()));
  CHECK(check_writable());
  while (!in.empty()) {
    const auto r = next(offset, in.data(), in.size());
    const auto m = write_piece(r, offset, in.first(r.size));
    if (m.bytes == 0) return transfer_failure(name(), transfer::direction::write, offset, m.os_error);
    offset += m.bytes;
    in = in.subspan(m.bytes);
  }
  return success();
}

result<void> file_device::write_zeros(std::uint64_t offset, std::uint64_t size) {
  while (size != 0) {
    // The first piece ends on a multiple, so that all later ones are aligned.
    const auto piece = std::min(size, zeros_size - offset % zeros_size);
    CHECK(write(offset, zeros().first(piece)));
    offset += piece;
    size -= piece;
  }
  return success();
}

result<void> file_device::zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) {
  CHECK(check_bounds(*this, offset, size));
  CHECK(check_writable());
  const std::uint64_t unit = file_.geometry.block_device ? file_.geometry.logical_sector : 1;
  const auto end = offset + size;
  const auto first = std::min(align_up(offset, unit), end);
  const auto last = std::max(align_down(end, unit), first);
  if (last > first) {
    TRY(const bool done, within(name(), ladder_.zero(file_.plain.get(), first, last - first, mode)));
    if (!done) CHECK(write_zeros(first, last - first));
  }
  CHECK(write_zeros(offset, first - offset));
  return write_zeros(last, end - last);
}

// A shortened file answers "hole" past its end; that must not pass for zeros.
result<void> file_device::check_not_shorter(std::uint64_t end) const {
  struct stat status {};
  if (::fstat(file_.plain.get(), &status) != 0) return os_failure(errc::io_read, name());
  if (static_cast<std::uint64_t>(status.st_size) >= end) return success();
  return transfer_failure(name(), transfer::direction::read, static_cast<std::uint64_t>(status.st_size), 0);
}

result<extent_list> file_device::extents(std::uint64_t offset, std::uint64_t size) {
  CHECK(check_bounds(*this, offset, size));
  if (size == 0) return extent_list{};
  const extent_list unknown{{offset, size, extent_kind::data}};
  if (file_.geometry.block_device) return unknown;
  CHECK(check_not_shorter(offset + size));

  const int fd = file_.plain.get();
  const auto end = offset + size;
  extent_list found;
  const auto append = [&found](std::uint64_t from, std::uint64_t to, extent_kind kind) {
    if (to > from) found.push_back({from, to - from, kind});
  };
  for (auto at = offset; at < end;) {
    const auto data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno != ENXIO) return unknown;  // ESPIPE, EINVAL: a file system that cannot tell
    const auto data_begin = data < 0 ? end : std::clamp(static_cast<std::uint64_t>(data), at, end);
    append(at, data_begin, extent_kind::zero);
    if (data_begin == end) break;
    const auto hole = ::lseek(fd, static_cast<off_t>(data_begin), SEEK_HOLE);
    if (hole < 0) return unknown;
    // Never an empty step, should the file be changed meanwhile.
    at = std::clamp(static_cast<std::uint64_t>(hole), data_begin + 1, end);
    append(data_begin, at, extent_kind::data);
  }
  return found;
}

// The kernel tells a lost write once; a second fsync would lie. So the first failure stays.
result<void> file_device::flush() {
  if (file_.geometry.read_only) return success();
  const std::lock_guard lock(flush_mutex_);
  if (flush_failure_) return *flush_failure_;
  if (::fdatasync(file_.plain.get()) != 0) {
    flush_failure_ = os_failure(errc::io_write, name());
    return *flush_failure_;
  }
  if (!name_synced_) CHECK(sync_parent(file_.path));
  name_synced_ = true;
  return success();
}

result<std::unique_ptr<transfer_queue>> file_device::open_queue(unsigned depth) {
  CHECK(check_depth(*this, depth));
  if (file_.engine != engine_kind::threads) {
    const bool direct = file_.direct.is_open();
    uring_target target{*this, direct ? file_.direct.get() : file_.plain.get(), direct, file_.least_direct};
    auto queue = make_uring_queue(target, depth);
    if (queue.has_value() || file_.engine == engine_kind::uring) return queue;
  }
  return make_thread_queue(*this, depth);
}

}  // namespace

std::unique_ptr<device> make_file_device(opened_file file) { return std::make_unique<file_device>(std::move(file)); }

}  // namespace umbra::io
