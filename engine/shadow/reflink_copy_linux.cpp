// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/reflink_copy_linux.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/block_tree_linux.h"
#include "engine/io/file_device_linux.h"
#include "engine/io/probe.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/reflink_linux.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using namespace umbra::literals;

// "MinDiffAreaFileSize" of the reference.
std::uint64_t least_free(std::uint64_t volume_size) { return volume_size < 500'000'000 ? 32_MiB : 320_MiB; }

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

std::string clone_name(const guid& snapshot) {
  const auto braced = to_string(snapshot);
  return fmt::format("umbra-shadow-{}.img", braced.substr(1, braced.size() - 2));
}

range window_of(const volume& v) { return v.is_file() ? range{0, v.size} : v.backing_window; }

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

// Nodes over a persistent copy that other sessions made.
result<void> release_nodes_over(const std::string& file) {
  TRY(const auto uses, io::mounts_of(file));
  if (!uses.empty()) {
    return failure(result_code::e_volume_in_use,
                   fmt::format("the shadow copy is mounted on {}: unexpose it first", uses.front().mount_point));
  }
  const io::block_tree tree;
  for (const auto loop : tree.loops_over(file)) {
    const unique_fd fd(::open(tree.node_name(loop).c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.is_open()) ::ioctl(fd.get(), LOOP_CLR_FD, 0);
  }
  return success();
}

}  // namespace

reflink_copy::reflink_copy(const copy_order& order, const reflink_options& options)
    : file_copy(order.source.name, order.source.file_system, window_of(order.source), order.attributes),
      is_persistent_(is_persistent(order.attributes)),
      records_(options.records),
      number_(order.source.number),
      minimum_free_(options.minimum_free.value_or(least_free(order.source.size))) {
  record_.prop.snapshot_id = order.snapshot;
  record_.prop.snapshot_set_id = order.set;
  record_.prop.provider_id = reflink_provider_id;
  record_.prop.original_volume_name = order.source.name;
  record_.prop.attributes = order.attributes;
  record_.prop.status = snapshot_state::preparing;
  record_.source = order.source.file();
  record_.window = window();
  record_.file_system = order.source.file_system;
  if (is_persistent_) record_.copy = folder_of(record_.source) + "/" + clone_name(order.snapshot);
}

reflink_copy::reflink_copy(snapshot_record record, std::shared_ptr<snapshot_records> records)
    : file_copy(record.prop.original_volume_name, record.file_system, record.window, record.prop.attributes),
      record_(std::move(record)),
      is_persistent_(true),
      records_(std::move(records)) {
  seal_ = record_.seal;
}

result<void> reflink_copy::open_source() {
  const auto& path = record_.source;
  source_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!source_.is_open()) return os_failure(errc::io_read, path);
  if (number_ == io::device_number{}) return success();
  // The path is only a name: it must still lead to what the loop device shows.
  const auto place = io::block_tree().place_in_file(number_);
  if (place && place->file == path && place->offset == window().offset) return success();
  return failure(result_code::e_missing_volume, path + " is not the file below the volume any longer");
}

result<void> reflink_copy::check_space() const {
  struct statvfs space {};
  if (::fstatvfs(source_.get(), &space) != 0) return os_failure(errc::io_read, record_.source);
  const auto free = checked_mul(space.f_bavail, space.f_frsize).value_or(~0ull);
  if (free >= minimum_free_) return success();
  return failure(
      result_code::e_insufficient_storage,
      fmt::format("the file system of {} has {} MiB left, a shadow copy needs at least {} MiB for what changes under it",
                  record_.source, free >> 20, minimum_free_ >> 20));
}

result<void> reflink_copy::prepare() {
  CHECK(open_source());
  CHECK(check_space());
  if (is_persistent_) {
    TRY(claim_, records_->begin(record_));
  }
  const auto folder = folder_of(record_.source);
  const auto name = is_persistent_ ? clone_name(record_.prop.snapshot_id) : std::string();
  auto target = make_clone_target(source_.get(), folder, name);
  if (target.has_error()) return copy_failure(target.error().text(), target.error().os_error());
  file_ = std::move(target).assume_value();
  return write_out();
}

// What is clean now need not be written within the freeze: cloning waits for dirty pages of the file.
result<void> reflink_copy::write_out() const {
  if (::fdatasync(source_.get()) != 0) return copy_failure(record_.source, errno);
  return success();
}

// A file of many extents takes long to clone: most of it is done before writers are held.
result<void> reflink_copy::end_prepare() {
  share_ahead(source_.get(), file_.get());
  return success();
}

// And once more, for what writers brought into order since; this takes a tenth of the first time.
result<void> reflink_copy::pre_commit() {
  CHECK(write_out());
  share_ahead(source_.get(), file_.get());
  return write_out();
}

result<void> reflink_copy::commit() {
  const int why = clone_file(source_.get(), file_.get());
  if (why != 0) return copy_failure("cloning " + record_.source, why);
  return success();
}

result<void> reflink_copy::post_commit() {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) return copy_failure("the clone", errno);
  source_.reset();
  if (static_cast<std::uint64_t>(status.st_size) >= window().end()) return success();
  return failure(result_code::e_missing_volume, record_.source + " became shorter than the volume in it");
}

result<void> reflink_copy::post_final_commit(const snapshot_prop& made) {
  CHECK(file_copy::post_final_commit(made));
  if (!is_persistent_) return success();
  if (::fchmod(file_.get(), S_IRUSR) != 0 || ::fsync(file_.get()) != 0) return copy_failure(record_.copy, errno);
  CHECK(io::sync_parent(record_.copy));
  record_.prop = made;
  record_.seal = seal_;
  CHECK(records_->complete(record_));
  claim_.reset();
  return reopen();
}

// For reading only: nothing of this process changes it any longer.
result<void> reflink_copy::reopen() {
  file_.reset(::open(record_.copy.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file_.is_open()) return success();
  return failure(result_code::e_object_not_found, fmt::format("{}: {}", record_.copy, os_failure(errc::io_read, "").message()));
}

result<void> reflink_copy::discard() {
  CHECK(file_copy::release_node());
  if (is_persistent_ && (claim_ != nullptr || record_.prop.status == snapshot_state::created)) {
    const auto id = record_.prop.snapshot_id;
    if (exists(record_.copy)) CHECK(release_nodes_over(record_.copy));
    CHECK(records_->withdraw(id));
    CHECK(remove_clone(record_));
    CHECK(records_->end(id));
    claim_.reset();
  }
  file_.reset();
  source_.reset();
  return success();
}

std::string reflink_copy::device_object() const {
  struct stat status {};
  const bool is_all = ::fstat(file_.get(), &status) == 0 && window() == range{0, static_cast<std::uint64_t>(status.st_size)};
  return is_all ? record_.copy : std::string();
}

result<std::unique_ptr<io::device>> reflink_copy::open() {
  if (!file_.is_open()) CHECK(reopen());
  return file_copy::open();
}

result<void> reflink_copy::check() {
  if (!file_.is_open()) CHECK(reopen());
  return file_copy::check();
}

result<std::string> reflink_copy::node() {
  if (!file_.is_open()) CHECK(reopen());
  if (is_persistent_) {
    // Another session's will do.
    const io::block_tree tree;
    for (const auto loop : tree.loops_over(record_.copy)) {
      const auto place = tree.place_in_file(loop);
      if (place && place->offset == window().offset && tree.size_of(loop) == window().size) return tree.node_name(loop);
    }
  }
  return file_copy::node();
}

result<void> reflink_copy::release_node() {
  CHECK(file_copy::release_node());
  return is_persistent_ && exists(record_.copy) ? release_nodes_over(record_.copy) : success();
}

// Whichever loop device the volume is mounted through now; else the file, which is unmounted then.
result<std::string> reflink_copy::source() {
  TRY(const auto mounted, volumes_on(record_.source));
  for (const auto& [v, offset] : mounted) {
    if (offset == window().offset && v.size == window().size) return v.device;
  }
  return record_.source;
}

result<void> reflink_copy::revert() {
  CHECK(check());
  // Only what really begins is noted: nobody wants a revert that was refused to go on by itself later.
  TRY(auto revert, file_revert::begin(file_.get(), record_.source, window()));
  TRY(const auto claim, records_->begin_revert(record_));
  CHECK(revert.run());
  return records_->end_revert(record_.prop.snapshot_id);
}

result<std::uint64_t> reflink_copy::used() {
  if (!file_.is_open()) CHECK(reopen());
  return unshared_bytes(file_.get());
}

result<void> remove_clone(const snapshot_record& record) {
  // Nothing but what this provider names so is ever removed.
  if (!record.copy.ends_with("/" + clone_name(record.prop.snapshot_id))) return success();
  if (::unlink(record.copy.c_str()) == 0) return io::sync_parent(record.copy);
  if (errno == ENOENT && exists(record.source)) return success();
  return os_failure(errc::io_write, record.copy);
}

}  // namespace umbra::shadow
