// SPDX-License-Identifier: GPL-3.0-or-later
// The power fails at every operation of a store's life, with many ideas of what the disk then holds.
#include <gtest/gtest.h>

#include <map>

#include "engine/store/store.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

// What was promised by the time so many operations were done.
struct promise {
  std::uint64_t operations = 0;
  std::string name;
};

struct history {
  std::unique_ptr<sim_file_system> disk = sim_with_directory("/vault");
  std::map<std::string, std::vector<std::byte>> expected;
  std::vector<promise> promises;
};

void put(history& h, store::store& store, const std::string& name, std::vector<std::byte> bytes) {
  ASSERT_TRUE(store.put_if_absent(name, bytes).has_value());
  h.promises.push_back({h.disk->operation_count(), name});
  h.expected[name] = std::move(bytes);
}

void write(history& h, store::store& store, const std::string& name, const std::vector<std::byte>& bytes) {
  auto writer = store.create(name);
  ASSERT_TRUE(writer.has_value());
  h.expected[name] = bytes;
  for (std::size_t at = 0; at < bytes.size(); at += 5000) {
    const byte_view piece = byte_view(bytes).subspan(at, std::min<std::size_t>(5000, bytes.size() - at));
    ASSERT_TRUE(writer.assume_value()->append(std::span(&piece, 1)).has_value());
  }
  ASSERT_TRUE(writer.assume_value()->finish().has_value());
  h.promises.push_back({h.disk->operation_count(), name});
}

// The life of a small vault: a superblock, a session with a pack, a plan and an outcome.
void live(history& h) {
  const auto store = store::make_local_store(*h.disk, "/vault");
  put(h, *store, "vault", random_bytes(1, 4096));
  put(h, *store, "sessions/0a/begin", {});
  write(h, *store, "packs/0a/0a-0", random_bytes(2, 23'456));
  put(h, *store, "sessions/0a/plan-1", compressible_bytes(3, 2'000));
  put(h, *store, "sessions/0a/outcome", text_bytes("COMMIT plan-1"));
}

// Words for what is wrong in a crash state, or nothing.
std::string fault_of(const history& h, sim_file_system& after, std::uint64_t cut) {
  const auto store = store::make_local_store(after, "/vault");
  for (const auto& promise : h.promises) {
    if (promise.operations > cut) continue;
    const auto bytes = store->get(promise.name, 1 << 20);
    if (bytes.has_error()) return promise.name + " was promised: " + bytes.assume_error().message();
    if (bytes.assume_value() != h.expected.at(promise.name)) return promise.name + " was promised and differs";
  }
  const auto listed = store->list("");
  if (listed.has_error()) return "cannot list: " + listed.assume_error().message();
  for (const auto& entry : listed.assume_value()) {
    if (!h.expected.contains(entry.name)) return entry.name + " came from nowhere";
    if (entry.name.starts_with("packs/")) continue;  // may be there in part until it is finished
    const auto bytes = store->get(entry.name, 1 << 20);
    if (bytes.has_error() || bytes.assume_value() != h.expected.at(entry.name)) return entry.name + " is there but not whole";
  }
  // A new process tries the decision that the old one may have been taking.
  const auto again = store->put_if_absent("sessions/0a/outcome", as_bytes("DEAD"));
  if (again.has_error() && again.assume_error().code() != errc::exists) return "next put: " + again.assume_error().message();
  return "";
}

// The number of crash states with a fault; tells the first.
std::size_t count_faults(const history& h, std::size_t random_states, std::string& first) {
  std::size_t faults = 0;
  for (std::uint64_t cut = 0; cut <= h.disk->operation_count(); ++cut) {
    for (const auto& policy : crash_policy::several(cut, random_states)) {
      const auto after = h.disk->crash(cut, policy);
      const auto fault = fault_of(h, *after, cut);
      if (!fault.empty() && faults++ == 0) first = to_string(policy) + " after operation " + std::to_string(cut) + ": " + fault;
    }
  }
  return faults;
}

TEST(power_cut, leaves_put_objects_absent_or_whole_and_keeps_what_was_promised) {
  history h;
  ASSERT_NO_FATAL_FAILURE(live(h));
  ASSERT_GT(h.disk->operation_count(), 30u);
  std::string first;
  EXPECT_EQ(count_faults(h, 150, first), 0u) << first;
}

TEST(power_cut, is_noticed_on_a_disk_that_lies_about_syncs) {
  history h;
  ASSERT_NO_FATAL_FAILURE(live(h));
  h.disk->eat_syncs = true;
  std::string first;
  EXPECT_GT(count_faults(h, 5, first), 100u);
}

TEST(power_cut, in_the_middle_of_recovery_from_a_power_cut_is_survived) {
  history h;
  ASSERT_NO_FATAL_FAILURE(live(h));
  const auto total = h.disk->operation_count();
  for (std::uint64_t cut = 0; cut < total; cut += 3) {
    const auto after = h.disk->crash(cut, crash_policy::random(cut));
    const auto store = store::make_local_store(*after, "/vault");
    const auto put = store->put_if_absent("sessions/0a/outcome", as_bytes("DEAD"));
    const auto decided = store->get("sessions/0a/outcome", 100);
    ASSERT_TRUE(decided.has_value());
    for (const auto& policy : crash_policy::several(cut, 10)) {
      const auto twice = after->crash(after->operation_count(), policy);
      EXPECT_EQ(twice->content("/vault/sessions/0a/outcome"), decided.assume_value()) << to_string(policy) << " after " << cut;
    }
  }
}

TEST(power_cut, never_brings_a_removed_object_back) {
  const auto disk = sim_with_directory("/vault");
  const auto store = store::make_local_store(*disk, "/vault");
  ASSERT_TRUE(store->put_if_absent("condemned/1", as_bytes("x")).has_value());
  ASSERT_TRUE(store->remove("condemned/1").has_value());
  for (const auto& policy : crash_policy::several(1, 20))
    EXPECT_FALSE(disk->crash(disk->operation_count(), policy)->exists("/vault/condemned/1")) << to_string(policy);
}

TEST(power_cut, after_success_leaves_no_temporary_file) {
  history h;
  ASSERT_NO_FATAL_FAILURE(live(h));
  for (const auto& policy : crash_policy::several(1, 20)) {
    const auto after = h.disk->crash(h.disk->operation_count(), policy);
    EXPECT_EQ(after->all_files().size(), h.expected.size()) << to_string(policy);
  }
}

TEST(process_kill, at_every_operation_leaves_objects_absent_or_whole) {
  history whole;
  ASSERT_NO_FATAL_FAILURE(live(whole));
  for (std::uint64_t stop = 0; stop < whole.disk->operation_count(); ++stop) {
    const auto after = whole.disk->crash(stop, crash_policy::keep_all());
    EXPECT_EQ(fault_of(whole, *after, stop), "") << "killed at " << stop;
  }
}

}  // namespace
}  // namespace umbra::test
