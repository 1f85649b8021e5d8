// SPDX-License-Identifier: GPL-3.0-or-later
// The start of a session: its begin object, held for as long as the process lives, and the question whether the name is in use.
#pragma once

#include <memory>
#include <string>

#include "engine/store/store.h"
#include "formats/native/objects.h"

namespace umbra::native {

struct session_start {
  std::string name;  // image name; empty names never clash
  std::string note;  // JSON object, for people
};

// Writes and holds sessions/<id>/begin. errc::busy names the session that runs under the same name. Politeness, not safety: two
// sessions of one name would both be complete.
result<std::unique_ptr<store::file_lock>> begin_session(store::store& store, const image::domain_id& domain,
                                                        const image::session_id& id, const session_start& start);

}  // namespace umbra::native
