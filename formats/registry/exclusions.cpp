// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/exclusions.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::registry {
namespace {

using plan::file_data;
using letter_case = plan::path_patterns::letter_case;

// linux/include/linux/swap.h: the mark ends the first page, whose size is the machine's.
constexpr std::string_view swap_mark = "SWAPSPACE2";
constexpr std::uint64_t page_sizes[] = {4_KiB, 8_KiB, 16_KiB, 64_KiB};
constexpr std::uint64_t kept_of_swap = 64_KiB;

letter_case case_of(const std::string& kind) {
  const bool folded = kind == "NTFS" || kind == "exFAT" || kind.starts_with("FAT");
  return folded ? letter_case::folded : letter_case::exact;
}

exclusion_rules rules_for(const plan::volume_facts& facts, const exclusion_rules& all) {
  exclusion_rules ours;
  for (const auto& r : all) {
    const bool here = (r.volume_kind.empty() || r.volume_kind == facts.kind) && (r.volume_id.empty() || r.volume_id == facts.id);
    if (here) ours.push_back(r);
  }
  return ours;
}

// The header tells the number of the last page: what only has swap space somewhere inside (a disk of a guest) has another size.
bool spans_file(io::unaligned_reader& reader, std::uint64_t begin, std::uint64_t page, std::uint64_t size) {
  constexpr std::uint64_t version_at = 1024;  // and behind it the last page
  std::array<std::byte, 8> bytes;
  if (reader.read(begin + version_at, bytes).has_error()) return false;
  const auto version = read_struct<wire::u32>(bytes).value();
  const auto last_page = read_struct<wire::u32>(byte_view(bytes).subspan(4)).value();
  return version == 1 && size / page == std::uint64_t{last_page} + 1;
}

// Where a file that is swap space begins; nothing if it is none, or if its beginning does not begin a piece of it.
std::optional<std::uint64_t> swap_header(io::device& volume, const file_data& file) {
  io::unaligned_reader reader(volume);
  for (const auto page : page_sizes) {
    std::array<std::byte, swap_mark.size()> mark;
    // Ranges are in the volume's order: the file's beginning is any of them.
    for (const auto& r : file.data) {
      if (r.size < page || reader.read(r.offset + page - mark.size(), mark).has_error()) continue;
      if (as_text(mark) == swap_mark && spans_file(reader, r.offset, page, file.size)) return r.offset;
    }
  }
  return std::nullopt;
}

// What of the file is not needed; empty if the rule does not take it after all.
range_list unneeded(const exclusion_rule& rule, io::device& volume, const file_data& file) {
  if (!rule.swap_only) return file.data;
  const auto header = swap_header(volume, file);
  return header ? subtract(file.data, {{*header, kept_of_swap}}) : range_list();
}

void leave_out(const exclusion_rule& rule, io::device& volume, const file_data& file, plan::allocation& map) {
  plan::left_out_file one;
  one.ranges = intersect(unneeded(rule, volume, file), map.used);
  one.bytes = total_size(one.ranges);
  if (one.bytes == 0) return;
  one.path = file.path;
  one.why = rule.why;
  map.left_out.push_back(std::move(one));
}

}  // namespace

exclusion_rules usual_exclusions() {
  exclusion_rules rules;
  const auto windows = [&](const char* pattern, const char* why) { rules.push_back({pattern, why, "NTFS", {}, false, false}); };
  windows("/pagefile.sys", "paging file of Windows");
  windows("/swapfile.sys", "paging file of Windows");
  windows("/hiberfil.sys", "hibernation file of Windows");
  // The differences that Windows keeps for its own shadow copies: "{copy}{provider}".
  windows("/System Volume Information/{*}{3808876b-c176-4e48-b7ae-04046e6cc752}", "shadow storage of Windows");
  for (const auto* pattern : {"/swapfile", "/swap.img", "/swap/*", "/var/swap", "/var/swapfile", "/var/swap/*"}) {
    rules.push_back({pattern, "swap file", {}, {}, true, false});
  }
  return rules;
}

void leave_out_files(plan::formatted_volume& format, io::device& volume, const exclusion_rules& all, plan::allocation& map) {
  const auto facts = format.facts();
  const auto rules = rules_for(facts, all);
  if (rules.empty()) return;
  std::vector<std::string> patterns;
  for (const auto& r : rules) patterns.push_back(r.pattern);
  const auto found = format.find_files(plan::path_patterns(patterns));
  if (found.has_error()) {
    const auto asked = std::ranges::find_if(rules, &exclusion_rule::asked_for);
    if (asked != rules.end()) {
      map.notes.push_back(fmt::format("nothing is left out ({}): {}", asked->pattern, found.error().message()));
    }
    return;
  }
  for (const auto& file : found.value()) {
    const auto rule = std::ranges::find_if(
        rules, [&](const auto& r) { return plan::path_patterns({r.pattern}).matches(file.path, case_of(facts.kind)); });
    if (rule != rules.end()) leave_out(*rule, volume, file, map);
  }
}

}  // namespace umbra::registry
