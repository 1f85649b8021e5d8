// SPDX-License-Identifier: GPL-3.0-or-later
// A physical volume of LVM comes from outside. Input: the text of a volume group, on a volume whose checksums are right; and the
// same bytes as a volume of their own.
#include <vector>

#include "engine/io/memory_device.h"
#include "formats/fs/lvm.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/lvm_kit.h"

namespace {

void look_at(std::vector<std::byte> bytes) {
  using namespace umbra;
  const auto size = bytes.size();
  io::memory_device volume(std::move(bytes));
  const auto found = fs::recognise_lvm(volume).value();
  if (found) fuzz::check_volume(*found, size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace umbra;
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  look_at(std::vector<std::byte>(bytes, bytes + size));
  if (size < 32 << 10) look_at(test::lvm_physical(as_text({bytes, size})));
  return 0;
}
