// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of LVM and of the device mapper, as far as shadow copies need it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/lvm_report.h"

namespace umbra::shadow {

// One thread at a time; tests put a scripted one in.
class lvm_tool {
 public:
  virtual ~lvm_tool() = default;
  // Runs `lvm ARGUMENT…`; its standard output. errc::not_found if LVM is not installed; errc::shadow_copy with LVM's own words.
  virtual result<std::string> lvm(const std::vector<std::string>& arguments) = 0;
  // Runs `dmsetup ARGUMENT…`.
  virtual result<std::string> dmsetup(const std::vector<std::string>& arguments) = 0;
};

std::unique_ptr<lvm_tool> system_lvm();

// Every logical volume, or that one ("vg/name").
result<std::vector<logical_volume>> list_logical_volumes(lvm_tool& tool, const std::string& only = {});

}  // namespace umbra::shadow
