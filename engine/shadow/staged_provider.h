// SPDX-License-Identifier: GPL-3.0-or-later
// A provider as a table of sets and their copies. It keeps the order of the calls, the states and the properties; a kind of copy
// says only what each step means for it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/shadow/provider.h"

namespace umbra::shadow {

// What a copy is to be of.
struct copy_order {
  guid set;
  guid snapshot;
  volume source;
  volume_snapshot_attributes attributes = volume_snapshot_attributes::none;
};

// One volume's copy, in the making or made. Steps come in the order of provider.h; after an error only discard().
class volume_copy {
 public:
  virtual ~volume_copy() = default;

  virtual result<void> prepare() = 0;
  virtual result<void> end_prepare() { return success(); }
  virtual result<void> pre_commit() { return success(); }
  virtual result<void> commit() = 0;
  virtual result<void> post_commit() { return success(); }
  virtual result<void> pre_final_commit() { return success(); }
  // `made`: what is known of the copy from now on; persistent copies note it where others find it.
  virtual result<void> post_final_commit(const snapshot_prop& made) = 0;
  // Takes back whatever there is of it, at any point; again if it failed.
  virtual result<void> discard() = 0;

  // As in snapshot_prop.
  virtual std::string device_object() const { return {}; }
  virtual result<std::unique_ptr<io::device>> open() = 0;
  virtual result<void> check() = 0;
  virtual result<std::string> node() = 0;
  virtual result<void> release_node() = 0;
  // As provider::source_of().
  virtual result<std::string> source() = 0;
  virtual result<void> revert() = 0;
};

// A copy that outlives sessions, as found now.
struct kept_copy {
  snapshot_prop prop;
  std::unique_ptr<volume_copy> copy;
};

bool is_persistent(volume_snapshot_attributes attributes) noexcept;

class staged_provider : public provider {
 public:
  staged_provider(provider_prop self, std::string machine, wall_clock now);
  ~staged_provider() override;
  staged_provider(const staged_provider&) = delete;
  staged_provider& operator=(const staged_provider&) = delete;

  const provider_prop& properties() const override { return self_; }
  result<void> begin_prepare_snapshot(const guid& set, const guid& snapshot, const volume& v,
                                      volume_snapshot_attributes attributes) override;
  result<void> end_prepare_snapshots(const guid& set) override;
  result<void> pre_commit_snapshots(const guid& set) override;
  result<void> commit_snapshots(const guid& set) override;
  result<void> post_commit_snapshots(const guid& set, std::uint32_t snapshots_count) override;
  result<void> pre_final_commit_snapshots(const guid& set) override;
  result<void> post_final_commit_snapshots(const guid& set) override;
  result<void> abort_snapshots(const guid& set) override;
  result<std::vector<snapshot_prop>> query() override;
  result<void> delete_snapshot(const guid& snapshot) override;
  result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) override;
  result<void> check_snapshot(const guid& snapshot) override;
  result<std::vector<diff_area_prop>> query_diff_areas() override { return std::vector<diff_area_prop>{}; }
  result<std::string> node_of(const guid& snapshot) override;
  result<void> release_node(const guid& snapshot) override;
  result<std::string> source_of(const guid& snapshot) override;
  result<void> revert_to_snapshot(const guid& snapshot) override;
  result<bool> query_revert_status(const volume&) override { return false; }

 protected:
  virtual std::unique_ptr<volume_copy> make_copy(const copy_order& order) = 0;
  // Persistent copies of any session.
  virtual result<std::vector<kept_copy>> kept_copies() { return std::vector<kept_copy>{}; }
  // Before anything is made: what others left behind goes.
  virtual result<void> tidy() { return success(); }
  // errc::unsupported, with e_unsupported_context, for attributes that are not among these.
  result<void> refuse_others(volume_snapshot_attributes asked, volume_snapshot_attributes known) const;

  // Copies of this session that can be read.
  template <class Visit>
  void for_each_readable(Visit visit) const {
    for (const auto& [id, set] : sets_) {
      if (!is_readable(set.state)) continue;
      for (const auto& member : set.members) visit(member);
    }
  }

 private:
  struct copy_set {
    snapshot_state state = snapshot_state::preparing;
    std::vector<kept_copy> members;
  };
  // From one state over another to a third.
  struct stage {
    snapshot_state from, through, to;
  };

  // Writers and requesters may look into a copy from pre_final_commit on.
  static bool is_readable(snapshot_state state) noexcept {
    return state == snapshot_state::prefinalcommitted || state == snapshot_state::created;
  }
  template <class Step>
  result<void> advance(const guid& set, const stage& s, Step step);
  void take_back_last(const guid& set);
  result<void> forget_unfinished();
  result<void> discard(copy_set& set);
  bool is_in_a_set(const guid& snapshot) const;
  result<kept_copy*> find(const guid& snapshot);

  const provider_prop self_;
  const std::string machine_;
  const wall_clock now_;
  std::map<guid, copy_set> sets_;
  std::map<guid, kept_copy> found_;  // of other sessions, once asked for: they may hold a node
};

}  // namespace umbra::shadow
