// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/image_faults.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/printable.h"
#include "engine/image/image_device.h"
#include "engine/image/unreadable_ranges.h"

namespace umbra::cli {
namespace {

constexpr std::size_t most_places = 1'000'000;

// "partition 1 (Linux file system), ext4: file /home/x"
std::string owner_text(const registry::fault_owner& o) {
  std::string where;
  if (o.partition != 0) where = fmt::format("partition {} ({})", o.partition, printable(o.partition_kind));
  if (!o.volume.empty()) where += (where.empty() ? "" : ", ") + o.volume;
  if (!where.empty()) where += ": ";
  const auto kind = registry::name_of(o.kind);
  const bool says_more = !o.name.empty() && o.name != kind;
  return says_more ? fmt::format("{}{} {}", where, kind, printable(o.name)) : fmt::format("{}{}", where, kind);
}

}  // namespace

result<std::vector<source_faults>> faults_of(image::image_reader& image) {
  std::vector<source_faults> all;
  for (std::size_t i = 0; i < image.info().sources.size(); ++i) {
    source_faults f;
    TRY(f.places, image::unreadable_ranges(image, i, most_places));
    f.all = total_size(f.places) == image.info().sources[i].unreadable_bytes;
    if (!f.places.empty()) {
      TRY(const auto device, image::make_image_device(image, i, image::lost_bytes::error));
      f.owners = registry::owners_of(*device, f.places);
    }
    all.push_back(std::move(f));
  }
  return all;
}

bool any_faults(const std::vector<source_faults>& faults) {
  return std::ranges::any_of(faults, [](const auto& f) { return !f.places.empty(); });
}

nlohmann::json to_json(const source_faults& faults) {
  auto places = nlohmann::json::array();
  for (const auto& p : faults.places) places.push_back({{"offset", p.offset}, {"size", p.size}});
  auto owners = nlohmann::json::array();
  for (const auto& o : faults.owners) {
    nlohmann::json one{{"offset", o.where.offset}, {"size", o.where.size}, {"kind", registry::name_of(o.kind)}};
    if (o.partition != 0) one["partition"] = o.partition;
    if (o.partition != 0) one["partition_kind"] = o.partition_kind;
    if (!o.volume.empty()) one["volume"] = o.volume;
    if (!o.name.empty()) one["name"] = o.name;
    owners.push_back(std::move(one));
  }
  return {{"places", places}, {"all_places", faults.all}, {"owners", owners}};
}

void print_places(context& c, const source_faults& faults) {
  auto owner = faults.owners.begin();
  for (const auto& p : faults.places) {
    const auto last = std::find_if(owner, faults.owners.end(), [&](const auto& o) { return o.where.offset >= p.end(); });
    if (last - owner == 1) {
      *c.out << fmt::format("  {}+{}  {}\n", p.offset, p.size, owner_text(*owner));
    } else {
      *c.out << fmt::format("  {}+{}\n", p.offset, p.size);
      for (auto o = owner; o != last; ++o)
        *c.out << fmt::format("    {}+{}  {}\n", o->where.offset, o->where.size, owner_text(*o));
    }
    owner = last;
  }
  if (!faults.all) *c.out << "  and more\n";
}

}  // namespace umbra::cli
