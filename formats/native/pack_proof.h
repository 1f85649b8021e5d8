// SPDX-License-Identifier: GPL-3.0-or-later
// Which packs of a vault are certain to be whole. That a pack is there and has a footer proves nothing: its writer may have been
// killed before it was synced, and then it lasts until the power fails; or the power did fail, and the footer is what came
// through.
#pragma once

#include <functional>

#include "engine/image/image_info.h"
#include "engine/store/store.h"

namespace umbra::native {

// True if `pack`, which is there, was durable once: its session committed, or another pack of it exists that was begun only after
// this one had been synced. (Packs in an index run are proven as well: runs name no others.) `exists` tells of packs.
bool is_proven(store::store& store, const image::domain_id& domain, const image::pack_id& pack,
               const std::function<bool(const image::pack_id&)>& exists);

// A writer has at most this many packs that are not durable: the one that grows and the one that is being finished.
constexpr std::uint32_t packs_in_the_making = 2;

}  // namespace umbra::native
