// SPDX-License-Identifier: GPL-3.0-or-later
#include "bench/support/made_up.h"
#include "engine/base/random.h"
#include "engine/io/file_device.h"

namespace umbra::bench {

result<void> spread_file(const std::string& path, std::uint64_t size, std::uint64_t step) {
  io::open_options how;
  how.mode = io::open_options::access::create_or_replace;
  how.size = size;
  TRY(const auto file, io::open_device(path, how));
  const auto random = seeded_random(1);
  std::vector<std::byte> page(4096);
  for (std::uint64_t at = 0; at + page.size() <= size; at += step) {
    random->fill(page);
    CHECK(file->write(at, page));
  }
  return file->flush();
}

}  // namespace umbra::bench
