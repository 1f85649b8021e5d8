// SPDX-License-Identifier: GPL-3.0-or-later
// Tells what Umbra makes of a volume, and what that cost: for tests that compare it with other programs, and for benches.
//
//   map_volume [--no-files] [--all] [--no-ranges] FILE
//
//   --no-files   leaves out where files lie
//   --all        looks up all files by path, and whose every byte is, too
//   --no-ranges  prints their sum only
//
// One document of JSON: {"kind", "size", "used": [[offset, size]…], "used_bytes", "files": [[offset, size]…], "notes", "seconds",
// "peak_kib", "reads", "bytes_read"}, with --all "found" (files) or "not_found" (why not), and "owners" ({kind: bytes}). Exit
// code 1 if the volume cannot be read.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include <fmt/format.h>

#include "engine/io/file_device.h"
#include "formats/registry/allocation.h"
#include "formats/registry/volume_formats.h"

namespace {

using namespace umbra;

struct options {
  bool files = true;
  bool all = false;
  bool ranges = true;
  std::string path;
};

[[noreturn]] void stop(int code, const std::string& why) {
  std::cerr << "map_volume: " << why << "\n";
  std::exit(code);
}

// Counts what is read through it.
class counting_device final : public io::device {
 public:
  explicit counting_device(std::unique_ptr<io::device> inner) : inner_(std::move(inner)) {}

  std::string name() const override { return inner_->name(); }
  io::device_geometry geometry() const override { return inner_->geometry(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    ++reads;
    bytes += out.size();
    return inner_->read(offset, out);
  }
  result<void> write(std::uint64_t, byte_view) override { return error(errc::denied, name()); }
  result<void> zero(std::uint64_t, std::uint64_t, io::zero_mode) override { return error(errc::denied, name()); }
  result<extent_list> extents(std::uint64_t offset, std::uint64_t size) override { return inner_->extents(offset, size); }
  result<void> flush() override { return success(); }

  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;

 private:
  std::unique_ptr<io::device> inner_;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return out + '"';
}

template <class List>
std::string pairs(const List& list) {
  std::string out;
  for (const auto& r : list) out += fmt::format("{}[{}, {}]", out.empty() ? "" : ", ", r.offset, r.size);
  return "[" + out + "]";
}

// What Linux says was the most memory this process had, in KiB.
std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

const char* word_of(plan::owner_kind kind) {
  switch (kind) {
    case plan::owner_kind::file: return "file";
    case plan::owner_kind::directory: return "directory";
    case plan::owner_kind::free_space: return "free_space";
    case plan::owner_kind::journal: return "journal";
    case plan::owner_kind::inode_table: return "inode_table";
    case plan::owner_kind::metadata: return "metadata";
    case plan::owner_kind::unknown: break;
  }
  return "unknown";
}

std::string look_up(plan::formatted_volume& volume, std::uint64_t size) {
  const auto files = volume.find_files(plan::path_patterns({"*"}));
  auto out = files.has_value() ? fmt::format(", \"found\": {}", files.value().size())
                               : fmt::format(", \"not_found\": {}", quoted(files.error().message()));
  const auto owners = volume.owners({{0, size}});
  if (owners.has_error()) stop(1, owners.error().message());
  std::map<std::string, std::uint64_t> sums;
  for (const auto& o : owners.value()) sums[word_of(o.kind)] += o.where.size;
  std::string words;
  for (const auto& [word, bytes] : sums) words += fmt::format("{}\"{}\": {}", words.empty() ? "" : ", ", word, bytes);
  return out + ", \"owners\": {" + words + "}";
}

options parse(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--no-files") {
      o.files = false;
    } else if (word == "--all") {
      o.all = true;
    } else if (word == "--no-ranges") {
      o.ranges = false;
    } else if (word.starts_with("--") || !o.path.empty()) {
      stop(2, "usage: map_volume [--no-files] [--all] [--no-ranges] FILE");
    } else {
      o.path = word;
    }
  }
  if (o.path.empty()) stop(2, "usage: map_volume [--no-files] [--all] [--no-ranges] FILE");
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  const auto o = parse(argc, argv);
  auto opened = io::open_device(o.path, {});
  if (opened.has_error()) stop(1, opened.error().message());
  counting_device device(std::move(opened).value());
  const auto size = device.geometry().size;

  const auto begin = std::chrono::steady_clock::now();
  const auto map = registry::allocation_of(device, {.cuts_on_files = o.files, .leave_out = {}});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (map.has_error()) stop(1, map.error().message());
  const auto peak = peak_kib();
  const auto reads = device.reads;
  const auto bytes = device.bytes;

  const auto claims = registry::recognise_volume(device);
  if (claims.has_error()) stop(1, claims.error().message());
  std::string kind;
  std::string more;
  for (const auto& c : claims.value()) {
    kind += (kind.empty() ? "" : ", ") + c->facts().kind;
    if (o.all) more = look_up(*c, size);
  }
  std::string notes;
  for (const auto& n : map.value().notes) notes += (notes.empty() ? "" : ", ") + quoted(n);
  std::cout << fmt::format("{{\"kind\": {}, \"size\": {}, \"used_bytes\": {}", quoted(kind), size, total_size(map.value().used));
  if (o.ranges) std::cout << fmt::format(", \"used\": {}, \"files\": {}", pairs(map.value().used), pairs(map.value().files));
  std::cout << fmt::format(", \"notes\": [{}], \"seconds\": {:.3f}, \"peak_kib\": {}, \"reads\": {}, \"bytes_read\": {}{}}}\n",
                           notes, took.count(), peak, reads, bytes, more);
  return std::cout.good() ? 0 : 1;
}
