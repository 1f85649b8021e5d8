// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/file_copy_linux.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/file_device.h"
#include "engine/io/probe.h"
#include "engine/io/window_device.h"
#include "engine/shadow/journal_replay_linux.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/storage_probe_linux.h"

namespace umbra::shadow {

error copy_failure(std::string text, int os_error) {
  const bool is_full = os_error == ENOSPC || os_error == EDQUOT || os_error == ENOMEM;
  const auto code = is_full ? result_code::e_insufficient_storage : result_code::e_unexpected_provider_error;
  return os_failure(is_full ? errc::no_space : errc::shadow_copy, std::move(text), os_error)
      .with_detail(static_cast<std::uint32_t>(code));
}

result<std::string> file_copy::present_seal() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return copy_failure(volume_name_, errno);
  return fmt::format("{} bytes, {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

result<void> file_copy::pre_final_commit() {
  if (!may_recover()) return success();
  is_writable_ = true;
  if (!needs_replay(file_system_)) return success();
  TRY(const auto loop, io::attach_loop(file_.get(), window_, false));
  auto replayed = replay_journal(loop.node(), file_system_);
  if (replayed.has_value()) return success();
  return failure(result_code::e_autorecovery_failed,
                 "its journal cannot be replayed in the copy (without auto-recovery it could be made): " +
                     replayed.assume_error().message());
}

result<void> file_copy::post_final_commit(const snapshot_prop&) {
  CHECK(release_node());
  is_writable_ = false;
  if (::fsync(file_.get()) != 0) return copy_failure("the copy", errno);
  TRY(seal_, present_seal());
  return success();
}

result<std::unique_ptr<io::device>> file_copy::open() {
  io::open_options options;
  options.label = "shadow copy of " + volume_name_;
  TRY(auto whole, io::open_device(fmt::format("/proc/self/fd/{}", file_.get()), options));
  if (window_ == range{0, whole->geometry().size}) return whole;
  return io::make_window(std::move(whole), window_);
}

result<void> file_copy::check() {
  TRY(const auto seal, present_seal());
  if (seal != seal_) {
    return failure(result_code::e_unexpected_provider_error,
                   fmt::format("the shadow copy of {} was changed after it was made", volume_name_));
  }
  if (is_storage_there(file_.get(), window_)) return success();
  return failure(result_code::e_missing_disk,
                 fmt::format("the disk that the shadow copy of {} lies on cannot be read any longer: connect it, and begin again",
                             volume_name_));
}

result<std::string> file_copy::node() {
  if (!node_) {
    TRY(auto loop, io::attach_loop(file_.get(), window_, !is_writable_));
    node_.emplace(std::move(loop));
  }
  return node_->node();
}

result<void> file_copy::release_node() {
  if (!node_) return success();
  TRY(const auto uses, io::mounts_of(node_->node()));
  if (!uses.empty()) {
    return failure(result_code::e_volume_in_use,
                   fmt::format("the shadow copy of {} is mounted on {}", volume_name_, uses.front().mount_point));
  }
  node_.reset();
  return success();
}

}  // namespace umbra::shadow
