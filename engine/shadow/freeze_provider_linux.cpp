// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/freeze_provider.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "engine/shadow/memory_copy_linux.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/staged_provider.h"

namespace umbra::shadow {
namespace {

using attributes = volume_snapshot_attributes;

constexpr auto known_attributes = attributes::no_autorecovery | attributes::no_writers | attributes::not_surfaced |
                                  attributes::not_transacted | attributes::plex | attributes::autorecover |
                                  attributes::rollback_recovery | attributes::delayed_postsnapshot | attributes::txf_recovery |
                                  attributes::file_share;

// File systems that the kernel can hold still (FIFREEZE).
constexpr std::array<std::string_view, 11> freezable{"ext2", "ext3",     "ext4", "xfs",    "btrfs",   "f2fs",
                                                     "jfs",  "reiserfs", "gfs2", "nilfs2", "bcachefs"};

class freeze_provider final : public staged_provider {
 public:
  explicit freeze_provider(freeze_options options)
      : staged_provider(describe_provider(freeze_provider_id, "freeze", provider_type::system), options.machine, options.now),
        options_(std::move(options)) {}

  result<void> is_volume_supported(const volume& v, volume_snapshot_attributes asked) override {
    CHECK(refuse_others(asked, known_attributes));
    if (!v.is_mounted()) return freeze_refusal("it is not mounted, there is nothing to hold still");
    if (v.is_member) {
      return freeze_refusal("its file system lies on several devices, and a copy of one of them is no copy");
    }
    if (!v.read_only && std::ranges::find(freezable, v.file_system) == freezable.end()) {
      return freeze_refusal(
          fmt::format("a file system of type {} cannot be held still; unmount it, or mount it read-only", v.file_system));
    }
    TRY(const auto used, bytes_to_read(v, options_));
    if (used > options_.limit) return freeze_refusal(too_much_to_hold(used, options_.limit));
    return success();
  }

  hold holds(const volume& v) override { return v.read_only ? hold::none : hold::coordinator; }

  result<void> commit_snapshots(const guid& set) override {
    if (budget_) budget_->until = options_.timer() + options_.copy_time;
    return staged_provider::commit_snapshots(set);
  }

  result<std::vector<diff_area_prop>> query_diff_areas() override {
    std::vector<diff_area_prop> all;
    for_each_readable([&](const kept_copy& member) {
      diff_area_prop area;
      area.volume_name = member.prop.original_volume_name;
      area.diff_area_volume_name = "memory";
      area.used_space = area.allocated_space = static_cast<const memory_copy&>(*member.copy).used();
      all.push_back(std::move(area));
    });
    return all;
  }

 private:
  // Only one set is in the making at a time.
  std::unique_ptr<volume_copy> make_copy(const copy_order& order) override {
    if (!budget_ || budget_of_ != order.set) budget_ = std::make_shared<freeze_budget>();
    budget_of_ = order.set;
    return std::make_unique<memory_copy>(order, options_, budget_);
  }

  const freeze_options options_;
  guid budget_of_;
  std::shared_ptr<freeze_budget> budget_;
};

}  // namespace

std::shared_ptr<provider> make_freeze_provider(freeze_options options) {
  if (!options.timer) options.timer = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
  return std::make_shared<freeze_provider>(std::move(options));
}

}  // namespace umbra::shadow
