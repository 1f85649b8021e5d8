// SPDX-License-Identifier: GPL-3.0-or-later
// golden_make FOLDER: writes the golden and the must-fail images of format version 1 below FOLDER, and their list of sums. Files
// that are there are left alone. See tests/golden/README.md.
#include <cstdio>
#include <exception>

#include "tests/golden/files.h"
#include "tests/golden/golden_set.h"
#include "tests/golden/must_fail.h"

namespace {

void make(const std::filesystem::path& folder) {
  using namespace umbra::golden;
  file_set all;
  for (const auto& [path, content] : make_golden_set()) all["native-v1/" + path] = content;
  for (const auto& [path, content] : files_of(make_must_fail())) all["must-fail/" + path] = content;
  const auto sums = sums_of(all);
  const auto view = umbra::as_bytes(sums);
  all["SHA256SUMS"] = bytes(view.begin(), view.end());
  const auto written = write_folder(folder, all);
  std::printf("%zu files, %zu of them new; codecs %s\n", all.size(), written, codec_fingerprint().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: golden_make FOLDER\n"), 2;
  try {
    make(argv[1]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "golden_make: %s\n", e.what());
    return 1;
  }
  return 0;
}
