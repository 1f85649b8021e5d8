// SPDX-License-Identifier: GPL-3.0-or-later
// Shadow copies that are there, whichever provider made them: finding, deleting, exposing, reverting.
#pragma once

#include <string>
#include <vector>

#include "engine/shadow/backup_components.h"
#include "engine/shadow/provider_choice.h"

namespace umbra::shadow {

struct found_copy {
  snapshot_prop properties;
  std::shared_ptr<provider> by;
};

// Of all providers, oldest first. A copy that is exposed says so in its properties.
result<std::vector<snapshot_prop>> all_copies(const provider_list& providers);
// e_object_not_found if there is none.
result<found_copy> find_copy(const provider_list& providers, const guid& snapshot);
result<std::vector<snapshot_prop>> copies_of_set(const provider_list& providers, const guid& set);

// Of all providers, in their order.
result<std::vector<diff_area_prop>> all_diff_areas(const provider_list& providers);

// `type`: a shadow copy or a set. Without `force` a copy that is exposed stays: e_volume_in_use. Stops at the first that cannot
// be deleted; if that is the very first, its error is the answer.
result<backup_components::deletion> delete_copies(const provider_list& providers, const guid& id, object_type type, bool force);
// What of the set does not persist; nobody is told of failures: the provider's next start cleans up.
void drop_auto_released(const provider_list& providers, const guid& set);

// Mounts the copy read-only on an existing, empty folder. Copies that do not persist: e_invalidarg, as documented.
result<void> expose_copy(const provider_list& providers, const guid& snapshot, const std::string& folder);
// e_object_not_found if it is not exposed.
result<void> unexpose_copy(const provider_list& providers, const guid& snapshot);
// The volume must not be in use; with `force_dismount` it is unmounted first and mounted again afterwards.
result<void> revert_copy(const environment& world, const guid& snapshot, bool force_dismount);

}  // namespace umbra::shadow
