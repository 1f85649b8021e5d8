// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/made_up.h"
#include "engine/base/random.h"
#include "engine/codec/codec.h"
#include "formats/native/vault.h"

namespace umbra::bench {

result<void> fill_vault(const std::string& folder, std::uint64_t records) {
  const auto files = store::system_file_system();
  CHECK(files->make_directory(folder));
  const auto objects = store::make_local_store(*files, folder);
  const auto random = seeded_random(1);
  constexpr std::uint32_t block_size = 64 << 10;
  CHECK(native::vault::create(*objects, block_size, *random));
  TRY(const auto vault, native::vault::open(*objects, native::intent::add));
  native::new_image_options options;
  options.name = "filler";
  options.begin_note = std::string("{}");
  TRY(const auto writer, vault->new_image(options, *random));
  image::source_info source;
  source.size = source.unallocated_bytes = image::region_size;
  CHECK(writer->begin_source(source));
  std::vector<std::byte> stored(16);
  const auto sum = checksum(stored);
  for (std::uint64_t i = 0; i < records; ++i) {
    CHECK(writer->append({random->make<content_id>(), block_size, static_cast<std::uint8_t>(codec::codec_id::lz4), sum, stored}));
  }
  CHECK(writer->put_uniform(0, 1, image::block_state::unallocated));
  CHECK(writer->end_source(source));
  CHECK(writer->commit({0, R"({"name":"filler"})"}));
  return success();
}

}  // namespace umbra::bench
