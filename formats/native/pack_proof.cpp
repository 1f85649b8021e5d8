// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_proof.h"

#include <limits>

#include "formats/native/vault_objects.h"

namespace umbra::native {

bool is_proven(store::store& store, const image::domain_id& domain, const image::pack_id& pack,
               const std::function<bool(const image::pack_id&)>& exists) {
  if (pack.number <= std::numeric_limits<std::uint32_t>::max() - packs_in_the_making &&
      exists({pack.session, pack.number + packs_in_the_making})) {
    return true;
  }
  // Dead proves nothing: a collector says it of a session whose writer was killed.
  const auto decided = read_outcome(store, domain, pack.session);
  return decided.has_value() && decided.assume_value() && decided.assume_value()->what == verdict::commit;
}

}  // namespace umbra::native
