// SPDX-License-Identifier: GPL-3.0-or-later
// Real swap space made by mkswap, with all page sizes.
#include "formats/fs/swap.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "tests/fuzz/volume_checks.h"
#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::fs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class made_swap {
 public:
  explicit made_swap(std::uint32_t page, std::uint64_t size = 4 << 20) : path_(dir_.at("swap")) {
    test::shell(fmt::format("truncate -s {} {} && mkswap -p {} -L Umbra -U 01234567-89ab-cdef-0123-456789abcdef {}", size, path_,
                            page, path_));
  }
  void write(std::uint64_t offset, std::string_view bytes) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }
  std::unique_ptr<io::device> open() const { return std::move(io::open_device(path_, {}).value()); }

 private:
  test::temp_dir dir_;
  std::string path_;
};

plan::allocation map_of(io::device& volume) { return recognise_swap(volume).value()->used_blocks({}).value(); }

void expect_whole(const made_swap& swap, const char* words) {
  const auto device = swap.open();
  const auto map = map_of(*device);
  EXPECT_EQ(map.used, (range_list{{0, device->geometry().size}}));
  EXPECT_THAT(map.notes, ElementsAre(HasSubstr(words)));
}

}  // namespace

TEST(swap_volume, uses_its_first_page_only) {
  for (std::uint32_t page = 4096; page <= 65536; page *= 2) {
    const made_swap swap(page);
    const auto device = swap.open();
    const auto found = recognise_swap(*device).value();
    ASSERT_NE(found, nullptr) << page;
    EXPECT_EQ(found->facts().label, "Umbra");
    EXPECT_EQ(found->facts().id, "01234567-89ab-cdef-0123-456789abcdef");
    EXPECT_EQ(found->facts().size, 4u << 20);
    EXPECT_EQ(found->facts().cluster, page);
    const auto map = found->used_blocks({}).value();
    EXPECT_EQ(map.used, (range_list{{0, page}}));
    EXPECT_THAT(map.notes, Contains(HasSubstr("not copied")));
    EXPECT_EQ(found->find_files(plan::path_patterns({"*"})).error().code(), errc::unsupported);
    fuzz::check_owners(found->owners({{100, 20000}}).value(), {{100, 20000}});
  }
}

TEST(swap_volume, uses_what_lies_behind_it) {
  const made_swap swap(4096, (4 << 20) + 1000);
  const auto device = swap.open();
  EXPECT_EQ(map_of(*device).used, (range_list{{0, 4096}, {4 << 20, 1000}}));
}

TEST(swap_volume, with_a_hibernated_system_is_copied_whole) {
  for (const auto* word : {"S1SUSPEND", "S2SUSPEND", "ULSUSPEND", "LINHIB0001", "\xed\xc3\x02\xe9\x98\x56\xe5\x0c"}) {
    made_swap swap(4096);
    swap.write(4086, word);
    expect_whole(swap, "hibernated");
  }
}

TEST(swap_volume, that_is_not_understood_is_copied_whole) {
  made_swap old(4096);
  old.write(4086, "SWAP-SPACE");
  expect_whole(old, "of a kind");
  made_swap newer(4096);
  newer.write(1024, "\2");
  expect_whole(newer, "unknown version");
  made_swap large(4096);
  large.write(1028, std::string("\0\4\0\0", 4));
  expect_whole(large, "larger than its volume");
}

TEST(swap_volume, is_nothing_without_a_signature) {
  for (const std::uint64_t size : {0u, 4095u, 4096u, 1u << 20}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_swap(device).value(), nullptr);
  }
}

}  // namespace umbra::fs
