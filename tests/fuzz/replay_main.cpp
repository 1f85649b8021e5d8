// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a fuzz target over the files of its corpus folders, each as it is and with a fixed set of mutations, and over nothing at
// all. Same inputs every time: a failure names the file and the mutation, so it can be run again.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
// There in builds with a sanitizer only.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());  // NOLINT(bugprone-reserved-identifier)

namespace {

using bytes = std::vector<std::uint8_t>;

// What runs now, told by report() if the process dies of it.
std::string running_file = "(empty input)";  // NOLINT(cert-err58-cpp): a failed allocation at start may end the program
int running_mutation = -1;                   // -1: the file as it is

void report() { std::fprintf(stderr, "replay: died of %s, mutation %d\n", running_file.c_str(), running_mutation); }

void report_signal(int number) {
  std::signal(number, SIG_DFL);
  report();
  std::raise(number);
}

void install_report() {
  if (__sanitizer_set_death_callback != nullptr) return __sanitizer_set_death_callback(report);
  std::signal(SIGABRT, report_signal);
  std::signal(SIGSEGV, report_signal);
}

// An exact copy on the heap, so that a sanitizer sees a read one byte past the end.
void run(const bytes& input) {
  const bytes copy(input);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void mutate_once(bytes& b, std::mt19937& random) {
  if (b.empty()) return b.push_back(static_cast<std::uint8_t>(random()));
  const std::size_t at = random() % b.size();
  switch (random() % 6) {
    case 0: b[at] = static_cast<std::uint8_t>(b[at] ^ (1U << random() % 8)); break;
    case 1: b[at] = static_cast<std::uint8_t>(random()); break;
    case 2:
      std::fill_n(b.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(8, b.size() - at), std::uint8_t{0xff});
      break;
    case 3:
      std::fill_n(b.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(4, b.size() - at), std::uint8_t{0});
      break;
    case 4: b.resize(at); break;
    default: b.insert(b.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random())); break;
  }
}

void replay(const std::filesystem::path& file, int mutations) {
  running_file = file.string();
  running_mutation = -1;
  std::ifstream in(file, std::ios::binary);
  const bytes original{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  run(original);
  std::mt19937 random(12345);  // NOLINT(cert-msc51-cpp): the same mutations every time, on purpose
  for (running_mutation = 0; running_mutation < mutations; ++running_mutation) {
    bytes b = original;
    for (auto n = random() % 3 + 1; n > 0; --n) mutate_once(b, random);
    run(b);
  }
}

std::vector<std::filesystem::path> files_of(const std::string& where) {
  if (!std::filesystem::is_directory(where)) return {where};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(where))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

// Arguments: corpus folders or single files. A folder without files is an error: a target nobody seeds tests nothing.
int main(int argc, char** argv) {
  install_report();
  run({});
  int count = 0;
  for (int i = 1; i < argc; ++i) {
    const auto files = files_of(argv[i]);
    if (files.empty()) return std::fprintf(stderr, "replay: no file in %s\n", argv[i]), 1;
    const int mutations = std::max(20, 4000 / static_cast<int>(files.size()));
    for (const auto& file : files) replay(file, mutations);
    count += static_cast<int>(files.size());
  }
  std::printf("replayed %d files\n", count);
  return 0;
}
