// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/reflink_provider.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/mounts_linux.h"
#include "engine/io/probe.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/reflink_copy_linux.h"
#include "engine/shadow/reflink_linux.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/staged_provider.h"

namespace umbra::shadow {
namespace {

using attributes = volume_snapshot_attributes;

constexpr auto known_attributes = attributes::persistent | attributes::no_autorecovery | attributes::client_accessible |
                                  attributes::no_auto_release | attributes::no_writers | attributes::not_surfaced |
                                  attributes::not_transacted | attributes::differential | attributes::autorecover |
                                  attributes::rollback_recovery | attributes::delayed_postsnapshot | attributes::txf_recovery |
                                  attributes::file_share;

error cannot(const volume& v, const std::string& why) {
  return failure(result_code::e_volume_not_supported_by_provider, fmt::format("{}: {}", v.name, why));
}

// Where the state of a record's copy can be seen now.
void look_after(snapshot_prop& prop, const std::string& copy) {
  struct stat status {};
  if (::stat(copy.c_str(), &status) != 0) prop.status = snapshot_state::unknown;
  const auto uses = io::mounts_of(copy);
  if (uses.has_error() || uses.assume_value().empty()) return;
  prop.exposed_name = uses.assume_value().front().mount_point;
  prop.exposed_path = std::string("/");  // GCC 12 warns of nothing at the plain text
  prop.attributes |= attributes::exposed_locally;
}

void add_usage(std::map<std::string, diff_area_prop>& areas, const std::string& volume, reflink_copy& copy) {
  auto& area = areas[volume];
  area.volume_name = volume;
  const auto mount = io::mount_of(copy.source_file());
  if (mount) area.diff_area_volume_name = mount->mount_point;
  const auto used = copy.used();
  if (used.has_error()) {
    area.fault = protection_fault::diff_area_missing;
    return;
  }
  area.used_space += used.assume_value();
  area.allocated_space = area.used_space;
  struct statvfs space {};
  if (::statvfs(copy.source_file().c_str(), &space) != 0) return;
  const auto free = checked_mul(space.f_bavail, space.f_frsize).value_or(0);
  area.maximum_space = area.used_space + free;
  if (free == 0) area.fault = protection_fault::diff_area_full;
}

class reflink_provider final : public staged_provider {
 public:
  explicit reflink_provider(reflink_options options)
      : staged_provider(describe_provider(reflink_provider_id, "reflink", provider_type::software), options.machine, options.now),
        options_(std::move(options)) {}

  result<void> is_volume_supported(const volume& v, volume_snapshot_attributes asked) override {
    CHECK(refuse_others(asked, known_attributes));
    if (v.is_member) return cannot(v, "its file system lies on several devices, and a copy of one of them is no copy");
    if (v.file().empty()) {
      if (v.file_system == "btrfs") {
        return cannot(v,
                      "btrfs on a device shows none of its snapshots as blocks: put LVM below it, or, if it is small, use the "
                      "provider freeze");
      }
      return cannot(v, "it does not lie in a file on XFS or btrfs");
    }
    TRY(const auto why, why_no_reflink(v.file()));
    if (!why.empty()) return cannot(v, fmt::format("its file {} cannot be cloned: {}", v.file(), why));
    return success();
  }

  hold holds(const volume& v) override { return v.is_mounted() && !v.read_only ? hold::coordinator : hold::none; }

  result<std::vector<diff_area_prop>> query_diff_areas() override {
    std::map<std::string, diff_area_prop> areas;
    std::vector<guid> seen;
    for_each_readable([&](const kept_copy& member) {
      seen.push_back(member.prop.snapshot_id);
      add_usage(areas, member.prop.original_volume_name, static_cast<reflink_copy&>(*member.copy));
    });
    TRY(const auto kept, kept_copies());
    for (const auto& [prop, copy] : kept) {
      if (std::ranges::find(seen, prop.snapshot_id) != seen.end()) continue;
      add_usage(areas, prop.original_volume_name, static_cast<reflink_copy&>(*copy));
    }
    std::vector<diff_area_prop> all;
    for (const auto& [volume, area] : areas) all.push_back(area);
    return all;
  }

  result<bool> query_revert_status(const volume& v) override {
    CHECK(tidy());
    TRY(const auto reverting, options_.records->reverting(reflink_provider_id));
    return std::ranges::any_of(reverting, [&](const snapshot_record& r) {
      const auto whole = v.is_file() || r.window == v.backing_window;
      return r.source == v.file() && whole;
    });
  }

 private:
  std::unique_ptr<volume_copy> make_copy(const copy_order& order) override {
    return std::make_unique<reflink_copy>(order, options_);
  }

  result<std::vector<kept_copy>> kept_copies() override {
    TRY(auto records, options_.records->made(reflink_provider_id));
    std::vector<kept_copy> kept;
    for (auto& record : records) {
      auto prop = record.prop;
      look_after(prop, record.copy);
      kept.push_back({std::move(prop), std::make_unique<reflink_copy>(std::move(record), options_.records)});
    }
    return kept;
  }

  // A leftover that cannot go now keeps its record, and nobody from working.
  result<void> tidy() override {
    static_cast<void>(options_.records->clear_leftovers(reflink_provider_id, remove_clone));
    TRY(const auto reverting, options_.records->reverting(reflink_provider_id));
    for (const auto& record : reverting) static_cast<void>(reflink_copy(record, options_.records).revert());
    return success();
  }

  const reflink_options options_;
};

}  // namespace

std::shared_ptr<provider> make_reflink_provider(reflink_options options) {
  return std::make_shared<reflink_provider>(std::move(options));
}

}  // namespace umbra::shadow
