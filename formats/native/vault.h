// SPDX-License-Identifier: GPL-3.0-or-later
// A vault: a store whose objects follow docs/formats/native-v1.md. Lists and opens images, starts sessions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/image/image_reader.h"
#include "engine/image/image_writer.h"
#include "engine/store/store.h"
#include "formats/native/manifest.h"
#include "formats/native/pack_reader.h"
#include "formats/native/superblock.h"

namespace umbra::native {

struct session_state {
  image::session_id id;
  enum class what : std::uint8_t { undecided, committed, dead, damaged } state = what::undecided;
  bool forgotten = false;
  std::string name;        // committed: from the manifest's metadata; else from begin
  image::image_info info;  // committed
  std::string problem;     // damaged: what is wrong
};

struct new_image_options {
  std::string name;  // image name; a running backup of the same name is errc::busy
  std::optional<image::session_id> parent;
  std::uint64_t pack_size = 512ull << 20;  // a pack is closed when it has grown past this
  std::string begin_note;                  // JSON object for `begin`: host, process
};

// Safe from many threads.
class vault {
 public:
  // Makes a vault in an empty store; errc::exists if there is one, errc::usage if it holds something else.
  static result<void> create(store::store& store, std::uint32_t block_size, random_source& random);
  // errc::not_found if the store holds no vault; unsupported_version, unknown_feature (named), checksum.
  // `store` must outlive the vault.
  static result<std::unique_ptr<vault>> open(store::store& store, intent what);
  ~vault();

  store::store& objects();
  const superblock_info& super() const;
  const image::domain& keys() const;
  pack_source& packs();

  // All sessions, oldest image first (order_by_age). Damaged ones are told, not hidden.
  result<std::vector<session_state>> sessions();
  // The committed manifest of an image.
  result<manifest> manifest_of(const image::session_id& id);
  result<std::unique_ptr<image::image_reader>> open_image(const image::session_id& id);
  // Starts a session: writes begin. `random` is used during the call only.
  result<std::unique_ptr<image::image_writer>> new_image(const new_image_options& options, random_source& random);

 private:
  vault();
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace umbra::native
