// SPDX-License-Identifier: GPL-3.0-or-later
// Umbra's own providers: the ids that documents and records carry. They never change.
#pragma once

#include <string_view>

#include "engine/shadow/guid.h"
#include "engine/shadow/snapshot.h"

namespace umbra::shadow {

inline const guid none_provider_id = "f62fc8c5-8ee5-4762-b8b4-74e8fc37f089"_guid;
inline const guid reflink_provider_id = "a43c7e2c-69e3-434f-acde-f14b5a8c9db7"_guid;
inline const guid lvm_thin_provider_id = "20a677d9-13d1-46bd-abd9-251ba0641eac"_guid;
inline const guid lvm_thick_provider_id = "bbc23398-f227-4d4a-a2b7-2b41aff781fb"_guid;
inline const guid freeze_provider_id = "c37787eb-9ce2-405e-af41-45eb1f85f23a"_guid;

// VSS_PROVIDER_PROP of one of them. All have one version: they are built together.
provider_prop describe_provider(const guid& id, std::string_view name, provider_type type);

}  // namespace umbra::shadow
