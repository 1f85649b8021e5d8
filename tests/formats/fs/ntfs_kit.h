// SPDX-License-Identifier: GPL-3.0-or-later
// NTFS volumes in memory, made by mkntfs or from the seeds of the fuzz target, and changed in known places.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engine/io/memory_device.h"
#include "formats/fs/ntfs.h"
#include "formats/fs/ntfs_mft.h"
#include "tests/support/packed_volume.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::fs {

inline std::vector<std::byte> bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::vector<std::byte> bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

// One volume, and the places of its structures as they were at first.
class ntfs_disk {
 public:
  explicit ntfs_disk(std::vector<std::byte> bytes) : device_(std::move(bytes)) {
    io::unaligned_reader reader(device_);
    geometry_ = read_ntfs_boot_sector(reader).value();
  }
  static ntfs_disk seed(const std::string& name) { return ntfs_disk(test::seed_volume("ntfs/" + name)); }

  io::memory_device& device() { return device_; }
  const ntfs_geometry& geometry() const { return geometry_; }
  std::uint64_t size() const { return device_.geometry().size; }
  range_list whole() const { return {{0, size()}}; }

  plan::volume_ptr volume() { return recognise_ntfs(device_).value(); }
  plan::allocation map(const plan::scan_options& options = {}) { return volume()->used_blocks(options).value(); }

  byte_span at(std::uint64_t offset, std::size_t size) { return device_.contents().subspan(offset, size); }
  void fill(std::uint64_t offset, std::size_t size, unsigned char byte) { std::ranges::fill(at(offset, size), std::byte{byte}); }
  void put(std::uint64_t offset, std::string_view text) { std::ranges::copy(as_bytes(text), at(offset, text.size()).begin()); }

  // Where a record lies, and an attribute in it; the table's own fragments are followed.
  std::uint64_t record(std::uint64_t number) {
    ntfs_source source(device_, geometry_);
    const auto mft = ntfs_mft::open(source).value();
    const auto offset = number * geometry_.record;
    for (const auto& run : mft.places().runs) {
      const auto inside = offset - run.vcn * geometry_.cluster;
      if (offset < run.vcn_end() * geometry_.cluster) return run.lcn * geometry_.cluster + inside;
    }
    ADD_FAILURE() << "no record " << number;
    return 0;
  }
  std::uint64_t attribute(std::uint64_t number, ntfs_attribute_type type) {
    ntfs_source source(device_, geometry_);
    const auto mft = ntfs_mft::open(source).value();
    std::vector<std::byte> memory;
    const auto found = mft.read(number, memory).value()->find(type).value();
    return record(number) + static_cast<std::uint64_t>(found->bytes.data() - memory.data());
  }
  ntfs_stream data(std::uint64_t number) {
    ntfs_source source(device_, geometry_);
    return ntfs_mft::open(source).value().system_data(number).value();
  }
  // The first bytes of a file's data.
  std::uint64_t data_at(std::uint64_t number) { return data(number).runs.front().lcn * geometry_.cluster; }
  // The first file of a user that has clusters: its record.
  std::uint64_t some_file() {
    ntfs_source source(device_, geometry_);
    const auto mft = ntfs_mft::open(source).value();
    std::vector<std::byte> memory;
    for (auto n = ntfs_file::first_user; n < mft.records(); ++n) {
      const auto record = mft.read(n, memory).value();
      if (!record || !record->is_base()) continue;
      const auto found = record->find(ntfs_attribute_type::data).value();
      if (found && !found->resident()) return n;
    }
    ADD_FAILURE() << "no file with clusters";
    return 0;
  }
  // The same change in $MFTMirr, so that it is no doubt of its own.
  void mirror() {
    std::ranges::copy(at(record(0), 4 * geometry_.record),
                      at(geometry_.mirror_cluster * geometry_.cluster, 4 * geometry_.record).begin());
  }

 private:
  io::memory_device device_;
  ntfs_geometry geometry_;
};

// A file in a folder of its own, filled by ntfscp; no mount is needed.
class made_ntfs {
 public:
  made_ntfs(const std::string& options, const std::string& size) : path_(dir_.at("volume")) {
    test::shell(fmt::format("truncate -s {} {} && mkntfs -q -F -Q {} {}", size, path_, options, path_));
  }
  void add(const std::string& name, const std::string& contents) {
    const auto from = dir_.at("contents");
    std::ofstream(from, std::ios::binary) << contents;
    test::shell(fmt::format("ntfscp -f -q {} {} '{}'", path_, from, name));
  }
  const std::string& path() const { return path_; }
  ntfs_disk disk() const { return ntfs_disk(bytes_of_file(path_)); }
  // What a tool says: its command line, with {} for the volume.
  std::string ask(const std::string& command) const { return test::shell(fmt::format(fmt::runtime(command), path_)); }

 private:
  test::temp_dir dir_;
  std::string path_;
};

}  // namespace umbra::fs
