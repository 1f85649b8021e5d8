// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_boot.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/ntfs_layout.h"

namespace umbra::fs {
namespace {

constexpr std::string_view magic = "NTFS    ";
constexpr std::uint32_t smallest_sector = 512;
constexpr std::uint32_t largest_sector = 4096;
constexpr std::uint64_t largest_cluster = 2_MiB;
constexpr std::uint64_t largest_record = 64_KiB;

error nonsense(const char* what, std::uint64_t value) {
  return {errc::decode, fmt::format("boot sector: {} {} is not possible", what, value)};
}

bool has_magic(const ntfs_boot_sector& boot) { return std::string_view(boot.magic, sizeof(boot.magic)) == magic; }

// A count of `unit`, or beyond `plain` the negated logarithm of a size: 0 if there is no such size.
std::uint64_t size_of(std::uint8_t code, std::uint8_t plain, std::uint64_t unit, std::uint64_t logarithm_unit) {
  if (code <= plain) return code * unit;
  const unsigned shift = 256u - code;
  return shift > 31 ? 0 : logarithm_unit << shift;
}

result<ntfs_geometry> sizes_of(const ntfs_boot_sector& boot) {
  ntfs_geometry g;
  g.sector = boot.bytes_per_sector.value();
  if (!is_power_of_two(g.sector) || g.sector < smallest_sector || g.sector > largest_sector)
    return nonsense("a sector of", g.sector);
  const auto cluster = size_of(boot.sectors_per_cluster.value(), 0x80, g.sector, g.sector);
  if (!is_power_of_two(cluster) || cluster > largest_cluster) return nonsense("a cluster of", cluster);
  g.cluster = static_cast<std::uint32_t>(cluster);
  const auto record = size_of(boot.clusters_per_record.value(), 0x7f, cluster, 1);
  if (!is_power_of_two(record) || record < ntfs_fixup_stride || record > largest_record)
    return nonsense("a file record of", record);
  g.record = static_cast<std::uint32_t>(record);
  return g;
}

result<ntfs_geometry> geometry_of(const ntfs_boot_sector& boot, std::uint64_t volume_size) {
  if (!has_magic(boot)) return error(errc::decode, "boot sector: no NTFS");
  if (boot.end_mark.value() != 0xaa55) return error(errc::decode, "boot sector: its end is not marked");
  TRY(auto g, sizes_of(boot));
  g.sectors = boot.sectors.value();
  if (g.sectors > volume_size / g.sector) return error(errc::decode, "boot sector: the file system is larger than its volume");
  g.clusters = g.sectors / (g.cluster / g.sector);
  g.mft_cluster = boot.mft_cluster.value();
  g.mirror_cluster = boot.mirror_cluster.value();
  g.serial = boot.serial.value();
  if (g.mft_cluster >= g.clusters) return nonsense("$MFT at cluster", g.mft_cluster);
  if (g.mirror_cluster >= g.clusters) return nonsense("$MFTMirr at cluster", g.mirror_cluster);
  return g;
}

result<ntfs_boot_sector> read_at(io::unaligned_reader& reader, std::uint64_t offset) {
  std::array<std::byte, sizeof(ntfs_boot_sector)> bytes;
  CHECK(within("boot sector", reader.read(offset, bytes)));
  return read_struct<ntfs_boot_sector>(bytes);
}

}  // namespace

result<bool> has_ntfs_boot_sector(io::unaligned_reader& reader) {
  if (reader.size() < sizeof(ntfs_boot_sector)) return false;
  TRY(const auto boot, read_at(reader, 0));
  return has_magic(boot);
}

result<ntfs_geometry> read_ntfs_boot_sector(io::unaligned_reader& reader) {
  TRY(const auto boot, read_at(reader, 0));
  return geometry_of(boot, reader.size());
}

result<ntfs_geometry> read_ntfs_backup_boot_sector(io::unaligned_reader& reader) {
  const auto size = reader.size();
  for (auto sector = smallest_sector; sector <= largest_sector; sector *= 2) {
    if (!is_aligned(size, sector) || size < 2 * sector) continue;
    TRY(const auto boot, read_at(reader, size - sector));
    if (boot.bytes_per_sector.value() != sector) continue;
    // A partition that ends where its disk ends has its copy there, too, but is smaller than the disk.
    const auto geometry = geometry_of(boot, size);
    if (geometry.has_value() && geometry.value().size() == size) return geometry;
  }
  return error(errc::decode, "boot sector: no copy at the volume's end");
}

}  // namespace umbra::fs
