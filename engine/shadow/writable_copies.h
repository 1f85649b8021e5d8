// SPDX-License-Identifier: GPL-3.0-or-later
// The copies of a set while writers may change them, at post_snapshot: each has a node, and is mounted in a folder of its own.
#pragma once

#include <string>
#include <vector>

#include "engine/shadow/environment.h"
#include "engine/shadow/tracer.h"

namespace umbra::shadow {

struct set_member {
  guid snapshot;
  volume what;
  std::shared_ptr<provider> by;
  snapshot_state state = snapshot_state::preparing;
};

// One set; one thread at a time. Destroying it unmounts what it mounted.
class writable_copies {
 public:
  writable_copies(const environment& world, tracer& trace) : world_(world), trace_(trace) {}
  writable_copies(const writable_copies&) = delete;
  writable_copies& operator=(const writable_copies&) = delete;
  ~writable_copies() { static_cast<void>(close()); }

  struct place {
    std::string device;  // node that can be written to
    std::string folder;  // where it is mounted
  };
  // Empty for volumes that nobody wrote to: nothing in their copies is in want of being mended. A copy that cannot be shown to
  // writers is one that they do not mend; why is in the trace.
  place open(const set_member& member);
  // Nobody changes them any longer. e_volume_in_use if a writer goes on using one: its mount is gone, but it may still write.
  result<void> close();

 private:
  result<place> try_to_open(const set_member& member);

  const environment& world_;
  tracer& trace_;
  std::vector<std::string> folders_;
};

}  // namespace umbra::shadow
