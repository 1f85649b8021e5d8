// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/exfat_boot.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint16_t boot_signature = 0xaa55;
constexpr unsigned region_sectors = 12;           // the last one repeats the checksum of the others
constexpr std::uint64_t cluster_limit = 1 << 29;  // 64 TiB of 128 KiB; keeps the set of clusters below 64 MiB
constexpr std::uint8_t known_major = 1;

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

bool has_possible_units(const exfat_boot_sector& b) {
  return b.sector_shift.value() >= 9 && b.sector_shift.value() <= 12 && b.cluster_shift.value() <= 25 - b.sector_shift.value();
}

std::uint64_t sector_size(const exfat_boot_sector& b) { return std::uint64_t{1} << b.sector_shift.value(); }

// Flags and the share in use change without a new checksum.
bool is_left_out(std::size_t offset) {
  return offset == offsetof(exfat_boot_sector, flags) || offset == offsetof(exfat_boot_sector, flags) + 1 ||
         offset == offsetof(exfat_boot_sector, percent_in_use);
}

result<bool> has_good_checksum(io::unaligned_reader& reader, std::uint64_t sector, std::uint64_t first) {
  buffer region(static_cast<std::size_t>(region_sectors * sector));
  CHECK(within("boot region", reader.read(first * sector, region.span())));
  const auto summed = region.view().first(static_cast<std::size_t>((region_sectors - 1) * sector));
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < summed.size(); ++i) {
    if (!is_left_out(i)) sum = (sum << 31 | sum >> 1) + std::to_integer<std::uint32_t>(summed[i]);
  }
  for (auto rest = region.view().subspan(summed.size()); !rest.empty(); rest = rest.subspan(4)) {
    if (read_struct<wire::u32>(rest).value() != sum) return false;
  }
  return true;
}

// The parts follow each other inside the volume.
result<void> check_places(const exfat_boot_sector& b, std::uint64_t volume_size) {
  const auto sector = sector_size(b);
  const std::uint64_t clusters = b.clusters.value();
  if (b.volume_sectors.value() > volume_size / sector) return doubt("it is larger than its volume");
  if (clusters == 0) return doubt("it has no clusters");
  if (clusters > cluster_limit) return doubt("it has more clusters than are looked at");
  if (b.fat_sector.value() < 2 * region_sectors) return doubt("place of its FAT");
  if (b.fat_sectors.value() * sector / 4 < clusters + cluster_space::first_number) return doubt("its FAT is too small");
  const auto fat_end = b.fat_sector.value() + std::uint64_t{b.fat_sectors.value()} * b.fat_count.value();
  if (b.heap_sector.value() < fat_end) return doubt("place of its clusters");
  if (!fits(b.heap_sector.value(), clusters << b.cluster_shift.value(), b.volume_sectors.value())) {
    return doubt("its clusters reach behind its end");
  }
  return success();
}

}  // namespace

bool looks_like_exfat(const exfat_boot_sector& b) { return std::string_view(b.name, sizeof(b.name)) == "EXFAT   "; }

result<exfat_geometry> check_exfat(const exfat_boot_sector& b, io::unaligned_reader& reader) {
  const auto is_zero = [](const wire::u8& byte) { return byte.value() == 0; };
  if (b.signature.value() != boot_signature || !std::ranges::all_of(b.zero, is_zero)) return doubt("boot sector");
  if (!has_possible_units(b)) return doubt("sector or cluster size");
  if (b.revision.value() >> 8 != known_major) return doubt(fmt::format("unknown revision {:#x}", b.revision.value()));
  if (b.fat_count.value() != 1 && b.fat_count.value() != 2) return doubt("number of FATs");
  CHECK(check_places(b, reader.size()));
  const auto sector = sector_size(b);
  TRY(const auto good, has_good_checksum(reader, sector, 0));
  if (!good) return doubt("checksum of its boot region");
  const bool second = (b.flags.value() & exfat_flags::second_fat) != 0;
  if (second && b.fat_count.value() != 2) return doubt("it uses a FAT that it does not have");
  exfat_geometry g;
  const auto fat_size = b.fat_sectors.value() * sector;
  g.fat = {b.fat_sector.value() * sector + (second ? fat_size : 0), fat_size};
  g.space = {b.heap_sector.value() * sector, static_cast<std::uint32_t>(sector << b.cluster_shift.value()), b.clusters.value()};
  g.root_cluster = b.root_cluster.value();
  if (!g.space.contains(g.root_cluster)) return doubt("its root directory lies outside");
  return g;
}

result<bool> has_good_backup(const exfat_boot_sector& b, io::unaligned_reader& reader) {
  return has_good_checksum(reader, sector_size(b), region_sectors);
}

plan::volume_facts facts_of(const exfat_boot_sector& b) {
  plan::volume_facts facts;
  facts.kind = "exFAT";
  facts.id = fmt::format("{:04X}-{:04X}", b.serial.value() >> 16, b.serial.value() & 0xffff);
  if (!has_possible_units(b)) return facts;
  facts.size = checked_mul(b.volume_sectors.value(), sector_size(b)).value_or(0);
  facts.cluster = static_cast<std::uint32_t>(sector_size(b) << b.cluster_shift.value());
  return facts;
}

}  // namespace umbra::fs
