// SPDX-License-Identifier: GPL-3.0-or-later
// Backups on a disk whose power can be cut, one after the other, into a vault or into files; and what must be true of them after
// any crash:
//
//   - an image that was reported is there and gives back its bytes;
//   - one that was not is absent, or whole;
//   - nothing else is there, and verify finds no fault;
//   - looking at all this writes nothing.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/job_kit.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {

// An image with all that it rests on.
struct kept_image {
  std::unique_ptr<store::store> store;
  opened_image opened;
  image::image_reader* operator->() const { return opened.image.get(); }
  image::image_reader& operator*() const { return *opened.image; }
};

// Where images are kept. Backups have small numbers, from which their names and identities follow.
class image_place {
 public:
  virtual ~image_place() = default;
  // A new, empty simulated disk with the folder for the images.
  virtual std::unique_ptr<sim_file_system> make_disk() const = 0;
  // What has to be made before the first backup.
  virtual result<void> prepare(store::file_system& files) const = 0;
  virtual result<jobs::backup_report> take(store::file_system& files, std::uint64_t number, const content& disk,
                                           std::optional<std::uint64_t> parent) const = 0;
  // Numbers of the images that exist; errc::damaged for one that nobody took, or that is known and cannot be opened.
  virtual result<std::vector<std::uint64_t>> present(store::file_system& files) const = 0;
  virtual result<kept_image> open(store::file_system& files, std::uint64_t number) const = 0;
  // What verify (not deep) tells of all that is there: faults, or why there is nothing to be verified.
  // `visit` sees each image that opens, before.
  using visit_image = std::function<void(std::uint64_t number, image::image_reader&)>;
  virtual std::vector<std::string> faults(store::file_system& files, const visit_image& visit = {}) const = 0;
  // Small packs: a pack of a vault, and a segment of a file, is closed beyond this many bytes.
  std::uint32_t grain = 4 << 20;
};

std::unique_ptr<image_place> vault_place();  // in /vault
std::unique_ptr<image_place> files_place();  // /images/<number>.umbra, with the parent beside them

// For tests that run in all of them: INSTANTIATE_TEST_SUITE_P(into, suite, testing::ValuesIn(image_places), name_of_place).
struct place_case {
  const char* name;
  std::unique_ptr<image_place> (*make)();
  std::uint32_t grain;
};
inline constexpr place_case image_places[] = {{"a_vault", vault_place, 4 << 20},
                                              {"a_vault_of_small_packs", vault_place, 16 << 10},
                                              {"files", files_place, 4 << 20},
                                              {"files_of_small_segments", files_place, 16 << 10}};
inline std::string name_of_place(const testing::TestParamInfo<place_case>& info) { return info.param.name; }
inline void PrintTo(const place_case& c, std::ostream* out) { *out << c.name; }
inline std::unique_ptr<image_place> make_place(const place_case& c) {
  auto place = c.make();
  place->grain = c.grain;
  return place;
}

// The id that backup `number` has in a vault.
image::session_id session_of(std::uint64_t number);

result<content> restored(const image_place& place, store::file_system& files, std::uint64_t number);

// What was taken, and by which operation of the disk's log it had been reported.
struct image_ledger {
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct entry {
    content bytes;
    std::uint64_t reported = never;
  };
  std::map<std::uint64_t, entry> images;

  // Backs up and notes what came of it.
  result<jobs::backup_report> take(const image_place& place, sim_file_system& files, std::uint64_t number, const content& disk,
                                   std::optional<std::uint64_t> parent = {});
  // The same images, and those that are reported by `operations` have always been.
  image_ledger settled(std::uint64_t operations) const;
};

// Words for what is wrong after `operations` of the ledger's log, or nothing.
std::string fault_of(const image_place& place, sim_file_system& files, const image_ledger& known, std::uint64_t operations);

}  // namespace umbra::test
