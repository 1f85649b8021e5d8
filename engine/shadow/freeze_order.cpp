// SPDX-License-Identifier: GPL-3.0-or-later
// Freezing a file system writes its journal, and that goes into the file it lies in: so what holds the file must still take
// writes then, and again before the inner one is thawed.
#include "engine/shadow/freeze_order.h"

#include <algorithm>

namespace umbra::shadow {
namespace {

// The last one counts: a mount hides those before it on the same folder. Behind all others if nobody knows it.
std::size_t place_in(const std::vector<std::string>& mounted, const std::string& mount_point) {
  const auto found = std::find(mounted.rbegin(), mounted.rend(), mount_point);
  return found == mounted.rend() ? mounted.size() : static_cast<std::size_t>(mounted.rend() - found) - 1;
}

}  // namespace

result<bool> lies_in(const volume& inner, const volume& outer, const lies_on_call& lies_on) {
  // Only loop devices lie in files, and what the device mapper makes of them.
  const bool may_lie_in_a_file = !inner.file().empty() || !inner.mapped_name.empty();
  if (!may_lie_in_a_file || !outer.is_mounted() || inner.device == outer.device) return false;
  const auto& path = inner.file().empty() ? inner.mount_point : inner.file();
  if (path.empty()) return false;
  return lies_on(path, outer.device);
}

result<std::vector<std::string>> in_order_of_mounting(const std::vector<volume>& volumes, const std::vector<std::string>& mounted,
                                                      const lies_on_call& lies_on) {
  std::vector<const volume*> waiting;
  for (const auto& v : volumes) waiting.push_back(&v);
  std::ranges::stable_sort(waiting, {}, [&](const volume* v) { return place_in(mounted, v->mount_point); });
  std::vector<std::string> order;
  while (!waiting.empty()) {
    // The first that lies in none of the others; there is always one, and if the system says there is not, then any.
    auto next = waiting.begin();
    for (auto candidate = waiting.begin(); candidate != waiting.end(); ++candidate) {
      bool is_inside = false;
      for (const auto* other : waiting) {
        TRY(const bool inside, lies_in(**candidate, *other, lies_on));
        is_inside = is_inside || inside;
      }
      if (is_inside) continue;
      next = candidate;
      break;
    }
    order.push_back((*next)->mount_point);
    waiting.erase(next);
  }
  return order;
}

}  // namespace umbra::shadow
