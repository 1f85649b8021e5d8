// SPDX-License-Identifier: GPL-3.0-or-later
// An image_reader over a manifest and the packs it names: what vaults and single files have in common.
#pragma once

#include <memory>
#include <vector>

#include "engine/image/image_reader.h"
#include "formats/native/manifest.h"
#include "formats/native/map_reader.h"
#include "formats/native/pack_reader.h"

namespace umbra::native {

class stored_image final : public image::image_reader {
 public:
  // Checks what only the keys' owner can: that the root is that of the sources' maps, and the block size the domain's.
  // errc::damaged.
  static result<std::unique_ptr<stored_image>> open(manifest m, image::domain keys, std::shared_ptr<pack_source> packs);
  // `packs` is kept alive as long as the image.
  stored_image(manifest m, image::domain keys, std::shared_ptr<pack_source> packs);
  stored_image(const stored_image&) = delete;
  stored_image& operator=(const stored_image&) = delete;

  const image::image_info& info() const override { return manifest_.info; }
  const image::domain& keys() const override { return keys_; }
  result<image::region_ptr> region_at(std::size_t source, std::uint64_t index) override;
  result<uniform_run> uniform_at(std::size_t source, std::uint64_t index) override;
  result<void> fetch(const image::block& b, byte_span out, bool rehash) override;
  result<void> locate(const image::block& b) override;
  const std::vector<image::pack_id>& packs() const override { return pack_ids_; }
  result<void> check_packs() override;

  const manifest& plan() const { return manifest_; }
  map_reader& map(std::size_t source) { return *maps_[source]; }
  // Only packs that the manifest lists: deletion looks at nothing else, so a pack that a page names and the list does not is
  // damage, even while it is still there.
  pack_source& source_of_packs() { return packs_; }

 private:
  class listed_packs final : public pack_source {
   public:
    listed_packs(std::shared_ptr<pack_source> all, const std::vector<image::pack_id>& listed)
        : all_(std::move(all)), listed_(listed) {}
    result<std::shared_ptr<const pack_reader>> pack(const image::pack_id& id) override;

   private:
    std::shared_ptr<pack_source> all_;
    const std::vector<image::pack_id>& listed_;  // sorted
  };

  manifest manifest_;
  image::domain keys_;
  content_hasher hasher_;
  std::vector<image::pack_id> pack_ids_;
  listed_packs packs_;
  std::vector<std::unique_ptr<map_reader>> maps_;
};

}  // namespace umbra::native
