// SPDX-License-Identifier: GPL-3.0-or-later
// Whole jobs in a line: disks from seeds, backups into vaults and files, restores into memory. Everything is opened anew by every
// call, so nothing a test sees comes from a cache.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "engine/jobs/backup.h"
#include "engine/jobs/restore.h"
#include "engine/store/store.h"
#include "formats/native/image_file.h"
#include "formats/native/vault.h"
#include "formats/native/verify.h"

namespace umbra::test {

using content = std::vector<std::byte>;

// Fewer rounds where every instruction is watched, or none was optimised.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr bool is_slow_build = true;
#elif defined(__has_feature)
constexpr bool is_slow_build = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool is_slow_build = false;
#endif

// The value, or a failed test that tells the error and ends.
template <class T>
T must(result<T> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
  return std::move(r).assume_value();
}
inline void must(result<void> r) {
  if (r.has_error()) throw std::runtime_error(r.assume_error().message());
}
template <class T>
std::optional<errc> code_of(const result<T>& r) {
  return r.has_error() ? std::optional(r.assume_error().code()) : std::nullopt;
}

// --- Disks.
// Stretches of one to eight `grain`s: zeros, random bytes, words, and repetitions of what came before, at multiples of `grain`.
content seeded_disk(std::uint64_t seed, std::size_t size, std::size_t grain = 4096);
// Other bytes in [offset, offset + size), never those that were there.
void change(byte_span disk, std::uint64_t offset, std::size_t size = 1);

// A device in memory with the habits of real ones.
class shaped_device final : public io::device {
 public:
  explicit shaped_device(content bytes) : inner_(std::move(bytes)) {}

  io::device_geometry shape;                       // alignment, sectors; the size is the content's
  range_list holes;                                // told by extents(); normalised; the bytes there should be zeros
  std::function<void(std::uint64_t)> before_read;  // called with the offset; from many threads

  std::string name() const override { return "shaped"; }
  io::device_geometry geometry() const override;
  result<void> read(std::uint64_t offset, byte_span out) override;
  result<void> write(std::uint64_t offset, byte_view in) override;
  result<void> zero(std::uint64_t offset, std::uint64_t size, io::zero_mode mode) override;
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override;
  result<void> flush() override { return success(); }
  byte_span contents() { return inner_.contents(); }

 private:
  // errc::usage for what a device with O_DIRECT would refuse.
  result<void> check_aligned(std::uint64_t offset, std::uint64_t size, const std::byte* memory) const;
  io::memory_device inner_;
};

// --- Backups.
inline jobs::backup_options small_options(unsigned threads = 2) {
  jobs::backup_options options;
  options.threads = threads;
  options.memory = 1 << 20;
  return options;
}
struct backup_run {
  jobs::backup_options options = small_options();
  std::string name = "disk";
  std::optional<image::session_id> parent;
  std::uint64_t seed = 1;                  // of the session's identity
  std::uint64_t pack_size = 512ull << 20;  // vault
  std::uint32_t block_size = 4096;         // file
  native::pack_shape shape;                // file
  std::stop_token stop;
};
using source_list = std::vector<jobs::backup_source>;

// One source, all of it used unless `allocation` says otherwise.
source_list sources_of(io::device& device, const plan::allocation* allocation = nullptr);

// An empty vault in the folder /vault of a store made by local_vault(); any store will do.
void make_vault(store::store& store, std::uint32_t block_size = 4096, std::uint64_t seed = 99);
// The store of "/vault" on a simulated disk or another file system; the folder is made.
std::unique_ptr<store::store> vault_store(store::file_system& files);

result<jobs::backup_report> back_up(store::store& store, const source_list& sources, const backup_run& run = {});
// `parent`: a path or empty; its packs are looked for in its folder.
result<jobs::backup_report> back_up_to_file(store::file_system& files, const std::string& path, const source_list& sources,
                                            const backup_run& run = {}, const std::string& parent = {});
result<jobs::backup_report> back_up_discarding(const source_list& sources, const backup_run& run = {});
// A full image of `disk`, or with `run.parent` an incremental; its id.
image::session_id back_up_bytes(store::store& store, const content& disk, const backup_run& run = {});

// --- What came of it.
struct opened_image {
  std::unique_ptr<native::vault> vault;
  std::unique_ptr<image::image_reader> image;
  image::image_reader* operator->() const { return image.get(); }
  image::image_reader& operator*() const { return *image; }
};
result<opened_image> open_image(store::store& store, const image::session_id& id);

// The bytes of a source as a restore writes them over garbage; a fault is an error.
result<content> restored(image::image_reader& image, std::size_t source = 0,
                         const jobs::restore_options& options = {.threads = 2, .writes_in_flight = 2});
result<content> restored(store::store& store, const image::session_id& id, std::size_t source = 0);
result<content> restored_file(store::file_system& files, const std::string& path, std::size_t source = 0);

// Deep, of everything in the vault.
result<native::verify_report> verified(store::store& store);
// Deep, and clean; the first fault or note otherwise, as errc::damaged. Notes count only if `strict`.
result<void> verified_clean(store::store& store, bool strict = true);

// Ids of the images that exist.
std::vector<image::session_id> images_of(store::store& store);
// Every object and its bytes: what two runs that must agree are compared by.
std::vector<std::pair<std::string, content>> all_objects(store::store& store);

}  // namespace umbra::test
