// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/image_file.h"

#include <fmt/format.h>

#include "formats/native/file_image_writer.h"
#include "formats/native/file_packs.h"
#include "formats/native/output_objects.h"
#include "formats/native/stored_image.h"

namespace umbra::native {
namespace {

// The manifest, from whichever copy is whole.
result<manifest> read_manifest(const pack_reader& pack) {
  TRY(const auto sections, within(pack.name(), pack.sections()));
  std::optional<error> first_problem;
  for (const auto& s : sections) {
    if (s.type != section_type::manifest) continue;
    auto bytes = pack.read_plain(s.offset, record_type::manifest, max_plain);
    if (bytes.has_value()) {
      auto m = decode_manifest(bytes.assume_value());
      if (m.has_value()) return m;
      if (!first_problem) first_problem = std::move(m).assume_error().within(pack.name());
    } else if (!first_problem) {
      first_problem = std::move(bytes).assume_error();
    }
  }
  if (first_problem) return *std::move(first_problem);
  return error(errc::bad_magic, pack.name() + ": a pack of a vault, not an image");
}

}  // namespace

result<std::unique_ptr<image::image_reader>> open_image_file(store::file_system& files, const std::string& path,
                                                             const std::vector<std::string>& others) {
  TRY(auto file, files.open(path));
  TRY(std::shared_ptr<const pack_reader> pack, pack_reader::open(std::move(file), path, std::nullopt));
  CHECK(within(path, check_features(pack->super().words, intent::read)));
  auto finished = pack->footer_state();
  if (finished.has_error()) return std::move(finished).assume_error().within(path + ": not a complete image");
  TRY(auto m, read_manifest(*pack));
  CHECK(within(path, check_features(m.words, intent::read)));
  if (m.info.id != pack->super().pack.session || m.info.domain != pack->super().domain.id) {
    return error(errc::damaged, path + ": the manifest belongs to another image");
  }
  auto places = others;
  places.push_back(folder_of(path));
  auto packs = std::make_shared<file_packs>(files, std::move(places));
  packs->add(pack);
  TRY(auto image, within(path, stored_image::open(std::move(m), pack->super().domain, packs)));
  return std::unique_ptr<image::image_reader>(std::move(image));
}

result<std::unique_ptr<image::image_writer>> create_image_file(store::file_system& files, const std::string& path,
                                                               const image_file_options& options, random_source& random) {
  TRY(auto out, create_linked_output(files, path));
  return make_file_image_writer(std::move(out), options, random);
}

result<std::unique_ptr<image::image_writer>> create_discarding_image(const image_file_options& options, random_source& random) {
  return make_file_image_writer(make_discarding_output(), options, random);
}

}  // namespace umbra::native
