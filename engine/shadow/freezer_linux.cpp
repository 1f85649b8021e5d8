// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/freezer.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <fmt/format.h>

#include "engine/io/mounts_linux.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/freeze_calls.h"
#include "engine/shadow/guardian.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

constexpr std::size_t longest_line = 256;

struct held_file_system {
  std::string mount_point;
  io::device_number number;
  unique_fd root;
  bool is_frozen = false;
};

class guarded_freezer final : public freezer {
 public:
  guarded_freezer(std::vector<held_file_system> file_systems, const freeze_request& request, const freeze_calls& calls,
                  std::unique_ptr<guardian> watcher)
      : file_systems_(std::move(file_systems)),
        hold_limit_(request.hold_limit),
        writer_limit_(request.writer_limit),
        calls_(calls),
        guardian_(std::move(watcher)) {
    not_frozen_.reserve(file_systems_.size());
  }
  guarded_freezer(const guarded_freezer&) = delete;
  guarded_freezer& operator=(const guarded_freezer&) = delete;
  ~guarded_freezer() override { let_go(); }

  result<void> begin_writers() override {
    if (guardian_->book().writers_until.load() != 0 || has_ended_writers_) return out_of_order("begin_writers");
    // What is dirty now is written out while everybody still works.
    sync_all();
    guardian_->book().writers_until = deadline_after(writer_limit_);
    return guardian_->wake();
  }

  result<void> freeze() override {
    if (started_ != 0) return out_of_order("freeze");
    sync_all();
    started_ = calls_.now();
    guardian_->book().hold_until = deadline_after(hold_limit_);
    auto outcome = guardian_->wake();
    for (auto fs = file_systems_.rbegin(); fs != file_systems_.rend() && outcome.has_value(); ++fs) outcome = freeze_one(*fs);
    if (outcome.has_error()) let_go();
    return outcome;
  }

  result<void> thaw() override {
    if (started_ == 0 || ended_ != 0) return success();
    const bool in_time = decide(guardian_->book().hold, verdict::kept);
    const auto found = let_go();
    if (found.stuck != nullptr) return os_failure(errc::io_write, found.stuck->mount_point + ": thawing it", found.why);
    if (!in_time) {
      return failure(result_code::e_hold_writes_timeout,
                     fmt::format("file systems were held for more than {} ms and had to be thawed", hold_limit_.count()));
    }
    if (found.early == nullptr) return success();
    return failure(result_code::e_hold_writes_timeout, found.early->mount_point + " was thawed by somebody else meanwhile");
  }

  result<void> end_writers() override {
    auto& book = guardian_->book();
    if (book.writers_until.load() == 0) return success();
    const bool in_time = decide(book.writers, verdict::kept);
    book.writers_until = 0;
    has_ended_writers_ = true;
    if (in_time) return success();
    return failure(result_code::e_writererror_timeout,
                   fmt::format("writers were held for more than {} ms and were told to go on", writer_limit_.count()));
  }

  const std::vector<std::string>& not_frozen() const override { return not_frozen_; }
  std::chrono::microseconds held() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(ended_ == 0 ? 0 : ended_ - started_));
  }

 private:
  std::int64_t deadline_after(std::chrono::milliseconds limit) const {
    return calls_.now() + std::chrono::nanoseconds(limit).count();
  }

  static error out_of_order(const char* call) {
    return failure(result_code::e_bad_state, std::string(call) + ": once for each set");
  }

  // Failures show when it is frozen.
  void sync_all() {
    for (const auto& fs : file_systems_) calls_.sync(fs.root.get());
  }

  // Between the first freeze and the last thaw no memory is asked for unless something failed.
  result<void> freeze_one(held_file_system& fs) {
    const int why = calls_.freeze(fs.root.get());
    fs.is_frozen = why == 0;
    if (guardian_->book().hold.load() == verdict::broken) {
      return failure(result_code::e_flush_writes_timeout,
                     fmt::format("{}: writing it out took more than {} ms", fs.mount_point, hold_limit_.count()));
    }
    if (why == 0) return success();
    if (why == EOPNOTSUPP) {
      not_frozen_.push_back(std::move(fs.mount_point));
      return success();
    }
    if (why == EBUSY) {
      return failure(result_code::e_volume_in_use,
                     fs.mount_point + " is frozen already, by somebody else (fsfreeze -u thaws it)");
    }
    return os_failure(errc::io_write, fs.mount_point + ": freezing it", why);
  }

  struct findings {
    const held_file_system* early = nullptr;  // the first that was not frozen any longer
    const held_file_system* stuck = nullptr;  // the last that cannot be thawed: the guardian goes on trying
    int why = 0;
  };

  // In the order of mounting: what lies on another one can go on only when that one does.
  findings let_go() {
    findings found;
    if (started_ == 0 || ended_ != 0) return found;
    for (auto& fs : file_systems_) {
      if (!fs.is_frozen) continue;
      bool was_frozen = false;
      int why = 0;
      // Older kernels let freezes nest.
      while ((why = calls_.thaw(fs.root.get())) == 0) was_frozen = true;
      if (!was_frozen && why == EINVAL && found.early == nullptr) found.early = &fs;
      fs.is_frozen = why != EINVAL;
      if (fs.is_frozen) found.stuck = &fs;
      if (fs.is_frozen) found.why = why;
    }
    ended_ = calls_.now();
    if (found.stuck == nullptr) guardian_->book().hold_until = 0;
    return found;
  }

  std::vector<held_file_system> file_systems_;
  std::vector<std::string> not_frozen_;
  const std::chrono::milliseconds hold_limit_;
  const std::chrono::milliseconds writer_limit_;
  const freeze_calls calls_;
  const std::unique_ptr<guardian> guardian_;
  std::int64_t started_ = 0;
  std::int64_t ended_ = 0;
  bool has_ended_writers_ = false;
};

bool is_mount_root(int fd) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH, 0, &status) != 0) return false;
  return (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 || (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// A folder that is no mount point would freeze what it lies on: the system's root, as a rule.
result<held_file_system> open_file_system(const std::string& mount_point) {
  held_file_system fs;
  fs.mount_point = mount_point;
  fs.root.reset(::open(mount_point.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fs.root.is_open()) return os_failure(errc::io_read, mount_point);
  const auto mount = io::mount_of(mount_point);
  if (!mount || !is_mount_root(fs.root.get())) return error(errc::usage, mount_point + " is not a mount point");
  fs.number = mount->device;
  return fs;
}

int answer(int returned) { return returned == 0 ? 0 : errno; }

std::int64_t monotonic_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

freeze_calls kernel_freeze_calls() noexcept {
  return {[](int fd) { return answer(::syncfs(fd)); }, [](int fd) { return answer(::ioctl(fd, FIFREEZE, 0)); },
          [](int fd) { return answer(::ioctl(fd, FITHAW, 0)); }, monotonic_nanoseconds};
}

result<std::unique_ptr<freezer>> make_freezer(const freeze_request& request, const freeze_calls& calls) {
  if (request.abort_line.size() > longest_line) {
    return error(errc::usage, fmt::format("an abort line of {} bytes is too long for a pipe to take at once", longest_line));
  }
  std::vector<held_file_system> file_systems;
  guardian_task task{{}, request.abort_descriptors, request.abort_line, calls};
  for (const auto& mount_point : request.mount_points) {
    TRY(auto fs, open_file_system(mount_point));
    // Mounted twice, it is frozen once.
    if (std::ranges::any_of(file_systems, [&](const auto& known) { return known.number == fs.number; })) continue;
    task.file_systems.push_back(fs.root.get());
    file_systems.push_back(std::move(fs));
  }
  TRY(auto watcher, start_guardian(std::move(task)));
  return std::unique_ptr<freezer>(std::make_unique<guarded_freezer>(std::move(file_systems), request, calls, std::move(watcher)));
}

result<std::unique_ptr<freezer>> make_freezer(const freeze_request& request) {
  return make_freezer(request, kernel_freeze_calls());
}

}  // namespace umbra::shadow
