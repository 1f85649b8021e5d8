// SPDX-License-Identifier: GPL-3.0-or-later
// A provider that does as another one does, and says a word before and after each step of a set, and while its copies are read: a
// test counts, fails or dies there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/shadow/provider.h"

namespace umbra::test {

// Hears "before commit_snapshots", "after commit_snapshots" and so on, and "read". Its error is the step's.
using said = std::function<result<void>(const std::string& where)>;

// Owns `inner`.
std::unique_ptr<io::device> make_watched_device(std::unique_ptr<io::device> inner, said say);

class watched_provider final : public shadow::provider {
 public:
  watched_provider(std::shared_ptr<shadow::provider> inner, said say) : inner_(std::move(inner)), say_(std::move(say)) {}

  const shadow::provider_prop& properties() const override { return inner_->properties(); }
  result<void> is_volume_supported(const shadow::volume& v, shadow::volume_snapshot_attributes a) override {
    return inner_->is_volume_supported(v, a);
  }
  hold holds(const shadow::volume& v) override { return inner_->holds(v); }

  result<void> begin_prepare_snapshot(const shadow::guid& set, const shadow::guid& snapshot, const shadow::volume& v,
                                      shadow::volume_snapshot_attributes a) override {
    return around("begin_prepare_snapshot", [&] { return inner_->begin_prepare_snapshot(set, snapshot, v, a); });
  }
  result<void> end_prepare_snapshots(const shadow::guid& set) override {
    return around("end_prepare_snapshots", [&] { return inner_->end_prepare_snapshots(set); });
  }
  result<void> pre_commit_snapshots(const shadow::guid& set) override {
    return around("pre_commit_snapshots", [&] { return inner_->pre_commit_snapshots(set); });
  }
  result<void> commit_snapshots(const shadow::guid& set) override {
    return around("commit_snapshots", [&] { return inner_->commit_snapshots(set); });
  }
  result<void> post_commit_snapshots(const shadow::guid& set, std::uint32_t count) override {
    return around("post_commit_snapshots", [&] { return inner_->post_commit_snapshots(set, count); });
  }
  result<void> pre_final_commit_snapshots(const shadow::guid& set) override {
    return around("pre_final_commit_snapshots", [&] { return inner_->pre_final_commit_snapshots(set); });
  }
  result<void> post_final_commit_snapshots(const shadow::guid& set) override {
    return around("post_final_commit_snapshots", [&] { return inner_->post_final_commit_snapshots(set); });
  }
  result<void> abort_snapshots(const shadow::guid& set) override { return inner_->abort_snapshots(set); }

  result<std::vector<shadow::snapshot_prop>> query() override { return inner_->query(); }
  result<void> delete_snapshot(const shadow::guid& snapshot) override { return inner_->delete_snapshot(snapshot); }
  result<std::unique_ptr<io::device>> open_snapshot(const shadow::guid& snapshot) override {
    TRY(auto device, inner_->open_snapshot(snapshot));
    return make_watched_device(std::move(device), say_);
  }
  result<void> check_snapshot(const shadow::guid& snapshot) override { return inner_->check_snapshot(snapshot); }
  result<std::vector<shadow::diff_area_prop>> query_diff_areas() override { return inner_->query_diff_areas(); }
  result<std::string> node_of(const shadow::guid& snapshot) override { return inner_->node_of(snapshot); }
  result<void> release_node(const shadow::guid& snapshot) override { return inner_->release_node(snapshot); }
  result<std::string> source_of(const shadow::guid& snapshot) override { return inner_->source_of(snapshot); }
  result<void> revert_to_snapshot(const shadow::guid& snapshot) override { return inner_->revert_to_snapshot(snapshot); }
  result<bool> query_revert_status(const shadow::volume& v) override { return inner_->query_revert_status(v); }

 private:
  template <class Step>
  result<void> around(const std::string& step, Step take) {
    CHECK(say_("before " + step));
    CHECK(take());
    return say_("after " + step);
  }

  const std::shared_ptr<shadow::provider> inner_;
  const said say_;
};

}  // namespace umbra::test
