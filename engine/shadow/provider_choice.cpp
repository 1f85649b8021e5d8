// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/provider_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// Why a provider cannot copy it, without the volume's name before it.
std::string reason_of(const error& refusal, const volume& v) {
  const auto name = v.name + ": ";
  return refusal.text().starts_with(name) ? refusal.text().substr(name.size()) : refusal.text();
}

// The documented order.
constexpr provider_type preference[] = {provider_type::hardware, provider_type::software, provider_type::system};

}  // namespace

std::shared_ptr<provider> find_provider(std::span<const std::shared_ptr<provider>> providers, const guid& id) {
  const auto found = std::ranges::find_if(providers, [&](const auto& p) { return p->properties().provider_id == id; });
  return found == providers.end() ? nullptr : *found;
}

result<std::shared_ptr<provider>> choose_provider(std::span<const std::shared_ptr<provider>> providers, const guid& wanted,
                                                  const volume& v, volume_snapshot_attributes attributes) {
  if (!wanted.is_none()) {
    auto named = find_provider(providers, wanted);
    if (!named) return failure(result_code::e_provider_not_registered, fmt::format("provider {}", to_string(wanted)));
    const auto able = named->is_volume_supported(v, attributes);
    if (able.has_value()) return named;
    return failure(
        result_code::e_volume_not_supported_by_provider,
        fmt::format("{}: provider {}: {}", v.name, named->properties().provider_name, reason_of(able.assume_error(), v)));
  }
  std::string reasons;
  for (const auto type : preference) {
    for (const auto& p : providers) {
      if (p->properties().type != type) continue;
      const auto able = p->is_volume_supported(v, attributes);
      if (able.has_value()) return p;
      reasons +=
          fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", p->properties().provider_name, reason_of(able.assume_error(), v));
    }
  }
  return failure(result_code::e_volume_not_supported, fmt::format("{}: no provider can copy it ({})", v.name, reasons));
}

}  // namespace umbra::shadow
