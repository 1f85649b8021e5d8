// SPDX-License-Identifier: GPL-3.0-or-later
// The device mapper freezes the file system of what it suspends, and refuses if somebody else froze it: so the coordinator does
// not, and commit holds still by itself (lvm_instant.h).
#include "engine/shadow/lvm_provider.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/file_device.h"
#include "engine/shadow/lvm_instant.h"
#include "engine/shadow/lvm_thin_copy.h"
#include "engine/shadow/process_token.h"
#include "engine/shadow/provider_ids.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

enum class lvm_kind : std::uint8_t { thin, thick };

constexpr std::string_view tag_snapshot = "umbra.snapshot=";
constexpr std::string_view tag_set = "umbra.set=";
constexpr std::string_view tag_attributes = "umbra.attributes=";
constexpr std::string_view tag_count = "umbra.count=";
constexpr std::string_view tag_created = "umbra.created=";
constexpr std::string_view tag_owner = "umbra.owner=";

// LVM takes no braces in tags and names.
std::string plain(const guid& id) { return to_hex(id.view()); }

template <class Number>
Number number_in(const std::string& text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct member {
  guid set;
  volume what;
  volume_snapshot_attributes attributes = volume_snapshot_attributes::none;
  std::string name;  // of the snapshot's logical volume, without group
  std::uint64_t area = 0;
  std::int64_t created = 0;
  bool made = false;
  std::optional<lvm_thin_copy> early;  // made before the instant, and filled at it
  std::string group() const { return what.logical_volume.substr(0, what.logical_volume.find('/')); }
  std::string full_name() const { return group() + "/" + name; }
};

class lvm_provider final : public provider {
 public:
  lvm_provider(lvm_kind kind, std::shared_ptr<lvm_tool> tool, std::shared_ptr<lvm_instant> instant, lvm_options options)
      : kind_(kind), tool_(std::move(tool)), instant_(std::move(instant)), options_(std::move(options)) {
    properties_.provider_id = kind == lvm_kind::thin ? lvm_thin_provider_id : lvm_thick_provider_id;
    properties_.provider_name = kind == lvm_kind::thin ? "lvm-thin" : "lvm-thick";
    properties_.type = provider_type::software;
    properties_.provider_version = "1";
  }

  ~lvm_provider() override {
    for (auto& [id, m] : making_) {
      instant_->forget(m.set);
      (void)take_back(m).has_error();
    }
    for (const auto& id : auto_released_) (void)delete_snapshot(id).has_error();
  }

  const provider_prop& properties() const override { return properties_; }

  result<void> is_volume_supported(const volume& v, volume_snapshot_attributes attributes) override {
    TRY(const auto lv, volume_of(v));
    if (has(attributes, volume_snapshot_attributes::plex)) return unsupported("a snapshot is no split mirror");
    if (lv.is_thin() != (kind_ == lvm_kind::thin))
      return unsupported(lv.is_thin() ? "it is a thin volume" : "it is no thin volume");
    if (kind_ == lvm_kind::thin) return success();
    if (lv.is_snapshot()) return unsupported("it is a snapshot itself");
    CHECK(area_for(lv, {v.size, v.size, 0}, attributes));
    return success();
  }

  hold holds(const volume& v) override { return v.read_only ? hold::none : hold::provider; }

  result<void> begin_prepare_snapshot(const guid& set, const guid& snapshot, const volume& v,
                                      volume_snapshot_attributes attributes) override {
    if (std::ranges::none_of(making_, [&](const auto& entry) { return entry.second.set == set; })) CHECK(clear_leftovers());
    member m;
    m.set = set;
    m.what = v;
    m.attributes = attributes;
    m.name = "umbra-" + plain(snapshot);
    TRY(const auto lv, volume_of(v));
    if (kind_ == lvm_kind::thick) {
      const bool is_forecast = options_.measure_load && !options_.area_wanted;
      const auto load = is_forecast ? options_.measure_load(v) : volume_load{v.size, v.size, 0};
      TRY(m.area, area_for(lv, load, attributes));
    }
    making_[snapshot] = std::move(m);
    instant_->add(set, v);
    return success();
  }

  result<void> end_prepare_snapshots(const guid& set) override {
    CHECK(instant_->check(set));
    if (kind_ == lvm_kind::thick || !instant_->is_shared(set)) return success();
    for (auto& [id, m] : making_) {
      if (m.set != set) continue;
      CHECK(take(id, m));
      TRY(m.early, find_thin_copy(*tool_, m.full_name(), m.what.logical_volume));
    }
    return success();
  }

  result<void> pre_commit_snapshots(const guid& set) override {
    for (auto& [id, m] : making_) {
      if (m.set == set && m.early) CHECK(empty_thin_copy(*tool_, *m.early));
    }
    return success();
  }

  result<void> commit_snapshots(const guid& set) override {
    auto done = take_all(set);
    if (done.has_error()) instant_->forget(set);
    return done;
  }

  result<void> post_commit_snapshots(const guid& set, std::uint32_t count) override {
    for (auto& [id, m] : making_) {
      if (m.set != set) continue;
      std::vector<std::string> command{"lvchange", "-q", "--addtag", fmt::format("{}{}", tag_count, count)};
      if (m.early) {
        command.insert(command.end(), {"--deltag", fmt::format("{}{}", tag_created, m.created), "--addtag",
                                       fmt::format("{}{}", tag_created, options_.now())});
      }
      command.push_back(m.full_name());
      CHECK(tool_->lvm(command));
      // A thin snapshot is made asleep. A thick one is awake, and waking it would touch its origin.
      if (kind_ == lvm_kind::thin) CHECK(wake(m.full_name()));
    }
    return success();
  }

  result<void> pre_final_commit_snapshots(const guid& set) override {
    for (auto& [id, m] : making_) {
      if (m.set != set || has(m.attributes, volume_snapshot_attributes::no_autorecovery) || !options_.recover) continue;
      CHECK(options_.recover(node(m.full_name()), m.what));
    }
    return success();
  }

  result<void> post_final_commit_snapshots(const guid& set) override {
    for (auto& [id, m] : making_) {
      if (m.set == set) CHECK(tool_->lvm({"lvchange", "-q", "-pr", m.full_name()}));
    }
    for (auto m = making_.begin(); m != making_.end();) {
      if (m->second.set != set) {
        ++m;
        continue;
      }
      if (!has(m->second.attributes, volume_snapshot_attributes::no_auto_release)) auto_released_.push_back(m->first);
      m = making_.erase(m);
    }
    return success();
  }

  result<void> abort_snapshots(const guid& set) override {
    instant_->forget(set);
    result<void> outcome = success();
    for (auto m = making_.begin(); m != making_.end();) {
      if (m->second.set != set) {
        ++m;
        continue;
      }
      auto gone = take_back(m->second);
      if (gone.has_error()) outcome = std::move(gone);
      m = making_.erase(m);
    }
    TRY(const auto copies, query());
    for (const auto& c : copies) {
      if (c.snapshot_set_id == set) CHECK(delete_snapshot(c.snapshot_id));
    }
    return outcome;
  }

  result<std::vector<snapshot_prop>> query() override {
    TRY(const auto volumes, copies());
    std::vector<snapshot_prop> list;
    for (const auto& lv : volumes) list.push_back(properties_of(lv));
    return list;
  }

  result<void> delete_snapshot(const guid& snapshot) override {
    TRY(const auto lv, copy(snapshot));
    CHECK(tool_->lvm({"lvremove", "-q", "-f", lv.full_name()}));
    std::erase(auto_released_, snapshot);
    return success();
  }

  result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) override {
    TRY(const auto found, node_of(snapshot));
    return io::open_device(found, {});
  }

  result<void> check_snapshot(const guid& snapshot) override {
    TRY(const auto lv, copy(snapshot));
    if (lv.is_invalid()) {
      return failure(
          result_code::e_insufficient_storage,
          fmt::format("{}: the copy is lost: its area of {} MiB was full before everything was read; give it more with "
                      "--shadow-area, try again when less is written to {}/{}, or move it to a thin pool, where copies "
                      "have no area of their own",
                      lv.full_name(), lv.size >> 20, lv.group, lv.origin));
    }
    if (kind_ == lvm_kind::thick || lv.pool.empty()) return success();
    TRY(const auto pools, list_logical_volumes(*tool_, lv.group + "/" + lv.pool));
    const bool full = !pools.empty() && pools.front().data_percent.value_or(0) >= 100;
    if (full) return failure(result_code::e_insufficient_storage, fmt::format("{}/{}: the thin pool is full", lv.group, lv.pool));
    return success();
  }

  result<std::vector<diff_area_prop>> query_diff_areas() override {
    TRY(const auto volumes, copies());
    std::vector<diff_area_prop> areas;
    for (const auto& lv : volumes) {
      diff_area_prop area;
      area.volume_name = lv.group + "/" + lv.origin;
      area.diff_area_volume_name = kind_ == lvm_kind::thin ? lv.group + "/" + lv.pool : lv.full_name();
      // Thin copies share the pool with their origins: its fill level is what can be told.
      auto store = lv;
      if (kind_ == lvm_kind::thin) {
        TRY(const auto pools, list_logical_volumes(*tool_, area.diff_area_volume_name));
        if (!pools.empty()) store = pools.front();
      }
      area.maximum_space = area.allocated_space = store.size;
      area.used_space = static_cast<std::uint64_t>(store.data_percent.value_or(0) / 100.0 * static_cast<double>(store.size));
      if (kind_ == lvm_kind::thin && store.data_percent.value_or(0) >= 100) area.fault = protection_fault::diff_area_full;
      if (lv.is_invalid()) area.fault = protection_fault::diff_area_full;
      areas.push_back(std::move(area));
    }
    return areas;
  }

  result<std::string> node_of(const guid& snapshot) override {
    TRY(const auto lv, copy(snapshot));
    // A thin copy sleeps again after a reboot.
    if (kind_ == lvm_kind::thin && !lv.is_active()) CHECK(wake(lv.full_name()));
    return node(lv.full_name());
  }
  result<void> release_node(const guid&) override { return success(); }

  result<std::string> source_of(const guid& snapshot) override {
    TRY(const auto lv, copy(snapshot));
    return node(lv.group + "/" + lv.origin);
  }
  result<void> revert_to_snapshot(const guid& snapshot) override {
    TRY(const auto lv, copy(snapshot));
    CHECK(tool_->lvm({"lvconvert", "-q", "-y", "--merge", lv.full_name()}));
    return success();
  }

  result<bool> query_revert_status(const volume& v) override {
    if (v.logical_volume.empty()) return false;
    TRY(const auto found, list_logical_volumes(*tool_, v.logical_volume));
    // "O": an origin into which a snapshot is being merged.
    return !found.empty() && found.front().attributes.starts_with('O');
  }

 private:
  static std::string node(const std::string& full_name) { return "/dev/" + full_name; }
  static error unsupported(std::string why) { return failure(result_code::e_volume_not_supported_by_provider, std::move(why)); }

  result<logical_volume> volume_of(const volume& v) {
    if (v.logical_volume.empty()) return unsupported("it is no logical volume of LVM");
    TRY(const auto found, list_logical_volumes(*tool_, v.logical_volume));
    if (found.empty()) return unsupported("LVM does not know it");
    return found.front();
  }

  // How large the area of a thick copy is to be; an error if the group has no room for the least.
  result<std::uint64_t> area_for(const logical_volume& lv, const volume_load& load, volume_snapshot_attributes attributes) const {
    const auto extent = std::max<std::uint64_t>(lv.extent_size, 1);
    const bool lasts = has(attributes, volume_snapshot_attributes::no_auto_release);
    auto wanted = forecast_area(load, lasts, extent, options_.area);
    auto least = std::min(wanted, whole_extents(options_.area.minimum, extent));
    if (options_.area_wanted) {
      least = wanted = whole_extents(std::min(largest_area(load.size, extent), *options_.area_wanted), extent);
    }
    const auto free = free_in(lv);
    if (free < least) {
      return failure(result_code::e_insufficient_storage,
                     fmt::format("volume group {} has {} MiB free, the copy's area needs {}{} MiB", lv.group, free >> 20,
                                 options_.area_wanted ? "" : "at least ", least >> 20));
    }
    return std::min(wanted, free / extent * extent);
  }

  // What other copies in the making do not want.
  std::uint64_t free_in(const logical_volume& lv) const {
    auto free = lv.group_free;
    for (const auto& [id, m] : making_) {
      if (!m.made && m.group() == lv.group) free -= std::min(free, m.area);
    }
    return free;
  }

  result<void> wake(const std::string& full_name) {
    CHECK(tool_->lvm({"lvchange", "-q", "-ay", "-K", full_name}));
    return success();
  }

  result<void> take(const guid& id, member& m) {
    m.created = options_.now();
    std::vector<std::string> command{"lvcreate", "-q", "-y", "-s", "-n", m.name};
    if (kind_ == lvm_kind::thick) command.insert(command.end(), {"-L", fmt::format("{}b", m.area)});
    if (kind_ == lvm_kind::thin) command.emplace_back("-ky");  // asleep, whatever is configured
    for (const auto& tag : {fmt::format("{}{}", tag_snapshot, plain(id)), fmt::format("{}{}", tag_set, plain(m.set)),
                            fmt::format("{}{}", tag_attributes, static_cast<std::uint32_t>(m.attributes)),
                            fmt::format("{}{}", tag_created, m.created), fmt::format("{}{}", tag_owner, options_.owner)}) {
      command.push_back("--addtag");
      command.push_back(tag);
    }
    command.push_back(m.what.logical_volume);
    CHECK(tool_->lvm(command));
    m.made = true;
    return success();
  }

  result<void> take_all(const guid& set) {
    CHECK(instant_->begin(set));
    for (auto& [id, m] : making_) {
      if (m.set != set) continue;
      CHECK(m.early ? fill_thin_copy(*tool_, *m.early) : take(id, m));
      CHECK(instant_->copied(set));
    }
    return success();
  }

  result<void> take_back(member& m) {
    if (!m.made) return success();
    m.made = false;
    CHECK(tool_->lvm({"lvremove", "-q", "-f", m.full_name()}));
    return success();
  }

  // Copies that should have ended with a process which is gone. One that cannot go now keeps nobody from working.
  result<void> clear_leftovers() {
    TRY(const auto all, copies());
    for (const auto& lv : all) {
      const auto attributes = static_cast<volume_snapshot_attributes>(number_in<std::uint32_t>(lv.tag(tag_attributes)));
      if (has(attributes, volume_snapshot_attributes::no_auto_release) || !is_gone(lv.tag(tag_owner))) continue;
      (void)tool_->lvm({"lvremove", "-q", "-f", lv.full_name()}).has_error();
    }
    return success();
  }

  // The logical volumes that are copies of this provider.
  result<std::vector<logical_volume>> copies() {
    auto all = list_logical_volumes(*tool_);
    if (all.has_error() && all.assume_error().code() == errc::not_found)
      return std::vector<logical_volume>();  // no LVM, no copies
    CHECK(all);
    auto list = std::move(all).assume_value();
    std::erase_if(list,
                  [this](const auto& lv) { return lv.tag(tag_snapshot).empty() || lv.is_thin() != (kind_ == lvm_kind::thin); });
    return list;
  }

  result<logical_volume> copy(const guid& snapshot) {
    TRY(const auto all, copies());
    const auto found = std::ranges::find_if(all, [&](const auto& lv) { return lv.tag(tag_snapshot) == plain(snapshot); });
    if (found == all.end()) return failure(result_code::e_object_not_found, fmt::format("shadow copy {}", to_string(snapshot)));
    return *found;
  }

  snapshot_prop properties_of(const logical_volume& lv) const {
    snapshot_prop p;
    p.snapshot_id = id_from_hex<guid>(lv.tag(tag_snapshot)).value_or(guid{});
    p.snapshot_set_id = id_from_hex<guid>(lv.tag(tag_set)).value_or(guid{});
    p.snapshots_count = number_in<std::uint32_t>(lv.tag(tag_count));
    p.snapshot_device_object = node(lv.full_name());
    p.original_volume_name = node(lv.group + "/" + lv.origin);
    p.originating_machine = p.service_machine = options_.machine;
    p.provider_id = properties_.provider_id;
    p.attributes = static_cast<volume_snapshot_attributes>(number_in<std::uint32_t>(lv.tag(tag_attributes)));
    p.creation_timestamp = timestamp_of(number_in<std::int64_t>(lv.tag(tag_created)));
    p.status = making_.contains(p.snapshot_id) ? snapshot_state::committed : snapshot_state::created;
    return p;
  }

  const lvm_kind kind_;
  std::shared_ptr<lvm_tool> tool_;
  std::shared_ptr<lvm_instant> instant_;
  lvm_options options_;
  provider_prop properties_;
  std::map<guid, member> making_;
  std::vector<guid> auto_released_;
};

}  // namespace

lvm_providers make_lvm_providers(std::shared_ptr<lvm_tool> tool, const lvm_options& options) {
  const auto instant = std::make_shared<lvm_instant>(tool);
  return {std::make_shared<lvm_provider>(lvm_kind::thin, tool, instant, options),
          std::make_shared<lvm_provider>(lvm_kind::thick, tool, instant, options)};
}

}  // namespace umbra::shadow
