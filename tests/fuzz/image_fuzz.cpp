// SPDX-License-Identifier: GPL-3.0-or-later
// Whole single-file images: open, map, every block. Each input is taken raw, with the checksums of its records made right, and
// with all that ties its structures together made right, so that the fuzzer sees behind each.
#include <cstdlib>
#include <vector>

#include "formats/native/image_file.h"
#include "formats/native/map_page.h"
#include "tests/support/byte_file.h"
#include "tests/support/mend_image.h"

namespace {

using umbra::byte_view;
using umbra::errc;
using umbra::error;
using umbra::result;
using umbra::success;
namespace image = umbra::image;
namespace native = umbra::native;
namespace store = umbra::store;

void require(bool held) {
  if (!held) std::abort();
}

// Holds the one file; nothing can be written.
class one_file_system final : public store::file_system {
 public:
  explicit one_file_system(byte_view bytes) : bytes_(bytes) {}

  result<std::unique_ptr<store::input_file>> open(const std::string& path) override {
    if (path != "/image.umbra") return error(errc::not_found, path);
    return std::unique_ptr<store::input_file>(std::make_unique<umbra::test::byte_file>(bytes_));
  }
  result<std::vector<store::directory_entry>> list(const std::string& path) override {
    if (path != "/") return error(errc::not_found, path);
    return std::vector<store::directory_entry>{{"image.umbra", false, bytes_.size()}};
  }
  result<std::unique_ptr<store::output_file>> create(const std::string& path) override { return refused(path); }
  result<void> link(const std::string&, const std::string& to) override { return refused(to); }
  result<void> remove(const std::string& path) override { return refused(path); }
  result<void> sync_directory(const std::string& path) override { return refused(path); }
  result<void> make_directory(const std::string& path) override { return refused(path); }
  result<std::unique_ptr<store::file_lock>> lock(const std::string& path) override { return refused(path); }

 private:
  static error refused(const std::string& path) { return {errc::denied, path}; }
  byte_view bytes_;
};

// A hostile map may describe exabytes: this much of it is looked at.
struct budget {
  unsigned regions = 64;
  unsigned blocks = 2000;
};

void read_region(image::image_reader& reader, const image::region& r, std::uint64_t size, budget& left) {
  require(native::broken_rule(r).empty());
  require(r.offset() < size && r.size <= size - r.offset());
  std::vector<std::byte> plain;
  for (const auto& b : r.blocks) {
    if (b.state != image::block_state::stored) continue;
    require(b.size <= reader.keys().block_size);  // whoever reads relies on it
    if (left.blocks == 0) return;
    --left.blocks;
    plain.resize(b.size);
    const auto rehashed = reader.fetch(b, plain, true);
    // A block that is right is where the map says, whoever asks.
    if (rehashed.has_value()) require(reader.locate(b).has_value() && reader.fetch(b, plain, false).has_value());
  }
}

void read_source(image::image_reader& reader, std::size_t source, budget& left) {
  const auto size = reader.info().sources[source].size;
  const auto regions = umbra::div_up(size, image::region_size);
  for (std::uint64_t i = 0; i < regions && left.regions > 0; --left.regions) {
    const auto run = reader.uniform_at(source, i);
    if (run.has_value() && run.assume_value().count > 0) {
      require(run.assume_value().state != image::block_state::stored && run.assume_value().count <= regions - i);
      i += run.assume_value().count;
      continue;
    }
    const auto region = reader.region_at(source, i++);
    if (region.has_value()) read_region(reader, *region.assume_value(), size, left);
  }
  require(reader.region_at(source, regions).has_error());
}

void try_image(byte_view bytes) {
  one_file_system files(bytes);
  const auto opened = native::open_image_file(files, "/image.umbra", {});
  if (opened.has_error()) return;
  auto& reader = *opened.assume_value();
  (void)reader.check_packs().has_error();
  require(reader.info().block_size == reader.keys().block_size);
  budget left;
  for (std::size_t i = 0; i < reader.info().sources.size() && left.regions > 0; ++i) read_source(reader, i, left);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  try_image(bytes);
  umbra::test::mend_pack(bytes);
  try_image(bytes);
  umbra::test::mend_image(bytes);
  try_image(bytes);
  return 0;
}
