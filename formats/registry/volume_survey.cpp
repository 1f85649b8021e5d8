// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/volume_survey.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/io/blkid.h"
#include "formats/registry/signature.h"
#include "formats/registry/volume_formats.h"

namespace umbra::registry {
namespace {

using plan::whole_volume;

struct blkid_name {
  std::string_view type;
  const char* name;
};

// What people call it, where that is not what libblkid calls it.
constexpr blkid_name blkid_names[] = {
    {"LVM2_member", "LVM"},
    {"LVM1_member", "LVM 1"},
    {"linux_raid_member", "Linux RAID"},
    {"crypto_LUKS", "LUKS"},
    {"BitLocker", "BitLocker"},
    {"zfs_member", "ZFS"},
    {"swsuspend", "suspended system"},
    {"vfat", "FAT"},
    {"ntfs", "NTFS"},
    {"exfat", "exFAT"},
    {"xfs", "XFS"},
    {"btrfs", "Btrfs"},
    {"f2fs", "F2FS"},
    {"iso9660", "ISO 9660"},
    {"udf", "UDF"},
    {"apfs", "APFS"},
    {"hfsplus", "HFS+"},
    {"squashfs", "SquashFS"},
    {"isw_raid_member", "Intel RAID"},
    {"ddf_raid_member", "DDF RAID"},
};

std::string name_of(const io::blkid_mark& mark) {
  const auto* found = std::ranges::find(blkid_names, mark.type, &blkid_name::type);
  return found != std::end(blkid_names) ? found->name : mark.type;
}

// Fills in what libblkid says; a name that we know ourselves stays.
void add_mark(volume_content& content, io::device& volume) {
  const auto mark = io::ask_blkid(volume);
  if (mark.has_error()) {
    content.notes.push_back(mark.assume_error().message());
    if (mark.assume_error().code() == errc::decode && content.kind.empty()) content.state = content_state::doubtful;
    return;
  }
  if (!mark.assume_value()) return;
  const auto& m = *mark.assume_value();
  if (content.kind.empty()) content.kind = name_of(m);
  content.label = m.label;
  content.id = m.id;
  content.state = content_state::marked;
}

volume_survey not_understood(io::device& volume, std::string_view mark, bool names) {
  volume_survey s;
  if (!mark.empty()) {
    s.content.state = content_state::marked;
    s.content.kind = mark;
  }
  if (names) add_mark(s.content, volume);
  const auto& kind = s.content.kind;
  s.map = whole_volume(volume.geometry().size,
                       kind.empty() ? "copied whole: no known file system" : fmt::format("{}, copied whole", kind));
  return s;
}

volume_survey contradictory(io::device& volume, const std::string& one, std::string_view other) {
  volume_survey s;
  s.content.state = content_state::doubtful;
  s.content.kind = fmt::format("{} and {}", one, other);
  s.map = whole_volume(volume.geometry().size, fmt::format("copied whole: it looks like {} and like {}", one, other));
  return s;
}

// A format that falls back to the whole volume says why instead of how much is used.
bool tells_use(const plan::allocation& map, std::uint64_t size) {
  return total_size(map.used) < size || (!map.notes.empty() && map.notes.front().ends_with(" used"));
}

result<volume_survey> understood(plan::formatted_volume& format, io::device& volume, const plan::scan_options& options,
                                 const exclusion_rules& leave_out) {
  const auto size = volume.geometry().size;
  volume_survey s;
  auto facts = format.facts();
  s.content = {.state = content_state::understood,
               .kind = std::move(facts.kind),
               .label = std::move(facts.label),
               .id = std::move(facts.id),
               .size = facts.size,
               .cluster = facts.cluster,
               .used = {},
               .notes = {},
               .volumes = {}};
  TRY(s.map, format.used_blocks(options));
  if (tells_use(s.map, size)) s.content.used = total_size(s.map.used);
  leave_out_files(format, volume, leave_out, s.map);
  return s;
}

result<volume_survey> look_at(io::device& volume, const plan::scan_options& options, const exclusion_rules& leave_out,
                              bool names) {
  TRY(const auto claims, recognise_volume(volume));
  TRY(const auto other, foreign_signature(volume));
  if (claims.empty()) return not_understood(volume, other, names);
  const auto kind = claims.front()->facts().kind;
  if (claims.size() > 1) return contradictory(volume, kind, claims[1]->facts().kind);
  if (!other.empty()) return contradictory(volume, kind, other);
  return understood(*claims.front(), volume, options, leave_out);
}

}  // namespace

volume_survey survey_volume(io::device& volume, const plan::scan_options& options, const exclusion_rules& leave_out, bool names) {
  auto looked = look_at(volume, options, leave_out, names);
  volume_survey s;
  if (looked.has_error()) {
    s.content.state = content_state::unreadable;
    s.map = whole_volume(volume.geometry().size, "copied whole: " + looked.assume_error().message());
  } else {
    s = std::move(looked).assume_value();
  }
  s.content.notes.insert(s.content.notes.begin(), s.map.notes.begin(), s.map.notes.end());
  return s;
}

}  // namespace umbra::registry
