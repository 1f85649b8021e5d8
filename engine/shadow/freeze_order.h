// SPDX-License-Identifier: GPL-3.0-or-later
// Volumes that lie in files on each other, and in which order volumes hold still. Pure but for what the caller brings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {

// io::lies_on(): whether the file system that holds `inside` lies on the block device `disk`.
using lies_on_call = std::function<result<bool>(const std::string& inside, const std::string& disk)>;

// `inner` lies in a file on the file system of `outer`, or on something that does.
result<bool> lies_in(const volume& inner, const volume& outer, const lies_on_call& lies_on);

// The mount points of volumes that are to be frozen, in the order that freeze_request wants: that of `mounted`, which tells mount
// points as they were mounted, and in any case what holds the file of another one before that one.
result<std::vector<std::string>> in_order_of_mounting(const std::vector<volume>& volumes, const std::vector<std::string>& mounted,
                                                      const lies_on_call& lies_on);

}  // namespace umbra::shadow
