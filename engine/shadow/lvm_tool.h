// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of LVM and of the device mapper, as far as shadow copies need it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/lvm_report.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {

// Mapped devices that are suspended: whoever reads or writes waits. Destroying it lets them go on.
class lvm_hold {
 public:
  virtual ~lvm_hold() = default;
  // They go on. An error if they did before, because it took too long.
  virtual result<void> end() = 0;
};

// One thread at a time; tests put a scripted one in.
class lvm_tool {
 public:
  virtual ~lvm_tool() = default;
  // Runs `lvm ARGUMENT…`; its standard output. errc::not_found if LVM is not installed; errc::shadow_copy with LVM's own words.
  virtual result<std::string> lvm(const std::vector<std::string>& arguments) = 0;
  // Runs `dmsetup ARGUMENT…`.
  virtual result<std::string> dmsetup(const std::vector<std::string>& arguments) = 0;
  // Suspends mapped devices, one after the other; none if one cannot be. They go on when the hold ends, also when this process
  // dies, and after hold_limit in any case.
  virtual result<std::unique_ptr<lvm_hold>> hold(const std::vector<std::string>& mapped_names) = 0;

  // LVM's programs run meanwhile, so it is longer than a freeze may last.
  static constexpr std::chrono::seconds hold_limit{30};
};

std::unique_ptr<lvm_tool> system_lvm();

// Lets the file system that was on `v` recover in the copy at `node`, which can be written to.
result<void> recover_copy(const std::string& node, const volume& v);

// Every logical volume, or that one ("vg/name").
result<std::vector<logical_volume>> list_logical_volumes(lvm_tool& tool, const std::string& only = {});

}  // namespace umbra::shadow
