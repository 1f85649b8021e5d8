// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/session_order.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace umbra::native {
namespace {

// Orders a child behind its parent.
struct age {
  std::int64_t created = std::numeric_limits<std::int64_t>::min();  // the parent's, if that is later
  std::size_t generation = 0;                                       // 1: no parent here
};

class ages {
 public:
  explicit ages(const std::vector<session_state>& sessions) {
    for (const auto& s : sessions) {
      if (s.state == session_state::what::committed) images_[s.id] = &s.info;
    }
    for (const auto& [id, info] : images_) settle(id);
  }

  age of(const image::session_id& id) const {
    const auto found = known_.find(id);
    return found == known_.end() ? age() : found->second;
  }

 private:
  // Up the chain to an image whose age is known, or to the last one that is there, and down again. Chains are long: no recursion.
  void settle(const image::session_id& id) {
    std::vector<image::session_id> chain;
    auto at = id;
    while (images_.contains(at) && !known_.contains(at)) {
      known_[at] = {};  // a circle, which only a forger can make, ends here
      chain.push_back(at);
      at = images_.at(at)->parent;
    }
    auto before = of(at);
    for (auto child = chain.rbegin(); child != chain.rend(); ++child) {
      before = {std::max(before.created, images_.at(*child)->created), before.generation + 1};
      known_[*child] = before;
    }
  }

  std::map<image::session_id, const image::image_info*> images_;
  std::map<image::session_id, age> known_;
};

}  // namespace

void order_by_age(std::vector<session_state>& sessions) {
  const ages known(sessions);
  std::ranges::sort(sessions, [&](const session_state& a, const session_state& b) {
    const auto first = known.of(a.id);
    const auto second = known.of(b.id);
    return std::tie(first.created, first.generation, a.id) < std::tie(second.created, second.generation, b.id);
  });
}

}  // namespace umbra::native
