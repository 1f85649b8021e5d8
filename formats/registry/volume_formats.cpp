// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/volume_formats.h"

#include "formats/fs/btrfs.h"
#include "formats/fs/exfat.h"
#include "formats/fs/ext.h"
#include "formats/fs/fat.h"
#include "formats/fs/luks.h"
#include "formats/fs/lvm.h"
#include "formats/fs/ntfs.h"
#include "formats/fs/swap.h"
#include "formats/fs/xfs.h"

namespace umbra::registry {
namespace {

using recogniser = result<plan::volume_ptr> (*)(io::device&);

constexpr recogniser recognisers[] = {
    fs::recognise_ext,    //
    fs::recognise_ntfs,   //
    fs::recognise_xfs,    //
    fs::recognise_btrfs,  //
    fs::recognise_fat,    //
    fs::recognise_exfat,  //
    fs::recognise_swap,   //
    fs::recognise_luks,   //
    fs::recognise_lvm,    //
};

}  // namespace

result<std::vector<plan::volume_ptr>> recognise_volume(io::device& volume) {
  std::vector<plan::volume_ptr> found;
  for (const auto recognise : recognisers) {
    TRY(auto one, recognise(volume));
    if (one) found.push_back(std::move(one));
  }
  if (found.empty()) {
    TRY(auto last_resort, fs::recognise_ntfs_by_backup(volume));
    if (last_resort) found.push_back(std::move(last_resort));
  }
  return found;
}

}  // namespace umbra::registry
