// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/plan/formatted_volume.h"

#include <fmt/format.h>

namespace umbra::plan {
namespace {

std::string size_words(std::uint64_t bytes) {
  const auto mib = static_cast<double>(bytes) / (1 << 20);
  return mib < 1024 ? fmt::format("{:.1f} MiB", mib) : fmt::format("{:.1f} GiB", mib / 1024);
}

}  // namespace

allocation whole_volume(std::uint64_t size, std::string note) {
  allocation all;
  if (size != 0) all.used = {{0, size}};
  all.notes.push_back(std::move(note));
  return all;
}

std::string use_note(const std::string& kind, std::uint64_t used, std::uint64_t size) {
  return fmt::format("{}, {} of {} used", kind, size_words(used), size_words(size));
}

std::vector<range_owner> nobody_knows(const range_list& where) {
  std::vector<range_owner> list;
  for (const auto& r : where) list.push_back({r, owner_kind::unknown, {}});
  return list;
}

}  // namespace umbra::plan
