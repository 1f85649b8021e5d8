// SPDX-License-Identifier: GPL-3.0-or-later
// A whole shadow service without a system below it: writers, providers, file systems and volumes that do as a test says, and a
// record of all that happened, in order.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/io/memory_device.h"
#include "engine/shadow/backup_components.h"

namespace umbra::test {

namespace sh = umbra::shadow;

// "requester …", "writer NAME: freeze", "provider NAME: commit_snapshots", "freeze /a", "thaw /a".
class shadow_record {
 public:
  void add(std::string line);
  std::vector<std::string> lines() const;
  bool holds(const std::string& line) const;
  std::size_t count(const std::string& line) const;
  // Place of the first such line; fails the test if there is none.
  std::size_t place(const std::string& line) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// What a writer does at an event instead of answering at once with success.
struct writer_behaviour {
  std::optional<error> fails;
  std::chrono::milliseconds takes{0};
  bool hangs = false;  // until cancel()
  std::function<void(const sh::writer_call&)> acts;
};

class scripted_writer final : public sh::writer {
 public:
  scripted_writer(std::string name, sh::application_level level, shadow_record& record);

  std::map<sh::event, writer_behaviour> at;
  std::chrono::milliseconds freeze_limit{60'000};
  std::chrono::milliseconds event_limit{20'000};
  sh::writer_metadata document;
  int descriptor = -1;                                  // of abort
  sh::result_code application = sh::result_code::s_ok;  // its own code for its failures

  const sh::writer_identity& identity() const override { return document.identity; }
  std::chrono::milliseconds freeze_timeout() const override { return freeze_limit; }
  std::chrono::milliseconds event_timeout() const override { return event_limit; }
  result<sh::writer_metadata> identify(const sh::writer_session& session) override;
  result<void> handle(const sh::writer_call& call) override;
  void cancel() noexcept override;
  int abort_descriptor() const noexcept override { return descriptor; }
  sh::result_code application_code() const override { return application; }

 private:
  result<void> act(sh::event what);
  shadow_record& record_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
};

// Copies volumes of a scripted world: each is a few bytes of memory.
class scripted_provider final : public sh::provider {
 public:
  scripted_provider(std::string name, sh::provider_type type, shadow_record& record);

  std::map<std::string, error> fails;                 // by call: "commit_snapshots"
  std::map<std::string, std::function<void()>> acts;  // by call
  std::set<std::string> supports;                     // names of volumes; empty: all
  hold held_by = hold::coordinator;
  bool lost = false;  // check_snapshot fails
  bool has_nodes = true;
  std::vector<sh::diff_area_prop> areas;

  // Copies that are there now, in the making or made.
  std::size_t copies() const { return copies_.size(); }

  const sh::provider_prop& properties() const override { return properties_; }
  result<void> is_volume_supported(const sh::volume& v, sh::volume_snapshot_attributes attributes) override;
  hold holds(const sh::volume&) override { return held_by; }
  result<void> begin_prepare_snapshot(const sh::guid& set, const sh::guid& snapshot, const sh::volume& v,
                                      sh::volume_snapshot_attributes attributes) override;
  result<void> end_prepare_snapshots(const sh::guid& set) override;
  result<void> pre_commit_snapshots(const sh::guid& set) override;
  result<void> commit_snapshots(const sh::guid& set) override;
  result<void> post_commit_snapshots(const sh::guid& set, std::uint32_t count) override;
  result<void> pre_final_commit_snapshots(const sh::guid& set) override;
  result<void> post_final_commit_snapshots(const sh::guid& set) override;
  result<void> abort_snapshots(const sh::guid& set) override;
  result<std::vector<sh::snapshot_prop>> query() override;
  result<void> delete_snapshot(const sh::guid& snapshot) override;
  result<std::unique_ptr<io::device>> open_snapshot(const sh::guid& snapshot) override;
  result<void> check_snapshot(const sh::guid& snapshot) override;
  result<std::vector<sh::diff_area_prop>> query_diff_areas() override;
  result<std::string> node_of(const sh::guid& snapshot) override;
  result<void> release_node(const sh::guid& snapshot) override;
  result<std::string> source_of(const sh::guid& snapshot) override;
  result<void> revert_to_snapshot(const sh::guid& snapshot) override;
  result<bool> query_revert_status(const sh::volume&) override { return false; }

 private:
  result<void> did(const std::string& call);
  shadow_record& record_;
  sh::provider_prop properties_;
  std::map<sh::guid, sh::snapshot_prop> copies_;
};

// The world of a session. Volumes "/a", "/b" … are file systems on "/dev/a", "/dev/b" …, mounted for writing.
struct shadow_world {
  shadow_world();

  shadow_record record;
  std::deque<std::shared_ptr<scripted_writer>> writers;
  // Starts more writers for each session; they come after those.
  std::function<std::vector<std::shared_ptr<sh::writer>>(const std::function<void(std::string)>& problem)> start_programs;
  std::deque<std::shared_ptr<scripted_provider>> providers;
  std::optional<error> freeze_fails;
  std::optional<error> thaw_fails;
  std::optional<error> mount_for_writers_fails;
  std::optional<error> unmount_from_writers_fails;
  bool guardian_sends_writers_on = false;
  bool locked_by_another = false;
  std::set<std::string> frozen_now;                    // mount points
  std::vector<std::string> mounted{"/a", "/b", "/c"};  // the mount table
  std::map<std::string, std::string> images;           // volumes that lie in files: "/b" in "/a/image"
  std::map<std::string, std::string> files;            // files, and the volumes on which they lie: "/a/image" on "/a"
  std::set<std::string> read_only;                     // volumes that are mounted, and not for writing
  std::set<std::string> unmounted;                     // volumes that are not mounted: plain folders, but for their devices

  scripted_writer& add_writer(const std::string& name, sh::application_level level = sh::application_level::front_end);
  scripted_provider& add_provider(const std::string& name, sh::provider_type type = sh::provider_type::software);
  std::unique_ptr<sh::backup_components> session();
  result<sh::volume> find_volume(const std::string& path) const;
  // Whatever happened: nothing is frozen, no copy in the making is left, and every writer that was frozen was thawed or aborted.
  void expect_all_go_on() const;

 private:
  std::unique_ptr<random_source> random_;
};

// Success, or a failed test that tells the error.
inline void must_finish(result<sh::async_ptr> call) {
  ASSERT_TRUE(call.has_value()) << call.assume_error().message();
  const auto done = call.assume_value()->finish();
  ASSERT_TRUE(done.has_value()) << done.assume_error().message();
}
// The code of a failure; s_ok for success.
template <class T>
sh::result_code code_of_call(const result<T>& r) {
  return r.has_error() ? sh::code_of(r.assume_error()) : sh::result_code::s_ok;
}

}  // namespace umbra::test
