// SPDX-License-Identifier: GPL-3.0-or-later
// The freeze provider, told by the registry what of a volume is in use: as the program puts them together.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tuple>

#include "engine/base/units.h"
#include "engine/shadow/freeze_provider.h"
#include "formats/registry/allocation.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;

struct freeze_allocation_root : ::testing::TestWithParam<const char*> {
  void SetUp() override {
    const auto why = loop_kit_unavailable({"mkfs.ext3", "mkfs.ext4", "e2fsck"});
    if (!why.empty()) GTEST_SKIP() << why;
  }
  static std::string name_of(int number) { return "file" + std::to_string(number); }
  temp_dir dir;
};

TEST_P(freeze_allocation_root, what_is_in_use_is_all_that_a_file_system_needs) {
  constexpr auto size = 64_MiB;
  constexpr int files = 20;
  const loop_volume volume(dir.string(), "volume", GetParam(), size);
  for (int i = 0; i < files; ++i) fill_file(volume.at(name_of(i)), 300'000, static_cast<std::uint64_t>(i));
  shadow::freeze_options options;
  options.limit = size / 2;  // by what is in use
  options.understood = {GetParam()};
  options.used_ranges = [](io::device& device) -> result<range_list> {
    TRY(auto found, registry::allocation_of(device, {.cuts_on_files = false}));
    return std::move(found.used);
  };
  const auto provider = shadow::make_freeze_provider(options);
  const auto copy = set_maker::make_one(*provider, volume.point());
  const auto areas = provider->query_diff_areas();
  ASSERT_EQ(areas.value().size(), 1u);
  EXPECT_LT(areas.value()[0].used_space, size / 2);
  EXPECT_GT(areas.value()[0].used_space, files * 300'000u);
  const auto node = provider->node_of(copy);
  ASSERT_TRUE(node.has_value()) << node.assume_error().message();
  EXPECT_EQ(std::system(("PATH=$PATH:/usr/sbin:/sbin; e2fsck -fn " + node.value() + " >/dev/null 2>&1").c_str()), 0);
  const mounted seen(node.value(), GetParam(), dir.at("seen"), "", true);
  for (int i = 0; i < files; ++i) EXPECT_TRUE(read_file(seen.at(name_of(i))) == read_file(volume.at(name_of(i)))) << i;
}

INSTANTIATE_TEST_SUITE_P(all, freeze_allocation_root, ::testing::Values("ext3", "ext4"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace umbra::test
