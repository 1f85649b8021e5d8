// SPDX-License-Identifier: GPL-3.0-or-later
// A requester of a real shadow service: a volume in a file on XFS or btrfs, the reflink provider, the freezer, the lock of sets,
// a writer that is a program (docs/examples/notes-writer), and an image of what was copied. For tests that run as root.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/shadow/backup_components.h"
#include "tests/support/job_kit.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/watched_provider.h"

namespace umbra::test {

// What sessions of one machine have in common. Its files lie in a folder that goes with it.
class shadow_machine {
 public:
  // `type`: of the file system that the volume's file lies on.
  explicit shadow_machine(const std::string& type);

  // Hears of every place that a session comes to, from whichever thread: "start_snapshot_set" when that call is over, "before
  // commit_snapshots", "writer freeze" (an in-process writer is asked), "read", "before_commit" (of the image). An error fails
  // it.
  said at = [](const std::string&) { return success(); };
  std::chrono::milliseconds hold_limit = std::chrono::seconds(60);
  std::chrono::milliseconds writer_limit = std::chrono::seconds(60);

  // A provider of a session of its own, not watched.
  std::shared_ptr<shadow::provider> make_provider() const;
  std::unique_ptr<shadow::backup_components> session();
  // The calls of a backup until there is a copy, and then those that make the image and end it.
  result<shadow::guid> make_copy(shadow::backup_components& s,
                                 shadow::snapshot_context context = shadow::snapshot_context::backup);
  result<void> take_image(shadow::backup_components& s, const shadow::guid& copy);
  // The error of a copy that must not be made.
  error refusal(shadow::backup_components& s);
  // Both.
  result<void> back_up(shadow::backup_components& s, shadow::snapshot_context context = shadow::snapshot_context::backup);

  // The writer's application is held still.
  bool is_held() const;
  std::string lock_path() const { return dir.at("run/set.lock"); }
  std::string image_path() const { return dir.at("volume.umbra"); }
  bool has_image() const;
  // The image reads as the copy did before it was made.
  void expect_image_whole();
  // Nothing is frozen, held or locked; `left_behind` is for who knows what may be.
  void expect_all_go_on() const;
  std::string left_behind() const;
  // A whole backup by a requester that nothing happens to; nobody hears of it.
  void expect_next_requester_succeeds();

  temp_dir dir;
  loop_volume host;
  loop_volume volume;

 private:
  std::vector<std::shared_ptr<shadow::writer>> start_writers(const std::function<void(std::string)>& problem);
  std::unique_ptr<random_source> random_ = system_random();
  content copied_;
};

}  // namespace umbra::test
