// SPDX-License-Identifier: GPL-3.0-or-later
// The side that makes shadow copies. One object serves one requester's session; what persists lies on disk and is found again by
// query(). The coordinator calls in this order, for each set:
//
//   is_volume_supported … begin_prepare_snapshot (once a volume) … end_prepare_snapshots
//   [writers freeze] pre_commit_snapshots [file systems hold still] commit_snapshots [they go on] post_commit_snapshots [writers
//   thaw] pre_final_commit_snapshots [writers may mend the copy] post_final_commit_snapshots
//
// A failure anywhere, or a requester that gives up, leads to abort_snapshots, after which nothing of the set is left. Errors
// carry a result code (result_code.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/shadow/snapshot.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {

class provider {
 public:
  virtual ~provider() = default;  // aborts sets in the making, deletes copies that are auto-released

  virtual const provider_prop& properties() const = 0;

  // Nothing if the provider can make a copy of `v` with these attributes; else an error that says why not, in words that help
  // choosing another way. Changes nothing, and costs little.
  virtual result<void> is_volume_supported(const volume& v, volume_snapshot_attributes attributes) = 0;

  // Who must hold the file system still during commit_snapshots.
  enum class hold : std::uint8_t {
    coordinator,  // the coordinator freezes it (FIFREEZE) before commit and thaws it after
    provider,     // commit does it by itself (device mapper freezes what it suspends)
    none,         // nothing writes: not mounted, or read-only
  };
  virtual hold holds(const volume& v) = 0;

  // --- Making a set. Calls come from one thread; commit_snapshots may come from another one than the rest, never at the same
  // time. Starts what is slow: space is found and reserved here. After an error the set is as before.
  virtual result<void> begin_prepare_snapshot(const guid& set, const guid& snapshot, const volume& v,
                                              volume_snapshot_attributes attributes) = 0;
  // All that can be done before the instant is done when this returns.
  virtual result<void> end_prepare_snapshots(const guid& set) = 0;
  virtual result<void> pre_commit_snapshots(const guid& set) = 0;
  // The instant. File systems hold still: no path lookup, no log, no memory from the system, as short as can be.
  virtual result<void> commit_snapshots(const guid& set) = 0;
  virtual result<void> post_commit_snapshots(const guid& set, std::uint32_t snapshots_count) = 0;
  // The copy becomes writable once: journals and databases may recover in it (unless no_autorecovery).
  virtual result<void> pre_final_commit_snapshots(const guid& set) = 0;
  // From here on it never changes again.
  virtual result<void> post_final_commit_snapshots(const guid& set) = 0;
  // Takes back whatever of the set was begun; also a set that was never committed, or is unknown. Never fails for "not there".
  virtual result<void> abort_snapshots(const guid& set) = 0;

  // --- Copies that are there: of this session, and persistent ones.
  virtual result<std::vector<snapshot_prop>> query() = 0;
  virtual result<void> delete_snapshot(const guid& snapshot) = 0;
  // Reads as the volume at the instant. Valid until the copy is deleted. The copy lives at least as long as the device.
  virtual result<std::unique_ptr<io::device>> open_snapshot(const guid& snapshot) = 0;
  // Success while every read of the copy so far was right; an error once it is lost (its storage overflowed, its volume went
  // away). Asked after the last read: a copy that died meanwhile makes no image.
  virtual result<void> check_snapshot(const guid& snapshot) = 0;
  virtual result<std::vector<diff_area_prop>> query_diff_areas() = 0;

  // A device node that the kernel can mount read-only, made if there is none yet; release_node() takes it away again.
  virtual result<std::string> node_of(const guid& snapshot) = 0;
  virtual result<void> release_node(const guid& snapshot) = 0;

  // A path by which find_volume() finds the volume that it is a copy of, mounted or not. The name it had does not do: a mount
  // point is a plain folder once its volume is unmounted.
  virtual result<std::string> source_of(const guid& snapshot) = 0;
  // Brings the volume back to the copy; the volume is not mounted. Runs until it is done, or goes on after a crash.
  virtual result<void> revert_to_snapshot(const guid& snapshot) = 0;
  // Whether a revert of that volume goes on.
  virtual result<bool> query_revert_status(const volume& v) = 0;
};

}  // namespace umbra::shadow
