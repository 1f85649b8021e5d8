// SPDX-License-Identifier: GPL-3.0-or-later
// Real volumes and whole sets of shadow copies of them, for tests that run as root: what a coordinator does, without writers.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/shadow/freezer.h"
#include "engine/shadow/provider.h"
#include "tests/support/loop_kit.h"

namespace umbra::test {

// What lies in a folder but for `known`, the state in another, and loop devices over files in the first that are none of
// `known`: one line each.
std::string left_behind(const std::string& folder, const std::string& state, const std::vector<std::string>& known);

// Random bytes from its beginning to its end.
void fill_file(const std::string& path, std::uint64_t size, std::uint64_t seed);
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

// One set of shadow copies, step by step.
class set_maker {
 public:
  using attributes = shadow::volume_snapshot_attributes;
  explicit set_maker(shadow::provider& p);

  // The id of the copy.
  result<shadow::guid> add(const std::string& volume, attributes a = attributes::none);
  result<void> end_prepare() { return provider_.end_prepare_snapshots(set_); }
  // pre_commit, the freeze of what the provider wants frozen, commit, thaw, post_commit.
  result<void> commit();
  result<void> pre_final() { return provider_.pre_final_commit_snapshots(set_); }
  result<void> post_final() { return provider_.post_final_commit_snapshots(set_); }
  // All of these, and abort after a failure.
  result<void> make();
  result<void> abort() { return provider_.abort_snapshots(set_); }
  // Of one volume; fails the test if it cannot be made.
  static shadow::guid make_one(shadow::provider& p, const std::string& volume, attributes a = attributes::none);

  const shadow::guid& id() const { return set_; }
  std::chrono::microseconds held() const { return held_; }

 private:
  shadow::provider& provider_;
  std::unique_ptr<random_source> random_ = system_random();
  shadow::guid set_;
  std::uint32_t count_ = 0;
  std::vector<std::string> to_freeze_;
  std::chrono::microseconds held_{0};
};

}  // namespace umbra::test
