// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "engine/store/direct_writer_posix.h"
#include "engine/store/posix_files.h"

namespace umbra::store::posix {
namespace {

// Dirty pages are handed to the medium in runs of this size: a sync() then waits for one run, not for all of a pack.
constexpr std::uint64_t write_back_run = 4_MiB;

// Smaller files are written through the page cache.
constexpr std::uint64_t direct_from = 4_MiB;

// Pieces not yet written, as the kernel wants them.
class remaining_pieces {
 public:
  explicit remaining_pieces(std::span<const byte_view> pieces) : pieces_(pieces) { skip_empty(); }

  bool empty() const { return pieces_.empty(); }

  std::size_t gather(std::span<iovec> out) const {
    const auto count = std::min(out.size(), pieces_.size());
    for (std::size_t i = 0; i < count; ++i) {
      const auto piece = i == 0 ? pieces_[0].subspan(done_) : pieces_[i];
      // writev only reads; iovec has no const twin.
      out[i] = {const_cast<std::byte*>(piece.data()), piece.size()};
    }
    return count;
  }

  void advance(std::size_t written) {
    while (written > 0) {
      const auto step = std::min(written, pieces_[0].size() - done_);
      done_ += step;
      written -= step;
      skip_empty();
    }
  }

 private:
  void skip_empty() {
    while (!pieces_.empty() && done_ == pieces_[0].size()) {
      pieces_ = pieces_.subspan(1);
      done_ = 0;
    }
  }

  std::span<const byte_view> pieces_;
  std::size_t done_ = 0;  // of the first piece
};

class posix_output_file final : public output_file {
 public:
  posix_output_file(unique_fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  result<void> append(byte_view bytes) override { return append(std::span(&bytes, 1)); }

  result<void> append(std::span<const byte_view> pieces) override {
    CHECK(usable());
    go_direct();
    if (direct_) return append_direct(pieces);
    std::array<iovec, 64> batch;
    for (remaining_pieces left(pieces); !left.empty();) {
      const auto count = static_cast<int>(left.gather(batch));
      const auto written = uninterrupted([&] { return ::pwritev(fd_.get(), batch.data(), count, static_cast<off_t>(size_)); });
      if (written <= 0) {
        if (written == 0) errno = EIO;  // never for a regular file; and an endless loop otherwise
        return give_up("write");
      }
      left.advance(static_cast<std::size_t>(written));
      size_ += static_cast<std::uint64_t>(written);
    }
    write_back_full_runs();
    return success();
  }

  result<void> sync() override {
    CHECK(usable());
    CHECK(leave_direct());
    int failed = uninterrupted([&] { return ::fdatasync(fd_.get()); });
    if (failed != 0 && (errno == EINVAL || errno == ENOSYS)) failed = uninterrupted([&] { return ::fsync(fd_.get()); });
    if (failed != 0) return give_up("sync");
    return success();
  }

  std::uint64_t size() const override { return size_; }

  result<void> close() override {
    CHECK(usable());
    CHECK(leave_direct());
    // Never again after EINTR: the descriptor is gone, and may be somebody else's by now.
    if (::close(fd_.release()) != 0 && errno != EINTR) return give_up("close");
    given_up_ = true;
    return success();
  }

 private:
  result<void> usable() const {
    if (!given_up_) return success();
    return error(errc::io_write, path_ + " is closed or was given up after a failure");
  }

  // The kernel reports a failed write-back once and then forgets the pages: no later call may claim success.
  error give_up(std::string_view verb) {
    given_up_ = true;
    return failure(errc::io_write, verb, path_);
  }

  // A file that grows large goes on past the page cache from the next page on, if its file system takes that.
  void go_direct() {
    if (direct_ || size_ < direct_from || size_ % direct_writer::alignment != 0 || !wants_direct_) return;
    wants_direct_ = false;  // asked once
    unique_fd fd(open_direct(fd_.get()));
    if (fd.is_open()) direct_ = std::make_unique<direct_writer>(std::move(fd), fd_.get(), size_);
  }

  result<void> append_direct(std::span<const byte_view> pieces) {
    for (const auto& piece : pieces) {
      errno = direct_->append(piece);
      if (errno != 0) return give_up("write");
    }
    size_ = direct_->offset();
    return success();
  }

  // What is still gathered is written; from here on through the page cache.
  result<void> leave_direct() {
    if (!direct_) return success();
    byte_view tail;
    errno = direct_->finish(tail);
    if (errno != 0) return give_up("write");
    const std::vector<std::byte> rest(tail.begin(), tail.end());
    direct_.reset();
    size_ -= rest.size();
    handed_over_ = align_down(size_, write_back_run);
    return append(byte_view(rest));
  }

  void write_back_full_runs() {
    const auto end = align_down(size_, write_back_run);
    if (end <= handed_over_) return;
    start_write_back(fd_.get(), handed_over_, end - handed_over_);
    handed_over_ = end;
  }

  unique_fd fd_;
  std::string path_;
  std::uint64_t size_ = 0;
  std::uint64_t handed_over_ = 0;
  bool wants_direct_ = true;
  std::unique_ptr<direct_writer> direct_;  // after fd_: it uses it
  bool given_up_ = false;
};

}  // namespace

result<std::unique_ptr<output_file>> create_output_file(const std::string& path) {
  // Backups hold everybody's secrets: nobody but the owner may read them, whatever the umask.
  constexpr mode_t owner_only = 0600;
  unique_fd fd(uninterrupted([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, owner_only); }));
  if (!fd.is_open()) return failure(errc::io_write, "create", path);
  return std::make_unique<posix_output_file>(std::move(fd), path);
}

}  // namespace umbra::store::posix
