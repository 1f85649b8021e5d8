// SPDX-License-Identifier: GPL-3.0-or-later
// What a vault's names say: sessions and the objects each has, condemned packs, packs that are there.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "engine/base/result.h"
#include "engine/store/store.h"
#include "formats/native/manifest.h"
#include "formats/native/objects.h"

namespace umbra::native {

struct session_names {
  bool begun = false;
  bool has_outcome = false;
  bool forgotten = false;
};

// All sessions that have any object.
result<std::map<image::session_id, session_names>> list_sessions(store::store& store);

// Every pack on any condemned list.
result<std::set<image::pack_id>> read_condemned(store::store& store, const image::domain_id& domain);

// Packs that are there, with their size.
result<std::map<image::pack_id, std::uint64_t>> list_packs(store::store& store);

// The outcome of a session, if it has one.
result<std::optional<outcome>> read_outcome(store::store& store, const image::domain_id& domain,
                                            const image::session_id& session);

// The committed manifest: outcome, plan, seal compared. errc::not_found if the session did not commit.
result<manifest> read_committed(store::store& store, const image::domain_id& domain, const image::session_id& session);

}  // namespace umbra::native
