// SPDX-License-Identifier: GPL-3.0-or-later
// Shadow copies of logical volumes by LVM's own snapshots: thin ones in their pool, thick ones with a copy-on-write area taken
// from the free space of the volume group. What a copy is, is written into the tags of its logical volume, so that LVM itself
// keeps the records: umbra.snapshot=…, umbra.set=…, umbra.attributes=…, umbra.count=…, umbra.created=…, umbra.owner=….
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/clock.h"
#include "engine/shadow/lvm_tool.h"
#include "engine/shadow/provider.h"

namespace umbra::shadow {

struct lvm_options {
  // Of a thick copy's area: so much of the volume, but at least and at most. The area is never larger than the volume needs.
  double area_share = 0.10;
  std::uint64_t area_minimum = 64ull << 20;
  std::string machine;
  wall_clock now;
  // process_token() of this process: copies that are to end with it, and outlived it, go before the next set is made.
  std::string owner;
  // Lets the file system recover in the writable copy at `node`: recover_copy of lvm_tool.h. Empty: nobody does.
  std::function<result<void>(const std::string& node, const volume& v)> recover;
};

struct lvm_providers {
  std::shared_ptr<provider> thin;
  std::shared_ptr<provider> thick;
};

// Both kinds: the volumes of a set that they share are copied at one instant.
lvm_providers make_lvm_providers(std::shared_ptr<lvm_tool> tool, const lvm_options& options);

}  // namespace umbra::shadow
