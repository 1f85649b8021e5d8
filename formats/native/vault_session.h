// SPDX-License-Identifier: GPL-3.0-or-later
// A session that writes an image into a vault: packs, then the writer's half of the commit protocol.
#pragma once

#include <memory>
#include <string>

#include "formats/native/pack_cache.h"
#include "formats/native/stored_image.h"
#include "formats/native/vault.h"

namespace umbra::native {

// Writes `begin`; errc::busy if a living process backs up under the same name.
result<std::unique_ptr<image::image_writer>> start_vault_session(store::store& store, const superblock_info& super,
                                                                 std::shared_ptr<pack_cache> packs,
                                                                 std::unique_ptr<stored_image> parent,
                                                                 const new_image_options& options, random_source& random);

// The image name that a session's begin tells, or nothing.
std::string begin_name(store::store& store, const image::domain_id& domain, const image::session_id& session);

}  // namespace umbra::native
