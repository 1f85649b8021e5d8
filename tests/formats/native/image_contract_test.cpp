// SPDX-License-Identifier: GPL-3.0-or-later
// Every image of the native format against the one contract.
#include "tests/contract/image_contract.h"

#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

// In a vault of small or large packs.
template <std::uint64_t PackSize>
struct vault_subject {
  std::unique_ptr<store::store> objects = store::make_memory_store();
  std::unique_ptr<native::vault> vault;
  std::uint64_t seed = 0;

  vault_subject() {
    make_vault(*objects, contract_block);
    vault = must(native::vault::open(*objects, native::intent::add));
  }
  std::unique_ptr<image::image_writer> start_with(const std::optional<image::session_id>& parent) {
    native::new_image_options options;
    options.parent = parent;
    options.pack_size = PackSize;
    options.begin_note = "{}";
    return must(vault->new_image(options, *seeded_random(++seed)));
  }
  std::unique_ptr<image::image_writer> start() { return start_with({}); }
  std::unique_ptr<image::image_writer> start_after(image::image_reader& parent) { return start_with(parent.info().id); }
  result<std::unique_ptr<image::image_reader>> open(const image::session_id& id) { return vault->open_image(id); }
};
using large_packs = vault_subject<512 << 20>;
using small_packs = vault_subject<4096>;

struct file_subject {
  sim_file_system files;
  std::map<image::session_id, std::string> paths;

  std::unique_ptr<image::image_writer> start_with(image::image_reader* parent) {
    const auto path = "/" + std::to_string(paths.size()) + ".umbra";
    auto writer = must(native::create_image_file(files, path, {contract_block, parent, {}}, *seeded_random(paths.size() + 1)));
    paths[writer->id()] = path;
    return writer;
  }
  std::unique_ptr<image::image_writer> start() { return start_with(nullptr); }
  std::unique_ptr<image::image_writer> start_after(image::image_reader& parent) { return start_with(&parent); }
  result<std::unique_ptr<image::image_reader>> open(const image::session_id& id) {
    return native::open_image_file(files, paths.at(id), {});
  }
};

struct discarding_subject {
  std::uint64_t seed = 0;
  std::unique_ptr<image::image_writer> start() {
    return must(native::create_discarding_image({contract_block, nullptr, {}}, *seeded_random(++seed)));
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(vault, image_contract, large_packs);
INSTANTIATE_TYPED_TEST_SUITE_P(vault_of_small_packs, image_contract, small_packs);
INSTANTIATE_TYPED_TEST_SUITE_P(file, image_contract, file_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(discarding, image_contract, discarding_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(vault, kept_image_contract, large_packs);
INSTANTIATE_TYPED_TEST_SUITE_P(vault_of_small_packs, kept_image_contract, small_packs);
INSTANTIATE_TYPED_TEST_SUITE_P(file, kept_image_contract, file_subject);

}  // namespace
}  // namespace umbra::test
