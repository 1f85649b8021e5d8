// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_state.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/fs/names.h"

namespace umbra::fs {
namespace {

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

result<void> check_volume_information(const ntfs_mft& mft) {
  std::vector<std::byte> memory;
  TRY(const auto record, mft.read(ntfs_file::volume, memory));
  if (!record) return doubt("its record is not in use");
  TRY(const auto attribute, record->find(ntfs_attribute_type::volume_information));
  if (!attribute) return doubt("it has no volume information");
  TRY(const auto value, attribute->value());
  if (value.size() < sizeof(ntfs_volume_information)) return doubt("its volume information is too short");
  const auto info = read_struct<ntfs_volume_information>(value);
  const auto version = info.major.value() * 100u + info.minor.value();
  if (version != 102 && version != 300 && version != 301)
    return doubt(fmt::format("unknown version {}.{}", info.major.value(), info.minor.value()));
  using namespace ntfs_volume_flag;
  const unsigned flags = info.flags.value();
  if ((flags & dirty) != 0) return doubt("marked dirty");
  if ((flags & check_running) != 0) return doubt("a check of the volume is under way");
  constexpr unsigned harmless = resize_log | upgrade | mounted_on_nt4 | deleting_journal | repair_ids | modified_by_check;
  if ((flags & ~harmless) != 0) return doubt(fmt::format("unknown flags {:#x}", flags & ~harmless));
  return success();
}

// ---- the log -----------------------------------------------------------------------------------------------------------------

bool is_blank(byte_view bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0xff}; });
}

// Drivers that do not write to the log fill it with ones. Looked at in places, because Windows writes its beginning first.
result<bool> is_empty_log(ntfs_source& source, const ntfs_stream& log) {
  constexpr std::uint64_t beginning = 64_KiB;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(beginning, log.size)));
  TRY(const auto content, read_stream(source, log, 0, bytes));
  if (content == ntfs_content::zeros || bytes.empty() || !is_blank(bytes)) return false;
  bytes.resize(ntfs_fixup_stride);
  for (auto at = beginning; at <= log.size / 2 && fits(at, bytes.size(), log.size); at *= 2) {
    TRY(const auto more, read_stream(source, log, at, bytes));
    if (more == ntfs_content::zeros || !is_blank(bytes)) return false;
  }
  return true;
}

struct log_state {
  std::uint64_t log_number = 0;
  std::uint32_t page = 0;
  bool clean = false;
};

result<ntfs_restart_page> restart_page_of(byte_view bytes) {
  const auto page = read_struct<ntfs_restart_page>(bytes);
  const std::string_view magic(page.guard.magic, sizeof(page.guard.magic));
  if (magic != "RSTR" && magic != "CHKD") return doubt("no restart page where one must be");
  if (page.major.value() > 2) return doubt(fmt::format("unknown version {}.{}", page.major.value(), page.minor.value()));
  const auto size = page.system_page.value();
  if (!is_power_of_two(size) || size < ntfs_fixup_stride || size > 64_KiB) return doubt("a restart page makes no sense");
  return page;
}

result<log_state> read_restart_page(ntfs_source& source, const ntfs_stream& log, std::uint64_t offset) {
  std::vector<std::byte> bytes(ntfs_fixup_stride);
  CHECK(read_stream(source, log, offset, bytes));
  TRY(const auto page, restart_page_of(bytes));
  bytes.resize(page.system_page.value());
  CHECK(read_stream(source, log, offset, bytes));
  CHECK(within("restart page", undo_fixups(bytes)));
  const std::size_t at = page.area_offset.value();
  if (!fits(at, sizeof(ntfs_restart_area), bytes.size())) return doubt("a restart page makes no sense");
  const auto area = read_struct<ntfs_restart_area>(byte_view(bytes).subspan(at));
  log_state state;
  state.log_number = area.log_number.value();
  state.page = page.system_page.value();
  state.clean = area.used_clients.value() == ntfs_no_client || (area.flags.value() & ntfs_log_clean) != 0;
  return state;
}

result<void> check_log(const ntfs_mft& mft) {
  TRY(const auto log, mft.system_data(ntfs_file::log));
  TRY(const auto empty, is_empty_log(mft.source(), log));
  if (empty) return success();
  TRY(const auto first, read_restart_page(mft.source(), log, 0));
  TRY(const auto second, read_restart_page(mft.source(), log, first.page));
  const auto& newer = second.log_number > first.log_number ? second : first;
  // Two of one age that differ: nobody can tell which was last.
  const bool clean = first.log_number == second.log_number ? first.clean && second.clean : newer.clean;
  if (!clean) return doubt("not closed: it may hold changes that are still to be made");
  return success();
}

// ---- the mirror --------------------------------------------------------------------------------------------------------------

// What must be the same: all but the numbers that change with every write.
bool same_record(const ntfs_record& a, const ntfs_record& b) {
  const std::size_t from = a.header.attributes_offset.value();
  return from == b.header.attributes_offset.value() && a.bytes.size() == b.bytes.size() &&
         std::ranges::equal(a.bytes.subspan(from), b.bytes.subspan(from));
}

result<void> check_mirror(const ntfs_mft& mft) {
  const auto& g = mft.geometry();
  std::vector<std::byte> memory;
  std::vector<std::byte> copy(g.record);
  for (const auto number : {ntfs_file::mft, ntfs_file::mirror, ntfs_file::log, ntfs_file::volume}) {
    TRY(const auto record, mft.read(number, memory));
    CHECK(mft.source().read(g.mirror_cluster * g.cluster + number * g.record, copy));
    TRY(const auto mirrored, open_record(number, copy));
    if (!record || !mirrored || !same_record(*record, *mirrored)) return doubt("not the same as $MFT");
  }
  return success();
}

}  // namespace

result<void> check_state(const ntfs_mft& mft) {
  CHECK(within("$Volume", check_volume_information(mft)));
  CHECK(within("$LogFile", check_log(mft)));
  return within("$MFTMirr", check_mirror(mft));
}

std::string label_of(const ntfs_mft& mft) {
  std::vector<std::byte> memory;
  const auto record = mft.read(ntfs_file::volume, memory);
  if (record.has_error() || !record.value()) return {};
  const auto name = record.value()->find(ntfs_attribute_type::volume_name);
  if (name.has_error() || !name.value()) return {};
  const auto value = name.value()->value();
  return value.has_error() ? std::string() : utf8_of_utf16(value.value());
}

}  // namespace umbra::fs
