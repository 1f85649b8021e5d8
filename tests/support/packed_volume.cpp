// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/packed_volume.h"

#include <fstream>
#include <iterator>

namespace umbra::test {

std::vector<std::byte> seed_volume(const std::string& name) {
  std::ifstream in(std::string(UMBRA_SOURCE_DIR) + "/tests/fuzz/corpus/" + name, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return unpack_volume(as_bytes(packed));
}

}  // namespace umbra::test
