// SPDX-License-Identifier: GPL-3.0-or-later
// A thin snapshot whose content is renewed while its origin is suspended by somebody else than LVM. lvcreate does not do that: it
// finds the origin suspended, leaves the pool's message for later and lets the origin go on, so that the snapshot shows whatever
// is there when it is woken. So the snapshot is made before, and the pool is told, without LVM, to give its device a new content.
// LVM knows a thin volume by the number of its device alone; deleting one that the pool does not have is no error to it.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/shadow/lvm_tool.h"

namespace umbra::shadow {

struct lvm_thin_copy {
  std::string pool;  // name of the mapped device
  std::uint64_t copy = 0;
  std::uint64_t origin = 0;  // numbers of devices in the pool
};

// `copy` is a snapshot of `origin` ("vg/name"), and asleep.
result<lvm_thin_copy> find_thin_copy(lvm_tool& tool, const std::string& copy, const std::string& origin);

// Its content goes: it cannot be woken until it is filled. It may be removed.
result<void> empty_thin_copy(lvm_tool& tool, const lvm_thin_copy& c);
// It shows what its origin holds, which is suspended.
result<void> fill_thin_copy(lvm_tool& tool, const lvm_thin_copy& c);

}  // namespace umbra::shadow
