// SPDX-License-Identifier: GPL-3.0-or-later
// The table of sets with copies in memory, and failures of each step.
#include "engine/shadow/staged_provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/io/memory_device.h"
#include "engine/shadow/provider_ids.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using shadow::guid;
using shadow::result_code;
using shadow::snapshot_prop;
using attributes = shadow::volume_snapshot_attributes;

// What outlives sessions, and what a test wants to happen.
struct copy_world {
  std::map<guid, std::pair<snapshot_prop, std::vector<std::byte>>> kept;
  int alive = 0;         // copies begun and not discarded
  std::string fails_at;  // a step
  int discards_that_fail = 0;
  std::vector<std::string> events;  // of volumes: "/a commit"
};

class memory_volume_copy final : public shadow::volume_copy {
 public:
  memory_volume_copy(copy_world& world, shadow::copy_order order) : world_(world), order_(std::move(order)) {}
  memory_volume_copy(copy_world& world, const snapshot_prop& prop, std::vector<std::byte> bytes)
      : world_(world), bytes_(std::move(bytes)) {
    order_.snapshot = prop.snapshot_id;
  }

  result<void> prepare() override {
    ++world_.alive;
    is_begun_ = true;
    return at("prepare");
  }
  result<void> end_prepare() override { return at("end_prepare"); }
  result<void> pre_commit() override { return at("pre_commit"); }
  result<void> commit() override {
    bytes_ = bytes_at(order_.source.device);
    return at("commit");
  }
  result<void> post_commit() override { return at("post_commit"); }
  result<void> pre_final_commit() override { return at("pre_final_commit"); }
  result<void> post_final_commit(const snapshot_prop& made) override {
    CHECK(at("post_final_commit"));
    if (!shadow::is_persistent(made.attributes)) return success();
    world_.kept[made.snapshot_id] = {made, bytes_};
    if (is_begun_) --world_.alive;
    is_begun_ = false;
    return success();
  }
  result<void> discard() override {
    if (world_.discards_that_fail > 0) {
      --world_.discards_that_fail;
      return error(errc::io_write, "discard");
    }
    if (is_begun_) --world_.alive;
    is_begun_ = false;
    world_.kept.erase(order_.snapshot);
    return success();
  }
  result<std::unique_ptr<io::device>> open() override {
    return std::unique_ptr<io::device>(std::make_unique<io::memory_device>(bytes_));
  }
  result<void> check() override { return success(); }
  result<std::string> node() override { return error(errc::unsupported, "no node"); }
  result<void> release_node() override { return success(); }
  result<std::string> source() override { return order_.source.device; }
  result<void> revert() override { return success(); }

 private:
  result<void> at(const std::string& step) {
    world_.events.push_back(order_.source.name + " " + step);
    if (world_.fails_at == order_.source.name + " " + step) return error(errc::io_write, step);
    return success();
  }

  copy_world& world_;
  shadow::copy_order order_;
  std::vector<std::byte> bytes_;
  bool is_begun_ = false;
};

class memory_provider final : public shadow::staged_provider {
 public:
  explicit memory_provider(copy_world& world)
      : staged_provider(shadow::describe_provider(shadow::guid{{std::byte{1}}}, "memory", shadow::provider_type::software),
                        "here", [] { return std::int64_t{1'700'000'000}; }),
        world_(world) {}
  result<void> is_volume_supported(const shadow::volume&, attributes asked) override {
    return refuse_others(asked, attributes::no_autorecovery | attributes::persistent | attributes::no_auto_release);
  }
  hold holds(const shadow::volume&) override { return hold::none; }

 private:
  std::unique_ptr<shadow::volume_copy> make_copy(const shadow::copy_order& order) override {
    return std::make_unique<memory_volume_copy>(world_, order);
  }
  result<std::vector<shadow::kept_copy>> kept_copies() override {
    std::vector<shadow::kept_copy> all;
    for (const auto& [id, kept] : world_.kept) {
      all.push_back({kept.first, std::make_unique<memory_volume_copy>(world_, kept.first, kept.second)});
    }
    return all;
  }
  copy_world& world_;
};

struct memory_subject {
  static std::string unavailable() { return ""; }
  static constexpr bool persists = true;
  static constexpr bool has_nodes = false;

  memory_subject() {
    for (const char* name : {"a", "b"}) std::ofstream(dir.at(name)) << "bytes of " << name;
  }
  shadow::provider& get() { return *provider; }
  void restart() {
    provider.reset();
    provider = std::make_unique<memory_provider>(world);
  }
  std::vector<shadow::volume> volumes() const {
    std::vector<shadow::volume> all;
    for (const char* name : {"a", "b"}) {
      shadow::volume v;
      v.name = std::string("/") + name;
      v.device = dir.at(name);
      all.push_back(v);
    }
    return all;
  }
  std::string traces() const {
    std::string left;
    if (world.alive != 0) left += std::to_string(world.alive) + " begun ";
    if (!world.kept.empty()) left += std::to_string(world.kept.size()) + " kept";
    return left;
  }

  temp_dir dir;
  copy_world world;
  std::unique_ptr<memory_provider> provider = std::make_unique<memory_provider>(world);
};

INSTANTIATE_TYPED_TEST_SUITE_P(memory, provider_contract, memory_subject);

struct staged_provider : ::testing::Test {
  memory_subject subject;
  guid set{{std::byte{1}}};
  guid first{{std::byte{2}}};
  guid second{{std::byte{3}}};
  copy_world& world = subject.world;

  result<void> begin(const guid& snapshot, std::size_t which, attributes a = attributes::none) {
    return subject.get().begin_prepare_snapshot(set, snapshot, subject.volumes()[which], a);
  }
  // How far it comes: the number of steps, or the step that failed.
  std::string run() {
    for (std::size_t step = 0; step < provider_steps.size(); ++step) {
      if (take_step(subject.get(), step, set).has_error()) return provider_steps[step];
    }
    return "made";
  }
};

TEST_F(staged_provider, a_failure_names_the_volume_and_only_abort_is_left) {
  for (const std::string step : provider_steps) {
    world.fails_at = "/b " + step;
    ASSERT_TRUE(done(begin(first, 0)));
    ASSERT_TRUE(done(begin(second, 1)));
    for (std::size_t i = 0; i < provider_steps.size() && world.fails_at != ""; ++i) {
      const auto outcome = take_step(subject.get(), i, set);
      if (provider_steps[i] != step) continue;
      ASSERT_TRUE(outcome.has_error());
      EXPECT_EQ(outcome.error().text(), "/b: " + step);
      world.fails_at = "";
    }
    for (std::size_t i = 0; i < provider_steps.size(); ++i) {
      EXPECT_TRUE(refused(result_code::e_bad_state, take_step(subject.get(), i, set))) << step;
    }
    EXPECT_TRUE(done(subject.get().abort_snapshots(set)));
    EXPECT_EQ(subject.traces(), "") << step;
  }
}

TEST_F(staged_provider, a_failed_begin_leaves_the_set_as_it_was) {
  world.fails_at = "/a prepare";
  EXPECT_TRUE(begin(first, 0).has_error());
  EXPECT_EQ(subject.traces(), "");
  ASSERT_TRUE(done(begin(second, 1)));
  EXPECT_TRUE(begin(first, 0).has_error());
  EXPECT_EQ(run(), "made");
  EXPECT_EQ(subject.get().query().value().size(), 1u);
}

TEST_F(staged_provider, a_failed_begin_that_cannot_be_taken_back_is_left_to_abort) {
  world.fails_at = "/a prepare";
  world.discards_that_fail = 1;
  EXPECT_TRUE(begin(first, 0).has_error());
  EXPECT_TRUE(refused(result_code::e_bad_state, begin(second, 1)));
  EXPECT_EQ(run(), "end_prepare");
  EXPECT_TRUE(done(subject.get().abort_snapshots(set)));
  EXPECT_EQ(subject.traces(), "");
}

TEST_F(staged_provider, abort_tries_again_what_it_could_not_take_back) {
  ASSERT_TRUE(done(begin(first, 0)));
  ASSERT_TRUE(done(begin(second, 1)));
  world.discards_that_fail = 1;
  EXPECT_TRUE(subject.get().abort_snapshots(set).has_error());
  EXPECT_EQ(subject.traces(), "1 begun ");
  EXPECT_EQ(run(), "end_prepare");
  EXPECT_TRUE(done(subject.get().abort_snapshots(set)));
  EXPECT_EQ(subject.traces(), "");
}

TEST_F(staged_provider, a_copy_whose_deletion_failed_is_still_there) {
  ASSERT_TRUE(done(begin(first, 0)));
  ASSERT_EQ(run(), "made");
  world.discards_that_fail = 1;
  EXPECT_TRUE(subject.get().delete_snapshot(first).has_error());
  EXPECT_TRUE(done(subject.get().open_snapshot(first)));
  EXPECT_TRUE(done(subject.get().delete_snapshot(first)));
}

TEST_F(staged_provider, all_volumes_take_a_step_before_any_takes_the_next) {
  ASSERT_TRUE(done(begin(first, 0)));
  ASSERT_TRUE(done(begin(second, 1)));
  ASSERT_EQ(run(), "made");
  std::vector<std::string> wanted{"/a prepare", "/b prepare"};
  for (const std::string step : provider_steps) {
    wanted.push_back("/a " + step);
    wanted.push_back("/b " + step);
  }
  EXPECT_EQ(world.events, wanted);
}

TEST_F(staged_provider, a_copy_can_be_read_while_it_may_be_mended_but_not_deleted) {
  ASSERT_TRUE(done(begin(first, 0)));
  for (std::size_t step = 0; step < 4; ++step) {
    EXPECT_TRUE(refused(result_code::e_object_not_found, subject.get().open_snapshot(first)));
    ASSERT_TRUE(done(take_step(subject.get(), step, set)));
  }
  ASSERT_TRUE(done(subject.get().pre_final_commit_snapshots(set)));
  EXPECT_TRUE(done(subject.get().open_snapshot(first)));
  const auto found = subject.get().query();
  ASSERT_TRUE(done(found));
  ASSERT_EQ(found.value().size(), 1u);
  EXPECT_EQ(found.value()[0].status, shadow::snapshot_state::prefinalcommitted);
  EXPECT_TRUE(refused(result_code::e_bad_state, subject.get().delete_snapshot(first)));
}

TEST_F(staged_provider, what_another_session_deleted_is_not_found) {
  ASSERT_TRUE(done(begin(first, 0, attributes::persistent)));
  ASSERT_EQ(run(), "made");
  subject.restart();
  ASSERT_TRUE(done(subject.get().open_snapshot(first)));
  world.kept.clear();
  EXPECT_TRUE(refused(result_code::e_object_not_found, subject.get().open_snapshot(first)));
}

TEST_F(staged_provider, a_step_is_dated_and_counted) {
  ASSERT_TRUE(done(begin(first, 0)));
  ASSERT_TRUE(done(begin(second, 1)));
  for (std::size_t step = 0; step < 3; ++step) ASSERT_TRUE(done(take_step(subject.get(), step, set)));
  ASSERT_TRUE(done(subject.get().post_commit_snapshots(set, 5)));  // three of them with another provider
  ASSERT_TRUE(done(subject.get().pre_final_commit_snapshots(set)));
  const auto found = subject.get().query();
  ASSERT_TRUE(done(found));
  for (const auto& prop : found.value()) {
    EXPECT_EQ(prop.snapshots_count, 5u);
    EXPECT_EQ(shadow::unix_seconds_of(prop.creation_timestamp), 1'700'000'000);
    EXPECT_EQ(prop.originating_machine, "here");
  }
}

}  // namespace
}  // namespace umbra::test
