// SPDX-License-Identifier: GPL-3.0-or-later
// Which provider makes the copy of a volume: the one that is named, or the first that can, hardware before software before
// system.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/shadow/provider.h"

namespace umbra::shadow {

using provider_list = std::vector<std::shared_ptr<provider>>;

// `wanted`: none for any. e_provider_not_registered; e_volume_not_supported_by_provider with the provider's reason;
// e_volume_not_supported with every provider's reason and the ways out.
result<std::shared_ptr<provider>> choose_provider(std::span<const std::shared_ptr<provider>> providers, const guid& wanted,
                                                  const volume& v, volume_snapshot_attributes attributes);

std::shared_ptr<provider> find_provider(std::span<const std::shared_ptr<provider>> providers, const guid& id);

}  // namespace umbra::shadow
