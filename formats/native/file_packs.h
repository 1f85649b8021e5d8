// SPDX-License-Identifier: GPL-3.0-or-later
// Packs among files that the user named: an image file, its parents, the folders they lie in. Found by what the files say of
// themselves in their superblocks; names and paths inside images are never followed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/file_system.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

class file_packs final : public pack_source {
 public:
  // `places`: files, or folders whose *.umbra files are looked at. Nothing is opened before it is needed. `files` must outlive
  // it.
  file_packs(store::file_system& files, std::vector<std::string> places);

  // Makes an open pack known under its own id.
  void add(std::shared_ptr<const pack_reader> pack);
  result<std::shared_ptr<const pack_reader>> pack(const image::pack_id& id) override;

 private:
  void search();
  void look_at(const std::string& path);
  void note_unread(error why);

  store::file_system& files_;
  std::vector<std::string> places_;
  // guarded by mutex_
  std::mutex mutex_;
  bool searched_ = false;
  std::map<image::pack_id, std::shared_ptr<const pack_reader>> open_;
  std::map<image::pack_id, std::string> found_;
  std::optional<error> unread_;  // the first file that could not be read
};

// The folder part of a path, "." if it has none.
std::string folder_of(const std::string& path);

}  // namespace umbra::native
