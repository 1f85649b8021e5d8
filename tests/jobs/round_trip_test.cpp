// SPDX-License-Identifier: GPL-3.0-or-later
// What goes in comes out: disks of every make, into vaults and files.
#include <gtest/gtest.h>

#include "engine/base/units.h"
#include "engine/image/image_device.h"
#include "engine/io/window_device.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

struct disk_case {
  const char* name;
  content bytes;
};

content repeated(content block, std::size_t times) {
  content all;
  for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), block.begin(), block.end());
  return all;
}

content joined(content a, const content& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<disk_case> disks() {
  return {
      {"one byte", text_bytes("x")},
      {"one zero byte", zero_bytes(1)},
      {"less than a sector", random_bytes(1, 511)},
      {"one sector", random_bytes(2, 512)},
      {"one block", random_bytes(3, 4096)},
      {"a block and a byte", random_bytes(4, 4097)},
      {"last block short", seeded_disk(5, 300 * 1024 + 512)},
      {"odd size", seeded_disk(6, 200'001)},
      {"all zero", zero_bytes(3 << 20)},
      {"the same block everywhere", repeated(random_bytes(7, 4096), 700)},
      {"does not compress", random_bytes(8, 2 << 20)},
      {"compresses well", compressible_bytes(9, 2 << 20)},
      {"mixed", seeded_disk(10, 3 << 20)},
      {"a full region and a little", joined(zero_bytes(32 << 20), seeded_disk(11, 5 * 4096 + 100))},
      {"regions with zeros between", joined(joined(seeded_disk(12, 1 << 20), zero_bytes(32 << 20)), random_bytes(13, 1 << 20))},
  };
}

TEST(round_trip, gives_back_every_disk_from_a_vault) {
  for (const auto& d : disks()) {
    SCOPED_TRACE(d.name);
    const auto store = store::make_memory_store();
    make_vault(*store);
    const auto id = back_up_bytes(*store, d.bytes);
    EXPECT_TRUE(must(restored(*store, id)) == d.bytes);
    must(verified_clean(*store));
  }
}

TEST(round_trip, gives_back_every_disk_from_a_file) {
  for (const auto& d : disks()) {
    SCOPED_TRACE(d.name);
    sim_file_system files;
    io::memory_device device(d.bytes);
    const auto report = must(back_up_to_file(files, "/disk.umbra", sources_of(device)));
    EXPECT_TRUE(report.faults.empty());
    EXPECT_TRUE(must(restored_file(files, "/disk.umbra")) == d.bytes);
    EXPECT_EQ(files.all_files(), std::vector<std::string>{"/disk.umbra"});
  }
}

TEST(round_trip, counts_every_byte_once) {
  for (const auto& d : disks()) {
    SCOPED_TRACE(d.name);
    io::memory_device device(d.bytes);
    const auto report = must(back_up_discarding(sources_of(device)));
    const auto& s = report.image.sources.at(0);
    EXPECT_EQ(s.stored_bytes + s.zero_bytes + s.unallocated_bytes + s.unreadable_bytes + s.excluded_bytes, d.bytes.size());
    EXPECT_EQ(report.new_bytes + report.deduplicated_bytes + report.unchanged_bytes, s.stored_bytes);
    EXPECT_EQ(report.new_bytes, report.image.new_plain_bytes);
    EXPECT_EQ(report.bytes_read, d.bytes.size());
  }
}

TEST(round_trip, works_with_every_block_size_and_codec) {
  const auto disk = seeded_disk(20, (9 << 20) + 1536);
  io::memory_device device(disk);
  for (std::uint32_t block_size = 4 << 10; block_size <= 4 << 20; block_size *= 2) {
    for (const auto codec : {codec::codec_id::none, codec::codec_id::lz4, codec::codec_id::zstd}) {
      SCOPED_TRACE(testing::Message() << block_size << " " << codec::name_of(codec));
      const auto store = store::make_memory_store();
      make_vault(*store, block_size);
      backup_run run;
      run.options.codec.id = codec;
      const auto report = must(back_up(*store, sources_of(device), run));
      EXPECT_TRUE(must(restored(*store, report.image.id)) == disk);
      must(verified_clean(*store));
    }
  }
}

TEST(round_trip, works_with_every_block_size_in_a_file) {
  auto disk = seeded_disk(21, (9 << 20) + 1536);
  for (std::uint32_t block_size = 4 << 10; block_size <= 4 << 20; block_size *= 2) {
    SCOPED_TRACE(block_size);
    sim_file_system files;
    backup_run run;
    run.block_size = block_size;
    io::memory_device before(disk);
    must(back_up_to_file(files, "/full.umbra", sources_of(before), run));
    EXPECT_TRUE(must(restored_file(files, "/full.umbra")) == disk);
    change(disk, 5'000'000, 70'000);
    run.seed = 2;
    io::memory_device after(disk);
    must(back_up_to_file(files, "/next.umbra", sources_of(after), run, "/full.umbra"));
    EXPECT_TRUE(must(restored_file(files, "/next.umbra")) == disk);
  }
}

// Cuts on the grid, on files, and moved, in every order of three images.
TEST(round_trip, cuts_may_move_between_the_files_of_a_chain) {
  plan::allocation one;
  one.used = {{0, 3 << 20}};
  one.files = {{1536, 1 << 20, 0}, {2 << 20, 512 << 10, 0}};
  plan::allocation two = one;
  two.files = {{5120, 1 << 20, 0}, {(2 << 20) - 1024, 700 << 10, 0}};
  const std::vector<const plan::allocation*> layouts{nullptr, &one, &two};
  for (std::size_t first = 0; first < layouts.size(); ++first) {
    for (std::size_t second = 0; second < layouts.size(); ++second) {
      for (std::size_t third = 0; third < layouts.size(); ++third) {
        SCOPED_TRACE(testing::Message() << first << second << third);
        auto disk = seeded_disk(22, 3 << 20);
        sim_file_system files;
        std::string last;
        for (const auto layout : {first, second, third}) {
          io::memory_device device(disk);
          backup_run run;
          run.seed = 1 + files.all_files().size();
          const auto path = "/" + std::to_string(run.seed) + ".umbra";
          must(back_up_to_file(files, path, sources_of(device, layouts[layout]), run, last));
          EXPECT_TRUE(must(restored_file(files, path)) == disk);
          last = path;
          change(disk, 900'000 + 300'000 * run.seed, 20'000);
        }
      }
    }
  }
}

TEST(round_trip, an_empty_disk_is_an_image_of_no_bytes) {
  io::memory_device nothing(content{});
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto full = must(back_up(*store, sources_of(nothing)));
  backup_run next;
  next.seed = 2;
  next.parent = full.image.id;
  EXPECT_TRUE(must(restored(*store, must(back_up(*store, sources_of(nothing), next)).image.id)).empty());
  must(verified_clean(*store));
  sim_file_system files;
  must(back_up_to_file(files, "/empty.umbra", sources_of(nothing)));
  EXPECT_TRUE(must(restored_file(files, "/empty.umbra")).empty());
}

TEST(round_trip, repeated_blocks_are_stored_once) {
  io::memory_device device(repeated(random_bytes(7, 4096), 700));
  const auto report = must(back_up_discarding(sources_of(device)));
  EXPECT_EQ(report.new_bytes, 4096U);
  EXPECT_EQ(report.deduplicated_bytes, 699U * 4096U);
}

TEST(round_trip, zeros_cost_no_record) {
  io::memory_device device(zero_bytes(3 << 20));
  const auto report = must(back_up_discarding(sources_of(device)));
  EXPECT_EQ(report.blocks, 0U);
  EXPECT_EQ(report.image.sources[0].zero_bytes, 3U << 20);
}

TEST(round_trip, several_sources_share_one_image_and_its_records) {
  const auto first = seeded_disk(30, 1 << 20);
  const auto second = text_bytes("a very small disk");
  const auto empty = content{};
  io::memory_device a(first);
  io::memory_device b(second);
  io::memory_device c(first);
  source_list sources{{&a, nullptr, {}, "a"}, {&b, nullptr, {}, "b"}, {&c, nullptr, {}, "c"}};
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto report = must(back_up(*store, sources));
  EXPECT_LE(report.new_bytes, first.size() + second.size());
  EXPECT_TRUE(must(restored(*store, report.image.id, 0)) == first);
  EXPECT_TRUE(must(restored(*store, report.image.id, 1)) == second);
  EXPECT_TRUE(must(restored(*store, report.image.id, 2)) == first);
  must(verified_clean(*store));
}

TEST(round_trip, refuses_a_backup_of_nothing) {
  const auto store = store::make_memory_store();
  make_vault(*store);
  EXPECT_EQ(code_of(back_up(*store, {})), errc::usage);
  EXPECT_TRUE(images_of(*store).empty());
  must(verified_clean(*store));
}

// A device without bytes among others is an image of no bytes: a card reader without a card.
TEST(round_trip, keeps_a_source_of_size_0) {
  io::memory_device nothing(content{});
  io::memory_device something(random_bytes(1, 5000));
  const auto store = store::make_memory_store();
  make_vault(*store);
  const source_list sources{{&nothing, nullptr, {}, "none"}, {&something, nullptr, {}, "some"}, {&nothing, nullptr, {}, "none"}};
  const auto report = must(back_up(*store, sources));
  EXPECT_EQ(report.image.sources.size(), 3U);
  EXPECT_TRUE(must(restored(*store, report.image.id, 0)).empty());
  EXPECT_EQ(must(restored(*store, report.image.id, 1)), random_bytes(1, 5000));
  EXPECT_TRUE(must(restored(*store, report.image.id, 2)).empty());
  must(verified_clean(*store));
}

TEST(round_trip, images_a_window_of_a_device) {
  const auto disk = seeded_disk(40, 2 << 20);
  io::memory_device device(disk);
  const auto window = must(io::make_window(device, {63 * 512, 1'000'000}));
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto report = must(back_up(*store, sources_of(*window)));
  const content expected(disk.begin() + 63 * 512, disk.begin() + 63 * 512 + 1'000'000);
  EXPECT_TRUE(must(restored(*store, report.image.id)) == expected);
}

TEST(round_trip, leaves_out_what_is_unallocated_or_excluded) {
  const auto disk = random_bytes(50, 1 << 20);
  io::memory_device device(disk);
  plan::allocation allocation;
  allocation.used = {{0, 64 << 10}, {(128 << 10) + 512, 300 << 10}, {600 << 10, 424 << 10}};
  auto sources = sources_of(device, &allocation);
  sources[0].excluded = {{16 << 10, 8 << 10}, {500 << 10, 200 << 10}};  // the second reaches over unused and used
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto report = must(back_up(*store, sources));

  auto expected = disk;
  for (const auto& r : subtract({{0, disk.size()}}, subtract(allocation.used, sources[0].excluded)))
    std::ranges::fill(byte_span(expected).subspan(r.offset, r.size), std::byte{0});
  EXPECT_TRUE(must(restored(*store, report.image.id)) == expected);
  EXPECT_EQ(report.image.sources[0].excluded_bytes, 208U << 10);
  EXPECT_EQ(report.image.sources[0].stored_bytes, total_size(subtract(allocation.used, sources[0].excluded)));
}

TEST(round_trip, never_reads_holes) {
  content disk(100 << 20);
  fill_random(1, byte_span(disk).first(10'000));
  fill_random(2, byte_span(disk).subspan(70 << 20, 1 << 20));
  shaped_device device(disk);
  device.holes = {{12 << 10, (70ull << 20) - (12 << 10)}, {71ull << 20, 29ull << 20}};
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto report = must(back_up(*store, sources_of(device)));
  EXPECT_LE(report.bytes_read, (1U << 20) + (12U << 10) + (64U << 10));
  EXPECT_TRUE(must(restored(*store, report.image.id)) == disk);
  EXPECT_EQ(report.image.sources[0].zero_bytes + report.image.sources[0].stored_bytes, disk.size());
}

TEST(round_trip, reads_devices_that_want_alignment) {
  const auto disk = seeded_disk(60, (3 << 20) + 1536);
  for (const std::uint32_t alignment : {512U, 4096U}) {
    shaped_device device(disk);
    device.shape.alignment = alignment;
    device.shape.logical_sector = alignment;
    plan::allocation allocation;  // used ranges that no alignment fits
    allocation.used = {{512, 10 << 10}, {(40 << 10) + 1024, 1 << 20}, {2 << 20, (1 << 20) + 1536}};
    const auto store = store::make_memory_store();
    make_vault(*store);
    const auto report = must(back_up(*store, sources_of(device, &allocation)));
    EXPECT_TRUE(report.faults.empty());
    auto expected = disk;
    for (const auto& r : subtract({{0, disk.size()}}, allocation.used))
      std::ranges::fill(byte_span(expected).subspan(r.offset, r.size), std::byte{0});
    EXPECT_TRUE(must(restored(*store, report.image.id)) == expected) << alignment;
  }
}

TEST(round_trip, an_image_reads_as_a_device_at_odd_offsets) {
  const auto disk = joined(joined(seeded_disk(70, 1 << 20), zero_bytes(33 << 20)), seeded_disk(71, 70'003));
  const auto store = store::make_memory_store();
  make_vault(*store);
  const auto opened = must(open_image(*store, back_up_bytes(*store, disk)));
  const auto device = must(image::make_image_device(*opened, 0));
  ASSERT_EQ(device->geometry().size, disk.size());
  std::uint64_t state = 7;
  for (int i = 0; i < 300; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto offset = (state >> 20) % disk.size();
    const auto size = std::min<std::uint64_t>((state >> 8) % 100'000, disk.size() - offset);
    content out(size);
    must(device->read(offset, out));
    ASSERT_TRUE(std::equal(out.begin(), out.end(), disk.begin() + static_cast<std::ptrdiff_t>(offset))) << offset << "+" << size;
  }
  content byte(1);
  EXPECT_EQ(code_of(device->read(disk.size(), byte)), errc::out_of_range);
  EXPECT_TRUE(device->write(0, byte).has_error());
}

}  // namespace
}  // namespace umbra::test
