// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/none_provider.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "engine/io/block_tree_linux.h"
#include "engine/io/file_device.h"
#include "engine/io/loop_device_linux.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/staged_provider.h"

namespace umbra::shadow {
namespace {

using attributes = volume_snapshot_attributes;

constexpr auto known_attributes = attributes::no_autorecovery | attributes::no_writers | attributes::not_surfaced |
                                  attributes::not_transacted | attributes::autorecover | attributes::rollback_recovery |
                                  attributes::txf_recovery | attributes::delayed_postsnapshot | attributes::file_share;

error may_change(const volume& v) {
  const auto how = v.is_mounted() ? fmt::format("mounted for writing on {}", v.mount_point) : std::string("in use");
  return failure(result_code::e_volume_not_supported_by_provider,
                 fmt::format("{} is {}: only what nothing writes to can do without a shadow copy", v.name, how));
}

class standing_device final : public volume_copy {
 public:
  standing_device(volume source, none_options options) : source_(std::move(source)), options_(std::move(options)) {}

  result<void> prepare() override {
    file_.reset(::open(source_.device.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file_.is_open()) return os_failure(errc::io_read, source_.device);
    // While this is held nobody can mount it. A read-only mount, or LVM, holds it already; then the looks at the end must do.
    if (!source_.is_file()) claim_.reset(::open(source_.device.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK));
    return still_unwritten();
  }

  result<void> pre_commit() override {
    TRY(before_, mark());
    return success();
  }
  result<void> commit() override { return success(); }
  result<void> post_final_commit(const snapshot_prop&) override { return check(); }
  result<void> discard() override {
    node_.reset();
    claim_.reset();
    file_.reset();
    return success();
  }

  std::string device_object() const override { return source_.device; }
  result<std::unique_ptr<io::device>> open() override { return io::open_device(source_.device, {}); }

  result<void> check() override {
    CHECK(still_unwritten());
    TRY(const auto now, mark());
    if (now == before_) return success();
    return error(errc::source_changed, fmt::format("{}: something was written to it", source_.name));
  }

  // Even to mount it read-only would replay its journal; through this nothing can.
  result<std::string> node() override {
    if (!node_) {
      TRY(auto loop, io::attach_loop(file_.get(), {}, true));
      node_.emplace(std::move(loop));
    }
    return node_->node();
  }
  result<void> release_node() override {
    node_.reset();
    return success();
  }
  result<std::string> source() override { return source_.device; }
  result<void> revert() override { return failure(result_code::e_notimpl, source_.name + " is its own copy"); }

 private:
  result<void> still_unwritten() const {
    TRY(const auto now, options_.find_volume(source_.device));
    // This process's own claim looks like somebody else's.
    const bool is_ours = !now.is_mounted() && claim_.is_open();
    if (now.read_only || is_ours) return success();
    return may_change(now);
  }

  // Another one as soon as something was written.
  result<std::string> mark() const {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) return os_failure(errc::io_read, source_.device);
    if (S_ISBLK(status.st_mode)) {
      const auto sectors = io::block_tree().sectors_changed(source_.number);
      return sectors ? std::to_string(*sectors) : std::string();
    }
    return fmt::format("{} {}.{:09}", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }

  const volume source_;
  const none_options options_;
  unique_fd file_;
  unique_fd claim_;
  std::string before_;
  std::optional<io::loop_device> node_;
};

class none_provider final : public staged_provider {
 public:
  explicit none_provider(none_options options)
      : staged_provider(describe_provider(none_provider_id, "none", provider_type::system), options.machine, options.now),
        options_(std::move(options)) {}

  result<void> is_volume_supported(const volume& v, volume_snapshot_attributes asked) override {
    CHECK(refuse_others(asked, known_attributes));
    if (!v.read_only) return may_change(v);
    return success();
  }
  hold holds(const volume&) override { return hold::none; }

 private:
  std::unique_ptr<volume_copy> make_copy(const copy_order& order) override {
    return std::make_unique<standing_device>(order.source, options_);
  }

  const none_options options_;
};

}  // namespace

std::shared_ptr<provider> make_none_provider(none_options options) { return std::make_shared<none_provider>(std::move(options)); }

}  // namespace umbra::shadow
