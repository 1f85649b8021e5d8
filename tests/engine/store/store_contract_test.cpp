// SPDX-License-Identifier: GPL-3.0-or-later
// Every store of the engine against the one contract.
#include "tests/contract/store_contract.h"

#include "tests/support/sim_file_system.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

struct memory_subject {
  std::unique_ptr<store::store> owned = store::make_memory_store();
  store::store& get() { return *owned; }
};

struct system_subject {
  temp_dir folder;
  std::unique_ptr<store::file_system> files = store::system_file_system();
  std::unique_ptr<store::store> owned = store::make_local_store(*files, folder.string());
  store::store& get() { return *owned; }
};

struct sim_subject {
  std::unique_ptr<sim_file_system> files = sim_with_directory("/vault");
  std::unique_ptr<store::store> owned = store::make_local_store(*files, "/vault");
  store::store& get() { return *owned; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(memory, store_contract, memory_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(system_folder, store_contract, system_subject);
INSTANTIATE_TYPED_TEST_SUITE_P(simulated_folder, store_contract, sim_subject);

}  // namespace
}  // namespace umbra::test
