// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "formats/fs/ext_bitmap.h"
#include "formats/fs/ext_files.h"
#include "formats/fs/ext_find.h"
#include "formats/fs/ext_owners.h"
#include "formats/fs/ext_superblock.h"
#include "formats/fs/ext_view.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t always_used = 2048;  // the boot code's place and the superblock

plan::allocation in_doubt(const ext_superblock& super, std::uint64_t size, const error& why) {
  const auto reason = why.code() == errc::decode ? why.text() : why.message();
  return plan::whole_volume(size, fmt::format("{}, copied whole: {}", generation_of(super), reason));
}

void add_files(plan::allocation& map, ext_view& view, const plan::scan_options& options) {
  auto places = read_file_places(view.fs(), view.reader(), map.used, options.file_extent_limit);
  map.files = std::move(places.extents);
  if (!places.shortened.empty()) map.notes.push_back("not all files could be followed: " + places.shortened);
}

void add_journal_notes(plan::allocation& map, const ext_view& view) {
  if (journal_place_of(view.super()) == ext_journal_place::elsewhere)
    map.notes.emplace_back("its journal lies on another volume");
  if (view.pending_blocks() == 0) return;
  map.notes.push_back(fmt::format("its journal was not replayed yet: its {} blocks of {} transactions are taken into account",
                                  view.pending_blocks(), view.pending_transactions()));
}

result<plan::allocation> understand(io::device& volume, const ext_superblock& super, const plan::scan_options& options) {
  TRY(const auto view, ext_view::open(volume, super));
  TRY(auto blocks, read_used_blocks(view->fs(), view->reader(), options.used_range_limit));
  const auto size = view->reader().size();
  const auto end = view->geometry().size();
  plan::allocation map;
  map.used = std::move(blocks.bytes);
  map.used.push_back({0, std::min(always_used, size)});
  map.used.push_back({end, size - end});
  map.used.insert(map.used.end(), view->journal().begin(), view->journal().end());
  normalise(map.used);
  map.notes.push_back(plan::use_note(generation_of(view->super()), total_size(map.used), size));
  add_journal_notes(map, *view);
  if (!blocks.shortened.empty()) map.notes.push_back(blocks.shortened);
  if (options.files) add_files(map, *view, options);
  return map;
}

class ext_volume final : public plan::formatted_volume {
 public:
  ext_volume(io::device& volume, const ext_superblock& super) : volume_(volume), super_(super) {}

  plan::volume_facts facts() const override { return facts_of(super_); }

  result<plan::allocation> used_blocks(const plan::scan_options& options) override {
    auto map = understand(volume_, super_, options);
    if (map.has_error()) return in_doubt(super_, volume_.geometry().size, map.error());
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    TRY(const auto view, within(generation_of(super_), ext_view::open(volume_, super_)));
    return within(generation_of(super_), find_ext_files(*view, patterns));
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    const auto view = ext_view::open(volume_, super_);
    if (view.has_error()) return plan::nobody_knows(where);
    return find_ext_owners(*view.value(), where);
  }

 private:
  io::device& volume_;
  const ext_superblock super_;
};

}  // namespace

result<plan::volume_ptr> recognise_ext(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(ext_superblock)> bytes;
  if (reader.size() < ext_superblock_offset + bytes.size()) return plan::volume_ptr();
  CHECK(within("superblock", reader.read(ext_superblock_offset, bytes)));
  const auto super = read_struct<ext_superblock>(bytes);
  if (super.magic.value() != ext_magic) return plan::volume_ptr();
  return plan::volume_ptr(std::make_unique<ext_volume>(volume, super));
}

}  // namespace umbra::fs
