// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/btrfs_kit.h"

#include <fstream>
#include <sstream>

#include "engine/base/wire.h"
#include "engine/block/hash.h"

namespace umbra::test {

constexpr std::size_t btrfs_kit_block = 4096;

std::uint64_t btrfs_super_field(const std::string& path, const std::string& name) {
  return std::stoull(shell("btrfs inspect-internal dump-super " + path + " | awk '$1 == \"" + name + "\" { print $2 }'"));
}

std::string btrfs_sector_text(int file, std::uint64_t offset) {
  auto text = fmt::format("file {} at {};", file, offset);
  text.resize(512, '.');
  return text;
}

const std::map<int, std::uint64_t>& btrfs_file_sizes() {
  static const std::map<int, std::uint64_t> sizes{{1, 5000},    {2, 16 << 10},      {3, (16 << 10) - 1}, {4, 100000},
                                                  {5, 3 << 20}, {6, (1 << 20) + 7}, {7, 300 << 10},      {8, 64 << 10}};
  return sizes;
}

void make_btrfs_files(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "small");
  for (const auto& [file, size] : btrfs_file_sizes()) {
    std::ofstream out(folder / std::to_string(file), std::ios::binary);
    for (std::uint64_t at = 0; at < size; at += 512)
      out << btrfs_sector_text(file, at).substr(0, std::min<std::uint64_t>(512, size - at));
  }
  for (int i = 0; i < 60; ++i)
    std::ofstream(folder / "small" / std::to_string(i)) << std::string(static_cast<std::size_t>(i) * 100, 'x');
}

btrfs_made::btrfs_made(const std::string& options, const std::string& size) : path_(dir_.at("volume")) {
  make_btrfs_files(dir_ / "files");
  shell(fmt::format("truncate -s {} {}", size, path_));
  shell(fmt::format("mkfs.btrfs -q --rootdir {} {} {}", dir_.at("files"), options, path_));
}

std::unique_ptr<io::device> btrfs_made::open(io::open_options::access mode) const {
  io::open_options options;
  options.mode = mode;
  return std::move(io::open_device(path_, options).value());
}

range_list btrfs_used_of(const std::string& path, std::uint64_t end) {
  std::istringstream lines(shell(UMBRA_SOURCE_DIR "/tests/support/btrfs_used.py " + path));
  const auto own_end = btrfs_super_field(path, "dev_item.total_bytes");
  range_list used{{0, 1 << 20}, {own_end, end - own_end}};
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::size_t length = 0;
    const auto offset = std::stoull(line, &length, 16);
    used.push_back({offset, std::stoull(line.substr(length), nullptr, 16)});
  }
  normalise(used);
  return used;
}

void patch_btrfs_block(io::device& volume, std::uint64_t block, std::size_t size, std::size_t offset, byte_view bytes) {
  std::vector<std::byte> whole(size);
  ASSERT_TRUE(volume.read(block, whole).has_value());
  std::copy(bytes.begin(), bytes.end(), whole.begin() + static_cast<std::ptrdiff_t>(offset));
  wire::u32 sum;
  sum = crc32c(byte_view(whole).subspan(32));
  std::memcpy(whole.data(), &sum, sizeof(sum));
  ASSERT_TRUE(volume.write(block, whole).has_value());
}

std::vector<btrfs_leaf_item> btrfs_leaf(io::device& volume, std::uint64_t place) {
  std::vector<std::byte> block(btrfs_kit_block);
  EXPECT_TRUE(volume.read(place, block).has_value());
  const auto body = byte_view(block).subspan(sizeof(fs::btrfs_disk_header));
  std::vector<btrfs_leaf_item> items;
  for (std::size_t i = 0; i < read_struct<fs::btrfs_disk_header>(block).count.value(); ++i) {
    const auto item = read_struct<fs::btrfs_disk_item>(body.subspan(i * sizeof(fs::btrfs_disk_item)));
    const auto bytes = body.subspan(item.offset.value(), item.size.value());
    items.push_back({fs::btrfs_key(item.key), {bytes.begin(), bytes.end()}});
  }
  return items;
}

void put_btrfs_leaf(io::device& volume, std::uint64_t place, std::uint64_t header, std::uint64_t owner,
                    const std::vector<btrfs_leaf_item>& items) {
  std::vector<std::byte> block(btrfs_kit_block);
  ASSERT_TRUE(volume.read(header, block).has_value());
  auto head = read_struct<fs::btrfs_disk_header>(block);
  head.logical = place;
  head.owner = owner;
  head.count = static_cast<std::uint32_t>(items.size());
  std::memcpy(block.data(), &head, sizeof(head));
  auto* slots = block.data() + sizeof(head);
  auto end = btrfs_kit_block - sizeof(head);
  std::fill(block.begin() + sizeof(head), block.end(), std::byte{});
  for (std::size_t i = 0; i < items.size(); ++i) {
    end -= items[i].bytes.size();
    ASSERT_GE(end, items.size() * sizeof(fs::btrfs_disk_item)) << "no room in the leaf";
    fs::btrfs_disk_item item;
    item.key.objectid = items[i].key.objectid;
    item.key.type = items[i].key.type;
    item.key.offset = items[i].key.offset;
    item.offset = static_cast<std::uint32_t>(end);
    item.size = static_cast<std::uint32_t>(items[i].bytes.size());
    std::memcpy(slots + i * sizeof(item), &item, sizeof(item));
    std::copy(items[i].bytes.begin(), items[i].bytes.end(), slots + end);
  }
  ASSERT_TRUE(volume.write(place, block).has_value());
  patch_btrfs_block(volume, place, btrfs_kit_block, btrfs_kit_block - 1, byte_view(block).last(1));
}

void patch_btrfs_super(io::device& volume, std::size_t offset, byte_view bytes) {
  patch_btrfs_block(volume, 64 << 10, 4096, offset, bytes);
}

}  // namespace umbra::test
