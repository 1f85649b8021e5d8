// SPDX-License-Identifier: GPL-3.0-or-later
// Single-file images: a pack that carries its own map and manifest. A chain of incrementals is a set of files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/image/image_reader.h"
#include "engine/image/image_writer.h"
#include "engine/store/file_system.h"
#include "formats/native/pack_writer.h"

namespace umbra::native {

// Opens `path`, and finds the packs that it needs among `others` (files or folders the user named; the image's own folder
// is searched too, file names ending in .umbra only). No path inside an image is ever followed. errc::not_found names the missing
// pack.
result<std::unique_ptr<image::image_reader>> open_image_file(store::file_system& files, const std::string& path,
                                                             const std::vector<std::string>& others);

struct image_file_options {
  std::uint32_t block_size = 64 << 10;    // ignored with a parent: its is used
  image::image_reader* parent = nullptr;  // must outlive the writer; the new file joins its domain
  pack_shape shape;
};
// Writes to a new file; its name appears only with commit (temporary name, sync, link, sync of the folder). errc::exists if
// taken.
result<std::unique_ptr<image::image_writer>> create_image_file(store::file_system& files, const std::string& path,
                                                               const image_file_options& options, random_source& random);
// A writer whose bytes go nowhere, for measuring.
result<std::unique_ptr<image::image_writer>> create_discarding_image(const image_file_options& options, random_source& random);

}  // namespace umbra::native
