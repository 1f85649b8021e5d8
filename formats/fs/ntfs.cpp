// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "formats/fs/ntfs_boot.h"
#include "formats/fs/ntfs_find.h"
#include "formats/fs/ntfs_state.h"
#include "formats/fs/ntfs_used.h"

namespace umbra::fs {
namespace {

constexpr const char* kind = "NTFS";
constexpr const char* by_backup_note = "the boot sector is damaged: its copy at the volume's end was used";

// What lies there whether a bitmap claims it or not: the boot sector with its code, and all behind the last cluster.
range_list always_used(const ntfs_geometry& geometry, std::uint64_t size) {
  const std::uint64_t boot = 16 * geometry.sector;
  return {{0, std::min(boot, size)}, {geometry.clusters_end(), size - geometry.clusters_end()}};
}

std::string words_of(const error& why) { return why.code() == errc::decode ? why.text() : why.message(); }

class ntfs_volume final : public plan::formatted_volume {
 public:
  ntfs_volume(io::device& volume, result<ntfs_geometry> geometry, bool by_backup)
      : size_(volume.geometry().size), geometry_(std::move(geometry)), by_backup_(by_backup) {
    if (geometry_.has_error()) return;
    source_.emplace(volume, geometry_.value());
    mft_ = ntfs_mft::open(*source_);
    if (mft_.has_value()) label_ = label_of(mft_.value());
  }

  plan::volume_facts facts() const override {
    plan::volume_facts f;
    f.kind = kind;
    f.label = label_;
    if (geometry_.has_error()) return f;
    f.id = fmt::format("{:016X}", geometry_.value().serial);
    f.size = geometry_.value().size();
    f.cluster = geometry_.value().cluster;
    return f;
  }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(options);
    if (map.has_error()) return plan::whole_volume(size_, fmt::format("{}, copied whole: {}", kind, words_of(map.error())));
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    TRY(const auto* mft, within(kind, sound_mft()));
    return within(kind, find_ntfs_files(*mft, patterns));
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    if (mft_.has_error()) return plan::nobody_knows(where);
    auto list = owners_in_ntfs(mft_.value(), where);
    if (list.has_error()) return plan::nobody_knows(where);
    return list;
  }

 private:
  // The table of a volume without doubts.
  result<const ntfs_mft*> sound_mft() const {
    if (geometry_.has_error()) return geometry_.error();
    if (mft_.has_error()) return mft_.error();
    CHECK(check_state(mft_.value()));
    return &mft_.value();
  }

  result<plan::allocation> understand(const plan::scan_options& options) const {
    TRY(const auto* mft, sound_mft());
    TRY(auto bitmap, within("$Bitmap", read_ntfs_bitmap(*mft, options.used_range_limit)));
    // The records are read even where no files are wanted: what they claim is in use, whatever $Bitmap says.
    TRY(auto claims, read_ntfs_claims(*mft, bitmap.bytes, options.files ? options.file_extent_limit : 0));
    plan::allocation map;
    map.used = std::move(bitmap.bytes);
    const auto& beyond = claims.beyond_bitmap;
    map.used.insert(map.used.end(), beyond.begin(), beyond.end());
    for (const auto& r : always_used(geometry_.value(), size_)) map.used.push_back(r);
    normalise(map.used);
    map.notes.push_back(plan::use_note(kind, total_size(map.used), size_));
    if (by_backup_) map.notes.emplace_back(by_backup_note);
    if (bitmap.shortened) map.notes.emplace_back("too many ranges in use: the end of the volume counts as used");
    if (!beyond.empty())
      map.notes.push_back(fmt::format("files have {} bytes that $Bitmap calls free: counted as used", total_size(beyond)));
    if (!options.files) return map;
    map.files = std::move(claims.extents);
    if (claims.shortened) map.notes.emplace_back("not all files could be followed: there are too many extents");
    return map;
  }

  std::uint64_t size_;
  result<ntfs_geometry> geometry_;
  bool by_backup_;
  std::optional<ntfs_source> source_;
  result<ntfs_mft> mft_ = error(errc::decode, "not opened");
  std::string label_;
};

plan::volume_ptr make(io::device& volume, result<ntfs_geometry> geometry, bool by_backup) {
  return std::make_unique<ntfs_volume>(volume, std::move(geometry), by_backup);
}

}  // namespace

result<plan::volume_ptr> recognise_ntfs(io::device& volume) {
  io::unaligned_reader reader(volume);
  TRY(const auto claimed, has_ntfs_boot_sector(reader));
  if (!claimed) return plan::volume_ptr();
  auto geometry = read_ntfs_boot_sector(reader);
  if (geometry.has_value()) return make(volume, std::move(geometry), false);
  auto backup = read_ntfs_backup_boot_sector(reader);
  if (backup.has_value()) return make(volume, std::move(backup), true);
  return make(volume, std::move(geometry), false);
}

result<plan::volume_ptr> recognise_ntfs_by_backup(io::device& volume) {
  io::unaligned_reader reader(volume);
  auto geometry = read_ntfs_backup_boot_sector(reader);
  if (geometry.has_error()) {
    if (geometry.error().code() == errc::decode) return plan::volume_ptr();
    return geometry.error();
  }
  return make(volume, std::move(geometry), true);
}

}  // namespace umbra::fs
