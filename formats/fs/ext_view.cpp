// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ext_view.h"

#include <array>

#include "formats/fs/ext_replayed.h"

namespace umbra::fs {
namespace {

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

result<ext_superblock> read_superblock(io::unaligned_reader& reader) {
  std::array<std::byte, sizeof(ext_superblock)> bytes;
  CHECK(within("superblock", reader.read(ext_superblock_offset, bytes)));
  return read_struct<ext_superblock>(bytes);
}

}  // namespace

result<std::unique_ptr<ext_view>> ext_view::open(io::device& volume, const ext_superblock& super) {
  std::unique_ptr<ext_view> view(new ext_view(volume));
  CHECK(view->open_as_it_lies(super));
  const auto place = journal_place_of(super);
  if (needs_replay(super)) {
    if (place == ext_journal_place::none) return doubt("it has to be replayed, but has no journal");
    if (place == ext_journal_place::elsewhere) return doubt("its journal, on another volume, has to be replayed first");
    CHECK(view->replay());
  } else if (place == ext_journal_place::inside) {
    // No driver leaves such a thing behind. One that cannot be read is not needed either.
    const auto journal = ext_journal::open(view->fs(), view->reader(), super.journal_inode.value());
    if (journal.has_value() && !journal.value().is_empty())
      return doubt("its journal holds changes, which its superblock denies");
    if (journal.has_value()) view->journal_ = journal.value().place();
  }
  return view;
}

result<void> ext_view::open_as_it_lies(const ext_superblock& super) {
  reader_ = std::make_unique<io::unaligned_reader>(volume_);
  super_ = super;
  TRY(geometry_, check(super, reader_->size()));
  TRY(fs_, open_ext(*reader_));
  return success();
}

result<void> ext_view::replay() {
  TRY(auto journal, ext_journal::open(fs(), reader(), super_.journal_inode.value()));
  TRY(auto changes, journal.read_changes());
  journal_ = journal.place();
  pending_blocks_ = changes.patches.size();
  pending_transactions_ = changes.transactions;
  if (changes.patches.empty()) return success();
  return within("with its journal replayed", lay_over(std::move(changes.patches)));
}

// The replayed superblock is checked as if it were another file system's; it may have grown.
result<void> ext_view::lay_over(std::vector<journal_patch> patches) {
  const auto block_size = geometry_.block_size;
  const auto inode = super_.journal_inode.value();
  fs_.reset();  // before the reader that it uses
  replayed_ = make_replayed(volume_, std::move(patches), block_size);
  reader_ = std::make_unique<io::unaligned_reader>(*replayed_);
  TRY(super_, read_superblock(*reader_));
  if (super_.magic.value() != ext_magic) return doubt("no superblock");
  TRY(geometry_, check(super_, reader_->size()));
  if (geometry_.block_size != block_size) return doubt("blocks of another size");
  if (super_.journal_inode.value() != inode) return doubt("another journal");
  TRY(fs_, open_ext(*reader_));
  return success();
}

}  // namespace umbra::fs
