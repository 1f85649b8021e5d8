// SPDX-License-Identifier: GPL-3.0-or-later
// The instant that logical volumes of one set share, whichever provider copies each. Of a single volume LVM makes it alone:
// lvcreate suspends it, takes the snapshot and lets it go on. Of several, all are suspended first, which is the instant; then
// each lvcreate finds its volume suspended, takes the snapshot and lets that one go on.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/shadow/guid.h"
#include "engine/shadow/lvm_tool.h"
#include "engine/shadow/volume.h"

namespace umbra::shadow {

// One thread at a time. Destroying it lets everything go on.
class lvm_instant {
 public:
  explicit lvm_instant(std::shared_ptr<lvm_tool> tool) : tool_(std::move(tool)) {}

  void add(const guid& set, const volume& v);
  // Whether the set has several volumes; known once all are added.
  bool is_shared(const guid& set) const;
  // Whether the volumes of the set can stand still together: LVM's own files must not lie on one of them.
  result<void> check(const guid& set) const;
  // From here on the set's volumes stand still, if they are several. Asked again it does nothing.
  result<void> begin(const guid& set);
  // One more volume is copied. After the last all go on for certain; an error if they did so before.
  result<void> copied(const guid& set);
  // Gives the set up: its volumes go on, and it is unknown.
  void forget(const guid& set);

 private:
  struct shared_set {
    std::vector<volume> volumes;
    std::size_t copied = 0;
    std::unique_ptr<lvm_hold> hold;
  };

  std::shared_ptr<lvm_tool> tool_;
  std::map<guid, shared_set> sets_;
};

}  // namespace umbra::shadow
