// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/temp_dir.h"

#include <random>
#include <string>
#include <system_error>

namespace umbra::test {
namespace fs = std::filesystem;

temp_dir::temp_dir() {
  const auto base = fs::temp_directory_path();
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto candidate = base / ("umbra-test-" + std::to_string(random()) + "-" + std::to_string(random()));
    // True only if this very call made the directory.
    if (fs::create_directory(candidate)) {
      path_ = std::move(candidate);
      return;
    }
  }
  throw fs::filesystem_error("no temporary directory", base, std::make_error_code(std::errc::file_exists));
}

temp_dir::~temp_dir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace umbra::test
