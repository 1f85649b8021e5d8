// SPDX-License-Identifier: GPL-3.0-or-later
// Opens vaults and images by what people type: VAULT::ID, VAULT::NAME, VAULT::NAME@N, or an .umbra file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/store/file_system.h"
#include "engine/store/store.h"
#include "formats/native/vault.h"

namespace umbra::registry {

// A vault with what it stands on. Movable; what was opened from it must not outlive it.
struct open_vault {
  std::unique_ptr<store::store> objects;
  std::unique_ptr<native::vault> vault;
};

// `files` must outlive the answer. errc::not_found if the folder is missing or
// holds no vault.
result<open_vault> open_vault_at(store::file_system& files, const std::string& path, native::intent what);

// What an image argument says, before anything is opened.
struct image_name {
  bool in_vault = false;
  std::string path;      // of the vault, or of the file
  std::string selector;  // in a vault: an id (or the beginning of one, 6 digits at least), or a name
  unsigned back = 0;     // NAME@N: N images before the newest of that name
};
// errc::usage says which forms there are.
result<image_name> parse_image_name(const std::string& text);

// The committed, not forgotten image that `name` selects; errc::not_found names what there is. A name wins over an id's
// beginning. errc::damaged if an image of that name or id cannot be read: another one is never taken in its place.
result<image::session_id> select_image(native::vault& vault, const image_name& name);

struct open_image {
  open_vault home;  // empty for a file
  std::unique_ptr<image::image_reader> reader;
};

// `others`: files or folders where a single file's parents may lie, beside its own folder.
result<open_image> open_image_at(store::file_system& files, const std::string& text, const std::vector<std::string>& others);

}  // namespace umbra::registry
