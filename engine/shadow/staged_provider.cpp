// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/staged_provider.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/shadow/provider_ids.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using enum snapshot_state;

error no_such(const char* what, const guid& id) {
  return failure(result_code::e_object_not_found, fmt::format("there is no {} {}", what, to_string(id)));
}

// The first failure counts; the rest is tried all the same.
void keep_first(result<void>& outcome, result<void> next) {
  if (outcome.has_value()) outcome = std::move(next);
}

}  // namespace

provider_prop describe_provider(const guid& id, std::string_view name, provider_type type) {
  return {id, std::string(name), type, "1.0", "7e296637-2aea-4238-9d3d-c8a93f584418"_guid};
}

bool is_persistent(volume_snapshot_attributes attributes) noexcept {
  return has(attributes, volume_snapshot_attributes::persistent) || has(attributes, volume_snapshot_attributes::no_auto_release);
}

staged_provider::staged_provider(provider_prop self, std::string machine, wall_clock now)
    : self_(std::move(self)), machine_(std::move(machine)), now_(std::move(now)) {}

staged_provider::~staged_provider() {
  // Nobody is left to be told of failures; what persistent copies leave is found by their records.
  for (auto& [id, set] : sets_) {
    const bool is_made = set.state == created;
    std::erase_if(set.members, [&](const kept_copy& m) { return is_made && is_persistent(m.prop.attributes); });
    static_cast<void>(discard(set));
  }
}

template <class Step>
result<void> staged_provider::advance(const guid& set, const stage& s, Step step) {
  const auto found = sets_.find(set);
  if (found == sets_.end()) return no_such("shadow copy set in the making", set);
  auto& [state, members] = found->second;
  if (state != s.from)
    return failure(result_code::e_bad_state, self_.provider_name + ": a step of a shadow copy set out of order");
  state = s.through;
  for (auto& member : members) {
    member.prop.status = s.through;
    auto outcome = step(member);
    if (outcome.has_error()) return std::move(outcome).assume_error().within(member.prop.original_volume_name);
    member.prop.status = s.to;
  }
  state = s.to;
  return success();
}

result<void> staged_provider::begin_prepare_snapshot(const guid& set, const guid& snapshot, const volume& v,
                                                     volume_snapshot_attributes attributes) {
  const auto known = sets_.find(set);
  if (known == sets_.end()) {
    // Another set than the one in the making: nobody will come back to that.
    CHECK(forget_unfinished());
    CHECK(tidy());
  } else if (known->second.state != preparing) {
    return failure(result_code::e_bad_state, self_.provider_name + ": the shadow copy set takes no more volumes");
  }
  if (is_in_a_set(snapshot) || find(snapshot).has_value()) {
    return failure(result_code::e_object_already_exists, fmt::format("there is a shadow copy {} already", to_string(snapshot)));
  }
  CHECK(is_volume_supported(v, attributes));
  snapshot_prop prop;
  prop.snapshot_id = snapshot;
  prop.snapshot_set_id = set;
  prop.original_volume_name = v.name;
  prop.originating_machine = prop.service_machine = machine_;
  prop.provider_id = self_.provider_id;
  prop.attributes = attributes;
  prop.status = processing_prepare;
  auto& members = sets_[set].members;
  members.push_back({std::move(prop), make_copy({set, snapshot, v, attributes})});
  auto outcome = members.back().copy->prepare();
  if (outcome.has_error()) {
    take_back_last(set);
    return std::move(outcome).assume_error().within(v.name);
  }
  members.back().prop.status = preparing;
  return success();
}

// The set goes on without it; unless that fails, too: then abort tries again, and nothing else is left.
void staged_provider::take_back_last(const guid& set) {
  auto& [state, members] = sets_[set];
  if (members.back().copy->discard().has_error()) {
    state = processing_prepare;
    return;
  }
  members.pop_back();
  if (members.empty()) sets_.erase(set);
}

result<void> staged_provider::end_prepare_snapshots(const guid& set) {
  return advance(set, {preparing, processing_prepare, prepared}, [](kept_copy& member) { return member.copy->end_prepare(); });
}

result<void> staged_provider::pre_commit_snapshots(const guid& set) {
  return advance(set, {prepared, processing_precommit, precommitted},
                 [](kept_copy& member) { return member.copy->pre_commit(); });
}

result<void> staged_provider::commit_snapshots(const guid& set) {
  return advance(set, {precommitted, processing_commit, committed}, [](kept_copy& member) { return member.copy->commit(); });
}

result<void> staged_provider::post_commit_snapshots(const guid& set, std::uint32_t snapshots_count) {
  const auto time = timestamp_of(now_());
  return advance(set, {committed, processing_postcommit, postcommitted}, [&](kept_copy& member) {
    member.prop.creation_timestamp = time;
    member.prop.snapshots_count = snapshots_count;
    return member.copy->post_commit();
  });
}

result<void> staged_provider::pre_final_commit_snapshots(const guid& set) {
  return advance(set, {postcommitted, processing_prefinalcommit, prefinalcommitted}, [](kept_copy& member) {
    member.prop.snapshot_device_object = member.copy->device_object();
    return member.copy->pre_final_commit();
  });
}

result<void> staged_provider::post_final_commit_snapshots(const guid& set) {
  return advance(set, {prefinalcommitted, processing_postfinalcommit, created}, [](kept_copy& member) {
    auto made = member.prop;
    made.status = created;
    return member.copy->post_final_commit(made);
  });
}

result<void> staged_provider::discard(copy_set& set) {
  result<void> outcome = success();
  std::erase_if(set.members, [&](kept_copy& member) {
    auto gone = member.copy->discard();
    const bool is_gone = gone.has_value();
    keep_first(outcome, std::move(gone));
    return is_gone;
  });
  return outcome;
}

result<void> staged_provider::abort_snapshots(const guid& set) {
  const auto found = sets_.find(set);
  if (found == sets_.end()) return success();
  found->second.state = aborted;
  CHECK(discard(found->second));
  sets_.erase(found);
  return success();
}

result<void> staged_provider::forget_unfinished() {
  std::vector<guid> unfinished;
  for (const auto& [id, set] : sets_) {
    if (set.state != created) unfinished.push_back(id);
  }
  for (const auto& id : unfinished) CHECK(abort_snapshots(id));
  return success();
}

result<void> staged_provider::refuse_others(volume_snapshot_attributes asked, volume_snapshot_attributes known) const {
  const auto others = asked & ~known;
  if (others == volume_snapshot_attributes::none) return success();
  if (is_persistent(others)) {
    return failure(result_code::e_unsupported_context, "it makes no shadow copies that outlast a session");
  }
  return failure(result_code::e_unsupported_context, fmt::format("the provider {} makes no shadow copies with attributes 0x{:x}",
                                                                 self_.provider_name, static_cast<std::uint32_t>(others)));
}

result<std::vector<snapshot_prop>> staged_provider::query() {
  CHECK(tidy());
  std::vector<snapshot_prop> all;
  for_each_readable([&](const kept_copy& member) { all.push_back(member.prop); });
  TRY(const auto kept, kept_copies());
  for (const auto& found : kept) {
    const auto own = std::ranges::find(all, found.prop.snapshot_id, &snapshot_prop::snapshot_id);
    // What is on disk knows more: where the copy is exposed.
    if (own != all.end()) {
      *own = found.prop;
    } else {
      all.push_back(found.prop);
    }
  }
  return all;
}

bool staged_provider::is_in_a_set(const guid& snapshot) const {
  return std::ranges::any_of(sets_, [&](const auto& entry) {
    return std::ranges::any_of(entry.second.members, [&](const kept_copy& m) { return m.prop.snapshot_id == snapshot; });
  });
}

result<kept_copy*> staged_provider::find(const guid& snapshot) {
  for (auto& [id, set] : sets_) {
    const auto member = std::ranges::find(set.members, snapshot, [](const kept_copy& m) { return m.prop.snapshot_id; });
    if (member != set.members.end() && is_readable(set.state)) return &*member;
  }
  TRY(auto kept, kept_copies());
  const auto found = std::ranges::find(kept, snapshot, [](const kept_copy& m) { return m.prop.snapshot_id; });
  if (found == kept.end()) {
    found_.erase(snapshot);
    return no_such("shadow copy", snapshot);
  }
  return &found_.emplace(snapshot, std::move(*found)).first->second;
}

result<void> staged_provider::delete_snapshot(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  if (found->prop.status == prefinalcommitted) {
    return failure(result_code::e_bad_state, "a shadow copy is deleted once its set is made, or with all of its set");
  }
  CHECK(found->copy->discard());
  for (auto& [id, set] : sets_) {
    std::erase_if(set.members, [&](const kept_copy& member) { return member.prop.snapshot_id == snapshot; });
  }
  std::erase_if(sets_, [](const auto& entry) { return entry.second.state == created && entry.second.members.empty(); });
  found_.erase(snapshot);
  return success();
}

result<std::unique_ptr<io::device>> staged_provider::open_snapshot(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  return found->copy->open();
}

result<void> staged_provider::check_snapshot(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  return found->copy->check();
}

result<std::string> staged_provider::node_of(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  return found->copy->node();
}

result<void> staged_provider::release_node(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  return found->copy->release_node();
}

result<std::string> staged_provider::source_of(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  return found->copy->source();
}

result<void> staged_provider::revert_to_snapshot(const guid& snapshot) {
  TRY(auto* const found, find(snapshot));
  if (!is_persistent(found->prop.attributes)) {
    return failure(result_code::e_unsupported_context, "a volume can be brought back only to a persistent shadow copy");
  }
  return found->copy->revert();
}

}  // namespace umbra::shadow
