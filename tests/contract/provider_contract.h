// SPDX-License-Identifier: GPL-3.0-or-later
// What every provider must do. An implementation takes part with a type that owns a fresh world for it:
//
//   struct reflink_subject {
//     static std::string unavailable();      // why it cannot be tested here; empty if it can
//     static constexpr bool persists = …;    // makes persistent copies
//     static constexpr bool has_nodes = …;   // node_of() works here
//     shadow::provider& get();               // of the session that goes on
//     void restart();                        // that session ends, another begins: a new object
//     std::vector<shadow::volume> volumes(); // two that it supports, and whose bytes do not change by themselves
//     std::string traces();                  // all that copies may leave in the world: nothing while there is none
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(reflink, provider_contract, reflink_subject);
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/io/file_device.h"
#include "engine/shadow/provider.h"
#include "engine/shadow/result_code.h"

namespace umbra::test {

template <class T>
::testing::AssertionResult done(const result<T>& r) {
  if (r.has_value()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.assume_error().message();
}

template <class T>
::testing::AssertionResult refused(shadow::result_code code, const result<T>& r) {
  if (r.has_value()) return ::testing::AssertionFailure() << "it succeeded";
  const auto found = shadow::code_of(r.assume_error());
  if (found == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << shadow::to_string(found) << ": " << r.assume_error().message();
}

inline std::vector<std::byte> bytes_of_device(io::device& device) {
  std::vector<std::byte> bytes(device.geometry().size);
  const auto read = device.read(0, bytes);
  if (read.has_error()) ADD_FAILURE() << read.assume_error().message();
  return bytes;
}
inline std::vector<std::byte> bytes_at(const std::string& path) {
  auto device = io::open_device(path, {});
  if (device.has_error()) ADD_FAILURE() << device.assume_error().message();
  return device.has_value() ? bytes_of_device(*device.assume_value()) : std::vector<std::byte>();
}

// The steps after begin_prepare_snapshot, in their order.
constexpr std::array<const char*, 6> provider_steps{"end_prepare", "pre_commit",       "commit",
                                                    "post_commit", "pre_final_commit", "post_final_commit"};

inline result<void> take_step(shadow::provider& p, std::size_t step, const shadow::guid& set) {
  switch (step) {
    case 0: return p.end_prepare_snapshots(set);
    case 1: return p.pre_commit_snapshots(set);
    case 2: return p.commit_snapshots(set);
    case 3: return p.post_commit_snapshots(set, 1);
    case 4: return p.pre_final_commit_snapshots(set);
    default: return p.post_final_commit_snapshots(set);
  }
}

template <class Subject>
class provider_contract : public testing::Test {
 protected:
  using attributes = shadow::volume_snapshot_attributes;
  using code = shadow::result_code;
  // As the bytes of the volume are; writers and journals leave the copy alone.
  static constexpr auto plain = attributes::no_autorecovery;
  static constexpr auto kept = plain | attributes::persistent | attributes::no_auto_release;

  void SetUp() override {
    if (const auto why = Subject::unavailable(); !why.empty()) GTEST_SKIP() << why;
    subject_ = std::make_unique<Subject>();
    volumes_ = subject_->volumes();
    ASSERT_EQ(volumes_.size(), 2u);
    ASSERT_EQ(subject_->traces(), "");
  }

  shadow::provider& get() { return subject_->get(); }
  Subject& subject() { return *subject_; }
  const shadow::volume& volume(std::size_t i = 0) const { return volumes_.at(i); }
  shadow::guid id() { return random_->template make<shadow::guid>(); }

  result<void> begin(const shadow::guid& set, const shadow::guid& snapshot, attributes a = plain, std::size_t which = 0) {
    return get().begin_prepare_snapshot(set, snapshot, volume(which), a);
  }
  // All steps; the copy's id.
  shadow::guid make(attributes a = plain) {
    const auto set = id();
    const auto snapshot = id();
    EXPECT_TRUE(done(begin(set, snapshot, a)));
    for (std::size_t step = 0; step < provider_steps.size(); ++step) {
      EXPECT_TRUE(done(take_step(get(), step, set))) << provider_steps[step];
    }
    return snapshot;
  }
  std::vector<shadow::snapshot_prop> all() {
    auto found = get().query();
    EXPECT_TRUE(done(found));
    return found.has_value() ? std::move(found).assume_value() : std::vector<shadow::snapshot_prop>();
  }
  std::vector<std::byte> bytes_of(const shadow::guid& snapshot) {
    auto device = get().open_snapshot(snapshot);
    EXPECT_TRUE(done(device));
    return device.has_value() ? bytes_of_device(*device.assume_value()) : std::vector<std::byte>();
  }

 private:
  std::unique_ptr<random_source> random_ = seeded_random(7);
  std::unique_ptr<Subject> subject_;
  std::vector<shadow::volume> volumes_;
};
TYPED_TEST_SUITE_P(provider_contract);

TYPED_TEST_P(provider_contract, supports_a_volume_and_changes_nothing_by_saying_so) {
  EXPECT_TRUE(done(this->get().is_volume_supported(this->volume(), this->plain)));
  EXPECT_TRUE(done(this->get().is_volume_supported(this->volume(), this->plain)));
  EXPECT_EQ(this->subject().traces(), "");
  EXPECT_FALSE(this->get().properties().provider_id.is_none());
  EXPECT_FALSE(this->get().properties().provider_name.empty());
}

TYPED_TEST_P(provider_contract, a_copy_reads_as_the_volume) {
  const auto wanted = bytes_at(this->volume().device);
  const auto snapshot = this->make();
  EXPECT_TRUE(this->bytes_of(snapshot) == wanted);
  EXPECT_TRUE(done(this->get().check_snapshot(snapshot)));
  EXPECT_TRUE(done(this->get().delete_snapshot(snapshot)));
  EXPECT_EQ(this->subject().traces(), "");
}

TYPED_TEST_P(provider_contract, tells_what_it_made) {
  const auto set = this->id();
  const auto snapshot = this->id();
  ASSERT_TRUE(done(this->begin(set, snapshot)));
  EXPECT_TRUE(this->all().empty());
  for (std::size_t step = 0; step < provider_steps.size(); ++step) ASSERT_TRUE(done(take_step(this->get(), step, set)));
  const auto found = this->all();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].snapshot_id, snapshot);
  EXPECT_EQ(found[0].snapshot_set_id, set);
  EXPECT_EQ(found[0].snapshots_count, 1u);
  EXPECT_EQ(found[0].original_volume_name, this->volume().name);
  EXPECT_EQ(found[0].provider_id, this->get().properties().provider_id);
  EXPECT_EQ(found[0].attributes, this->plain);
  EXPECT_EQ(found[0].status, shadow::snapshot_state::created);
  EXPECT_NE(found[0].creation_timestamp, 0);
}

TYPED_TEST_P(provider_contract, two_volumes_make_one_set) {
  const auto set = this->id();
  const std::array snapshots{this->id(), this->id()};
  for (const std::size_t i : {0u, 1u}) ASSERT_TRUE(done(this->begin(set, snapshots[i], this->plain, i)));
  for (std::size_t step = 0; step < provider_steps.size(); ++step) ASSERT_TRUE(done(take_step(this->get(), step, set)));
  EXPECT_EQ(this->all().size(), 2u);
  for (const std::size_t i : {0u, 1u}) {
    EXPECT_TRUE(this->bytes_of(snapshots[i]) == bytes_at(this->volume(i).device)) << i;
  }
  EXPECT_TRUE(done(this->get().delete_snapshot(snapshots[0])));
  EXPECT_EQ(this->all().size(), 1u);
  EXPECT_TRUE(done(this->get().check_snapshot(snapshots[1])));
}

TYPED_TEST_P(provider_contract, steps_out_of_order_are_refused_and_change_nothing) {
  const auto set = this->id();
  const auto snapshot = this->id();
  ASSERT_TRUE(done(this->begin(set, snapshot)));
  for (std::size_t next = 0; next < provider_steps.size(); ++next) {
    for (std::size_t step = 0; step < provider_steps.size(); ++step) {
      if (step == next) continue;
      EXPECT_TRUE(refused(TestFixture::code::e_bad_state, take_step(this->get(), step, set)))
          << provider_steps[step] << " when " << provider_steps[next] << " is due";
    }
    ASSERT_TRUE(done(take_step(this->get(), next, set))) << provider_steps[next];
    EXPECT_TRUE(refused(TestFixture::code::e_bad_state, this->begin(set, this->id(), this->plain, 1)));
  }
  EXPECT_TRUE(refused(TestFixture::code::e_bad_state, take_step(this->get(), provider_steps.size() - 1, set)));
  EXPECT_EQ(this->all().size(), 1u);
}

TYPED_TEST_P(provider_contract, what_it_does_not_know_is_not_found) {
  const auto unknown = this->id();
  for (std::size_t step = 0; step < provider_steps.size(); ++step) {
    EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, take_step(this->get(), step, unknown))) << provider_steps[step];
  }
  EXPECT_TRUE(done(this->get().abort_snapshots(unknown)));
  auto& p = this->get();
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.delete_snapshot(unknown)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.open_snapshot(unknown)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.check_snapshot(unknown)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.node_of(unknown)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.release_node(unknown)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, p.revert_to_snapshot(unknown)));
}

TYPED_TEST_P(provider_contract, abort_after_any_step_leaves_nothing) {
  for (const auto a : {this->plain, this->kept}) {
    if (a == this->kept && !TypeParam::persists) continue;
    for (std::size_t steps = 0; steps <= provider_steps.size(); ++steps) {
      const auto set = this->id();
      const auto snapshot = this->id();
      ASSERT_TRUE(done(this->begin(set, snapshot, a)));
      ASSERT_TRUE(done(this->begin(set, this->id(), a, 1)));
      for (std::size_t step = 0; step < steps; ++step) ASSERT_TRUE(done(take_step(this->get(), step, set)));
      EXPECT_TRUE(done(this->get().abort_snapshots(set)));
      EXPECT_EQ(this->subject().traces(), "") << steps << " steps";
      EXPECT_TRUE(this->all().empty()) << steps << " steps";
      EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, this->get().open_snapshot(snapshot)));
      EXPECT_TRUE(done(this->get().abort_snapshots(set)));
    }
  }
}

TYPED_TEST_P(provider_contract, an_end_after_any_step_leaves_nothing) {
  for (const auto a : {this->plain, this->kept}) {
    if (a == this->kept && !TypeParam::persists) continue;
    for (std::size_t steps = 0; steps < provider_steps.size(); ++steps) {
      const auto set = this->id();
      ASSERT_TRUE(done(this->begin(set, this->id(), a)));
      for (std::size_t step = 0; step < steps; ++step) ASSERT_TRUE(done(take_step(this->get(), step, set)));
      this->subject().restart();
      EXPECT_EQ(this->subject().traces(), "") << steps << " steps";
    }
  }
}

TYPED_TEST_P(provider_contract, another_set_makes_it_forget_the_unfinished_one) {
  const auto first = this->id();
  ASSERT_TRUE(done(this->begin(first, this->id())));
  ASSERT_TRUE(done(take_step(this->get(), 0, first)));
  const auto snapshot = this->make();
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, take_step(this->get(), 1, first)));
  EXPECT_EQ(this->all().size(), 1u);
  EXPECT_TRUE(done(this->get().delete_snapshot(snapshot)));
  EXPECT_EQ(this->subject().traces(), "");
}

TYPED_TEST_P(provider_contract, an_id_is_used_once) {
  const auto snapshot = this->make();
  EXPECT_TRUE(refused(TestFixture::code::e_object_already_exists, this->begin(this->id(), snapshot)));
  const auto set = this->id();
  const auto other = this->id();
  ASSERT_TRUE(done(this->begin(set, other)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_already_exists, this->begin(set, other, this->plain, 1)));
}

TYPED_TEST_P(provider_contract, what_is_deleted_is_gone_but_for_open_devices) {
  const auto wanted = bytes_at(this->volume().device);
  const auto snapshot = this->make();
  auto device = this->get().open_snapshot(snapshot);
  ASSERT_TRUE(done(device));
  ASSERT_TRUE(done(this->get().delete_snapshot(snapshot)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, this->get().delete_snapshot(snapshot)));
  EXPECT_TRUE(this->all().empty());
  EXPECT_TRUE(bytes_of_device(*device.assume_value()) == wanted);
}

TYPED_TEST_P(provider_contract, copies_of_a_session_end_with_it) {
  const auto snapshot = this->make();
  this->subject().restart();
  EXPECT_TRUE(this->all().empty());
  EXPECT_TRUE(refused(TestFixture::code::e_object_not_found, this->get().open_snapshot(snapshot)));
  EXPECT_EQ(this->subject().traces(), "");
}

TYPED_TEST_P(provider_contract, persistent_copies_outlive_their_session) {
  if (!TypeParam::persists) {
    EXPECT_TRUE(refused(TestFixture::code::e_unsupported_context, this->get().is_volume_supported(this->volume(), this->kept)));
    EXPECT_TRUE(refused(TestFixture::code::e_unsupported_context, this->begin(this->id(), this->id(), this->kept)));
    EXPECT_EQ(this->subject().traces(), "");
    return;
  }
  const auto wanted = bytes_at(this->volume().device);
  const auto snapshot = this->make(this->kept);
  const auto before = this->all();
  this->subject().restart();
  EXPECT_EQ(this->all(), before);
  EXPECT_TRUE(this->bytes_of(snapshot) == wanted);
  EXPECT_TRUE(done(this->get().check_snapshot(snapshot)));
  EXPECT_TRUE(refused(TestFixture::code::e_object_already_exists, this->begin(this->id(), snapshot)));
  EXPECT_TRUE(done(this->get().delete_snapshot(snapshot)));
  EXPECT_EQ(this->subject().traces(), "");
}

TYPED_TEST_P(provider_contract, refuses_what_no_provider_here_can) {
  for (const auto a : {TestFixture::attributes::transportable, TestFixture::attributes::hardware_assisted}) {
    EXPECT_TRUE(refused(TestFixture::code::e_unsupported_context, this->get().is_volume_supported(this->volume(), a)));
  }
}

TYPED_TEST_P(provider_contract, a_node_reads_as_the_copy_and_cannot_be_written) {
  if (!TypeParam::has_nodes) return;
  const auto wanted = bytes_at(this->volume().device);
  const auto snapshot = this->make();
  const auto node = this->get().node_of(snapshot);
  ASSERT_TRUE(done(node));
  const auto again = this->get().node_of(snapshot);
  ASSERT_TRUE(done(again));
  EXPECT_EQ(again.value(), node.value());
  EXPECT_TRUE(bytes_at(node.value()) == wanted);
  io::open_options options;
  options.mode = io::open_options::access::read_write;
  EXPECT_FALSE(io::open_device(node.value(), options).has_value());
  EXPECT_TRUE(done(this->get().release_node(snapshot)));
  EXPECT_TRUE(done(this->get().release_node(snapshot)));
  EXPECT_TRUE(done(this->get().delete_snapshot(snapshot)));
  EXPECT_EQ(this->subject().traces(), "");
}

TYPED_TEST_P(provider_contract, only_persistent_copies_are_reverted_to) {
  const auto snapshot = this->make();
  EXPECT_TRUE(refused(TestFixture::code::e_unsupported_context, this->get().revert_to_snapshot(snapshot)));
  const auto status = this->get().query_revert_status(this->volume());
  ASSERT_TRUE(done(status));
  EXPECT_FALSE(status.value());
}

REGISTER_TYPED_TEST_SUITE_P(provider_contract, supports_a_volume_and_changes_nothing_by_saying_so, a_copy_reads_as_the_volume,
                            tells_what_it_made, two_volumes_make_one_set, steps_out_of_order_are_refused_and_change_nothing,
                            what_it_does_not_know_is_not_found, abort_after_any_step_leaves_nothing,
                            an_end_after_any_step_leaves_nothing, another_set_makes_it_forget_the_unfinished_one,
                            an_id_is_used_once, what_is_deleted_is_gone_but_for_open_devices, copies_of_a_session_end_with_it,
                            persistent_copies_outlive_their_session, refuses_what_no_provider_here_can,
                            a_node_reads_as_the_copy_and_cannot_be_written, only_persistent_copies_are_reverted_to);

}  // namespace umbra::test
