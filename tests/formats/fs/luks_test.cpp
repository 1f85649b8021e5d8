// SPDX-License-Identifier: GPL-3.0-or-later
// Real volumes made by cryptsetup, of both versions.
#include "formats/fs/luks.h"

#include <cstdlib>

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

constexpr const char* id = "01234567-89ab-cdef-0123-456789abcdef";

class luks_volume : public testing::TestWithParam<unsigned> {
  void SetUp() override {
    if (std::system("PATH=$PATH:/usr/sbin; command -v cryptsetup >/dev/null") != 0) GTEST_SKIP() << "cryptsetup is not installed";
  }
};

}  // namespace

TEST_P(luks_volume, is_copied_whole_and_says_why) {
  const test::temp_dir dir;
  const auto path = dir.at("volume");
  test::shell(
      fmt::format("truncate -s 20M {0}; echo secret | cryptsetup luksFormat -q --type luks{1} --pbkdf pbkdf2 "
                  "--pbkdf-force-iterations 1000 --uuid {2} {3} {0}",
                  path, GetParam(), id, GetParam() == 2 ? "--label Umbra" : ""));
  const auto device = std::move(io::open_device(path, {}).value());
  const auto found = recognise_luks(*device).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->facts().kind, "LUKS");
  EXPECT_EQ(found->facts().id, id);
  EXPECT_EQ(found->facts().label, GetParam() == 2 ? "Umbra" : "");
  const auto map = found->used_blocks({}).value();
  const range_list whole{{0, device->geometry().size}};
  EXPECT_EQ(map.used, whole);
  EXPECT_THAT(map.notes, testing::ElementsAre(fmt::format("LUKS {}, encrypted: copied whole", GetParam())));
  EXPECT_EQ(found->find_files(plan::path_patterns({"*"})).error().code(), errc::unsupported);
  const auto owners = found->owners(whole).value();
  fuzz::check_owners(owners, whole);
  ASSERT_EQ(owners.size(), 2u);
  EXPECT_EQ(owners[0].name, "LUKS header");
  EXPECT_EQ(owners[1].name, "encrypted");
}

INSTANTIATE_TEST_SUITE_P(cryptsetup, luks_volume, testing::Values(1u, 2u));

TEST(luks, is_nothing_without_its_magic) {
  for (const std::uint64_t size : {0u, 6u, 208u, 65536u}) {
    io::memory_device device(size);
    EXPECT_EQ(recognise_luks(device).value(), nullptr);
  }
}

TEST(luks, of_an_unknown_version_is_copied_whole) {
  std::vector<std::byte> bytes(8192);
  const auto magic = as_bytes(std::string_view("LUKS\xba\xbe\0\x09", 8));
  std::ranges::copy(magic, bytes.begin());
  io::memory_device device(bytes);
  const auto found = recognise_luks(device).value();
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->used_blocks({}).value().notes.front(), "LUKS 9, encrypted: copied whole");
  fuzz::check_volume(*found, bytes.size());
}

}  // namespace umbra::fs
