// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/fat_boot.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

constexpr std::uint16_t boot_signature = 0xaa55;
constexpr std::uint32_t fat12_clusters = 4085;   // fewer: FAT12
constexpr std::uint32_t fat16_clusters = 65525;  // fewer: FAT16; a FAT32 may have fewer, too
constexpr std::uint32_t fat32_clusters = 0x0ffffff5;
constexpr std::uint64_t entry_size = 32;  // of the root directory
constexpr unsigned fat_limit = 16;        // what the four bits of the active FAT's number can tell

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

// Only FAT32 leaves the old place of the FAT's size empty.
bool is_wide(const fat_boot_sector& b) { return b.fat_sectors_16.value() == 0; }

const fat_names& names_of(const fat_boot_sector& b) { return is_wide(b) ? b.wide.names : b.names; }

std::string_view type_text(const fat_boot_sector& b) { return {names_of(b).type, sizeof(fat_names::type)}; }

bool has_type_text(const fat_boot_sector& b) {
  const auto text = type_text(b);
  return text == "FAT12   " || text == "FAT16   " || text == "FAT32   ";
}

std::uint64_t sectors_of(const fat_boot_sector& b) {
  return b.sectors_16.value() != 0 ? b.sectors_16.value() : b.sectors_32.value();
}

std::uint64_t fat_sectors_of(const fat_boot_sector& b) {
  return is_wide(b) ? b.wide.fat_sectors.value() : b.fat_sectors_16.value();
}

bool has_possible_units(const fat_boot_sector& b) {
  const auto sector = b.sector_size.value();
  return is_power_of_two(sector) && sector >= 512 && sector <= 4096 && is_power_of_two(b.cluster_sectors.value());
}

// First sector of the clusters; no overflow: 16 FATs of 32 bits.
std::uint64_t first_cluster_sector(const fat_boot_sector& b) {
  const auto root = div_up(b.root_entries.value() * entry_size, b.sector_size.value());
  return b.reserved_sectors.value() + b.fat_count.value() * fat_sectors_of(b) + root;
}

// 0 where there is no room for any.
std::uint64_t clusters_of(const fat_boot_sector& b) {
  const auto first = first_cluster_sector(b);
  return sectors_of(b) > first ? (sectors_of(b) - first) / b.cluster_sectors.value() : 0;
}

result<void> check_wide(const fat_boot_sector& b, fat_geometry& g) {
  if (b.root_entries.value() != 0) return doubt("it has two root directories");
  if (b.wide.version.value() != 0) return doubt(fmt::format("unknown version {:#x}", b.wide.version.value()));
  const auto flags = b.wide.flags.value();
  g.mirrored = (flags & 0x80) == 0;
  g.active = g.mirrored ? 0 : flags & 0xf;
  if (g.active >= g.fat_count) return doubt("it uses a FAT that it does not have");
  g.root_cluster = b.wide.root_cluster.value();
  if (!g.space.contains(g.root_cluster)) return doubt("its root directory lies outside");
  return success();
}

// The table's entries have 12, 16 or 32 bits by the number of clusters alone, but a name that says otherwise is a doubt.
result<unsigned> entry_bits(const fat_boot_sector& b, std::uint64_t clusters) {
  const unsigned bits = is_wide(b) ? 32 : clusters < fat12_clusters ? 12 : 16;
  if (bits != 32 && clusters >= fat16_clusters) return doubt("too many clusters");
  if (clusters > fat32_clusters) return doubt("too many clusters");
  if (has_type_text(b) && type_text(b) != fmt::format("FAT{:<5}", bits)) {
    return doubt(fmt::format("it has the clusters of FAT{} and another name", bits));
  }
  return bits;
}

}  // namespace

bool looks_like_fat(const fat_boot_sector& b) {
  if (b.signature.value() != boot_signature) return false;
  if (has_type_text(b)) return true;
  const auto jump = b.jump[0].value();
  const auto media = b.media.value();
  return (jump == 0xeb || jump == 0xe9) && has_possible_units(b) && b.reserved_sectors.value() != 0 && b.fat_count.value() != 0 &&
         b.fat_count.value() <= fat_limit && (media == 0xf0 || media >= 0xf8) && fat_sectors_of(b) != 0 &&
         (b.root_entries.value() == 0) == is_wide(b) && clusters_of(b) != 0;
}

const char* kind_of(const fat_boot_sector& b) {
  if (is_wide(b)) return "FAT32";
  return has_possible_units(b) && clusters_of(b) < fat12_clusters ? "FAT12" : "FAT16";
}

result<fat_geometry> check_fat(const fat_boot_sector& b, std::uint64_t volume_size) {
  if (!has_possible_units(b)) return doubt("sector or cluster size");
  fat_geometry g;
  const std::uint64_t sector = b.sector_size.value();
  g.fat_count = b.fat_count.value();
  if (g.fat_count == 0 || g.fat_count > fat_limit) return doubt("number of FATs");
  if (b.reserved_sectors.value() == 0) return doubt("no place for its boot sector");
  if (sectors_of(b) > volume_size / sector) return doubt("it is larger than its volume");
  const auto clusters = clusters_of(b);
  if (clusters == 0) return doubt("it has no clusters");
  TRY(g.bits, entry_bits(b, clusters));
  g.fat = b.reserved_sectors.value() * sector;
  g.fat_size = fat_sectors_of(b) * sector;
  if (g.fat_size * 8 / g.bits < clusters + cluster_space::first_number) return doubt("its FAT is too small");
  g.space = {first_cluster_sector(b) * sector, static_cast<std::uint32_t>(b.cluster_sectors.value() * sector),
             static_cast<std::uint32_t>(clusters)};
  if (is_wide(b)) {
    CHECK(check_wide(b, g));
    return g;
  }
  const auto root_size = b.root_entries.value() * entry_size;
  if (root_size == 0) return doubt("no root directory");
  g.root = {g.fat + g.fat_count * g.fat_size, root_size};
  return g;
}

plan::volume_facts facts_of(const fat_boot_sector& b) {
  plan::volume_facts facts;
  facts.kind = kind_of(b);
  const auto& names = names_of(b);
  const auto signature = names.extended_signature.value();
  if (signature == 0x28 || signature == 0x29) {
    facts.id = fmt::format("{:04X}-{:04X}", names.serial.value() >> 16, names.serial.value() & 0xffff);
  }
  if (signature == 0x29) {
    facts.label = label_text({names.label, sizeof(names.label)});
    if (facts.label == "NO NAME") facts.label.clear();
  }
  if (!has_possible_units(b)) return facts;
  facts.size = sectors_of(b) * b.sector_size.value();
  facts.cluster = static_cast<std::uint32_t>(b.cluster_sectors.value()) * b.sector_size.value();
  return facts;
}

bool is_marked_mounted(const fat_boot_sector& b) { return (names_of(b).state.value() & 1) != 0; }

}  // namespace umbra::fs
