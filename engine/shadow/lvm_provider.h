// SPDX-License-Identifier: GPL-3.0-or-later
// Shadow copies of logical volumes by LVM's own snapshots: thin ones in their pool, thick ones with a copy-on-write area taken
// from the free space of the volume group. What a copy is, is written into the tags of its logical volume, so that LVM itself
// keeps the records: umbra.snapshot=…, umbra.set=…, umbra.attributes=…, umbra.count=…, umbra.created=…, umbra.owner=….
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/shadow/area_forecast.h"
#include "engine/shadow/lvm_tool.h"
#include "engine/shadow/provider.h"

namespace umbra::shadow {

struct lvm_options {
  // Of thick copies: how large their areas are, which take in what the volume loses meanwhile (area_forecast.h). A group that has
  // less free than that gives what it has, but for the minimum.
  area_rules area;
  // The area that somebody wants: so much, or no copy.
  std::optional<std::uint64_t> area_wanted;
  // Finds out what is written to a volume. Empty: nothing is known of that.
  std::function<volume_load(const volume& v)> measure_load;
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
