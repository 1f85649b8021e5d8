// SPDX-License-Identifier: GPL-3.0-or-later
// Holds file systems still for an instant and makes sure that they go on, whatever becomes of this process. FIFREEZE has no
// time-out in the kernel, so a guardian process with descriptors opened beforehand thaws everything when the limit passes, when
// this process dies, and when it is stopped.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace umbra::shadow {

struct freeze_request {
  std::vector<std::string> mount_points;  // in the order of mounting; frozen in reverse
  std::vector<int> abort_descriptors;  // of writers: get abort_line if writers are held for too long or the coordinator is gone
  std::string abort_line;              // at most 256 bytes
  std::chrono::milliseconds hold_limit = std::chrono::seconds(10);    // from the first freeze to the last thaw
  std::chrono::milliseconds writer_limit = std::chrono::seconds(60);  // from begin_writers() to end_writers()
};

// One set. Calls come from one thread at a time. Destroying it thaws whatever is frozen and ends the guardian.
class freezer {
 public:
  virtual ~freezer() = default;

  // Writers are about to be frozen: their limit runs from here.
  virtual result<void> begin_writers() = 0;

  // Every file system, last mounted first. A file system that cannot be frozen at all (EOPNOTSUPP) is passed over and listed in
  // not_frozen(). On an error everything is thawed again: e_flush_writes_timeout if the limit passed meanwhile.
  virtual result<void> freeze() = 0;
  // Everything goes on when this returns, also after an error: e_hold_writes_timeout if the guardian had to thaw before.
  virtual result<void> thaw() = 0;

  // Writers go on: e_writererror_timeout if the guardian had to send the abort line before.
  virtual result<void> end_writers() = 0;

  virtual const std::vector<std::string>& not_frozen() const = 0;
  // From before the first freeze to after the last thaw; zero before thaw().
  virtual std::chrono::microseconds held() const = 0;
};

// Opens the descriptors and starts the guardian: errc::not_found and so on if a mount point is not there.
result<std::unique_ptr<freezer>> make_freezer(const freeze_request& request);

}  // namespace umbra::shadow
