// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/copies.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "engine/shadow/mounting.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// Where a copy is exposed is told by the mount table: nothing else can be wrong about it.
void add_exposure(snapshot_prop& copy) {
  if (copy.snapshot_device_object.empty()) return;
  const auto folder = mount_point_of(copy.snapshot_device_object);
  if (folder.empty()) return;
  copy.exposed_name = folder;
  copy.exposed_path = std::string("/");
  copy.attributes |= volume_snapshot_attributes::exposed_locally;
}

result<std::vector<found_copy>> found_copies(const provider_list& providers) {
  std::vector<found_copy> all;
  for (const auto& p : providers) {
    TRY(auto copies, within(p->properties().provider_name, p->query()));
    for (auto& c : copies) {
      add_exposure(c);
      all.push_back({std::move(c), p});
    }
  }
  std::ranges::stable_sort(all, {}, [](const auto& c) { return c.properties.creation_timestamp; });
  return all;
}

error no_copy(const guid& id) { return failure(result_code::e_object_not_found, fmt::format("shadow copy {}", to_string(id))); }

result<void> delete_copy(const found_copy& copy, bool force) {
  if (has(copy.properties.attributes, volume_snapshot_attributes::exposed_locally)) {
    if (!force) {
      return failure(result_code::e_volume_in_use,
                     fmt::format("shadow copy {} is exposed at {}", to_string(copy.properties.snapshot_id),
                                 copy.properties.exposed_name))
          .advise("unexpose it first, or --force");
    }
    CHECK(unmount(copy.properties.exposed_name));
    CHECK(copy.by->release_node(copy.properties.snapshot_id));
  }
  return copy.by->delete_snapshot(copy.properties.snapshot_id);
}

}  // namespace

result<std::vector<snapshot_prop>> all_copies(const provider_list& providers) {
  TRY(const auto found, found_copies(providers));
  std::vector<snapshot_prop> list;
  for (const auto& c : found) list.push_back(c.properties);
  return list;
}

result<std::vector<diff_area_prop>> all_diff_areas(const provider_list& providers) {
  std::vector<diff_area_prop> all;
  for (const auto& p : providers) {
    TRY(auto areas, within(p->properties().provider_name, p->query_diff_areas()));
    std::ranges::move(areas, std::back_inserter(all));
  }
  return all;
}

result<found_copy> find_copy(const provider_list& providers, const guid& snapshot) {
  TRY(const auto all, found_copies(providers));
  const auto found = std::ranges::find_if(all, [&](const auto& c) { return c.properties.snapshot_id == snapshot; });
  if (found == all.end()) return no_copy(snapshot);
  return *found;
}

result<std::vector<snapshot_prop>> copies_of_set(const provider_list& providers, const guid& set) {
  TRY(auto all, all_copies(providers));
  std::erase_if(all, [&](const auto& c) { return c.snapshot_set_id != set; });
  return all;
}

result<backup_components::deletion> delete_copies(const provider_list& providers, const guid& id, object_type type, bool force) {
  if (type != object_type::snapshot && type != object_type::snapshot_set) {
    return failure(result_code::e_invalidarg, "delete_snapshots: names a shadow copy or a set");
  }
  TRY(auto doomed, found_copies(providers));
  std::erase_if(doomed, [&](const auto& c) {
    return (type == object_type::snapshot ? c.properties.snapshot_id : c.properties.snapshot_set_id) != id;
  });
  if (doomed.empty()) return no_copy(id);
  backup_components::deletion done;
  for (const auto& copy : doomed) {
    auto gone = delete_copy(copy, force);
    if (gone.has_error() && done.deleted == 0) return std::move(gone).assume_error();
    if (gone.has_error()) {
      done.not_deleted = copy.properties.snapshot_id;
      return done;
    }
    ++done.deleted;
  }
  return done;
}

void drop_auto_released(const provider_list& providers, const guid& set) {
  const auto all = found_copies(providers);
  if (all.has_error()) return;
  for (const auto& copy : all.assume_value()) {
    if (copy.properties.snapshot_set_id != set) continue;
    if (has(copy.properties.attributes, volume_snapshot_attributes::no_auto_release)) continue;
    (void)delete_copy(copy, true).has_error();
  }
}

result<void> expose_copy(const provider_list& providers, const guid& snapshot, const std::string& folder) {
  TRY(const auto copy, find_copy(providers, snapshot));
  if (!has(copy.properties.attributes, volume_snapshot_attributes::persistent)) {
    return failure(result_code::e_invalidarg, "expose_snapshot: only persistent shadow copies can be exposed");
  }
  if (has(copy.properties.attributes, volume_snapshot_attributes::exposed_locally)) {
    return failure(result_code::e_object_already_exists,
                   fmt::format("shadow copy {} at {}", to_string(snapshot), copy.properties.exposed_name))
        .advise("umbra shadow unexpose takes it from there");
  }
  TRY(const auto node, copy.by->node_of(snapshot));
  auto mounted = mount_read_only(node, folder);
  if (mounted.has_error()) (void)copy.by->release_node(snapshot).has_error();
  return mounted;
}

result<void> unexpose_copy(const provider_list& providers, const guid& snapshot) {
  TRY(const auto copy, find_copy(providers, snapshot));
  if (copy.properties.exposed_name.empty()) {
    return failure(result_code::e_object_not_found, fmt::format("shadow copy {} is not exposed", to_string(snapshot)));
  }
  CHECK(unmount(copy.properties.exposed_name));
  return copy.by->release_node(snapshot);
}

result<void> revert_copy(const environment& world, const guid& snapshot, bool force_dismount) {
  TRY(const auto copy, find_copy(world.providers, snapshot));
  if (!has(copy.properties.attributes, volume_snapshot_attributes::persistent)) {
    return failure(result_code::e_unsupported_context, "revert_to_snapshot: only persistent shadow copies can be reverted to");
  }
  TRY(const auto source, copy.by->source_of(snapshot));
  TRY(const auto v, world.find_volume(source));
  TRY(const bool goes_on, copy.by->query_revert_status(v));
  if (goes_on) return failure(result_code::e_revert_in_progress, v.name);
  if (!v.is_mounted()) return copy.by->revert_to_snapshot(snapshot);
  if (!force_dismount) {
    return failure(result_code::e_volume_in_use, fmt::format("{} is mounted at {}; unmount it first", v.device, v.mount_point));
  }
  TRY(const auto remount, unmount_for_now(v.mount_point));
  auto reverted = copy.by->revert_to_snapshot(snapshot);
  auto back = remount->mount_again();
  CHECK(reverted);
  return back;
}

}  // namespace umbra::shadow
