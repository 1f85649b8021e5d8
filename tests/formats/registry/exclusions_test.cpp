// SPDX-License-Identifier: GPL-3.0-or-later
// Which rule takes which file; the file system is a made-up one. Real ones are left to tests/root/exclusions.sh.
#include "formats/registry/exclusions.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/units.h"
#include "engine/io/memory_device.h"

namespace umbra::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t volume_size = 16_MiB;

class made_up_format final : public plan::formatted_volume {
 public:
  explicit made_up_format(const char* kind) { facts_.kind = kind, facts_.id = "1234", facts_.size = volume_size; }

  plan::volume_facts facts() const override { return facts_; }
  result<plan::allocation> used_blocks(const plan::scan_options&) override { return plan::whole_volume(volume_size, "made up"); }
  result<std::vector<plan::file_data>> find_files(const plan::path_patterns& patterns) override {
    if (in_doubt) return error(errc::decode, "a tree that does not add up");
    auto found = files;
    const auto how = facts_.kind == "NTFS" ? plan::path_patterns::letter_case::folded : plan::path_patterns::letter_case::exact;
    std::erase_if(found, [&](const auto& f) { return !patterns.matches(f.path, how); });
    return found;
  }
  result<std::vector<plan::range_owner>> owners(const range_list& where) override { return plan::nobody_knows(where); }

  std::vector<plan::file_data> files;
  bool in_doubt = false;

 private:
  plan::volume_facts facts_;
};

struct outcome {
  plan::allocation map = plan::whole_volume(volume_size, "made up");
  io::memory_device volume{std::vector<std::byte>(volume_size)};

  void run(made_up_format& format, const std::vector<exclusion_rule>& rules) { leave_out_files(format, volume, rules, map); }
  std::vector<std::string> paths() const {
    std::vector<std::string> list;
    for (const auto& f : map.left_out) list.push_back(f.path);
    return list;
  }
};

exclusion_rule asked(const char* pattern) { return {pattern, std::string("--exclude-file ") + pattern, {}, {}, false, true}; }

TEST(exclusions, leave_out_what_windows_does_not_need_back) {
  made_up_format ntfs("NTFS");
  ntfs.files = {{"/PageFile.sys", 1_MiB, {{1_MiB, 1_MiB}}},
                {"/hiberfil.sys", 1_MiB, {{2_MiB, 1_MiB}}},
                {"/Users/pagefile.sys", 1_MiB, {{3_MiB, 1_MiB}}},
                {"/System Volume Information/{11111111-2222-3333-4444-555555555555}{3808876B-C176-4E48-B7AE-04046E6CC752}",
                 1_MiB,
                 {{4_MiB, 1_MiB}}},
                {"/System Volume Information/{3808876b-c176-4e48-b7ae-04046e6cc752}", 1_MiB, {{5_MiB, 1_MiB}}}};
  outcome o;
  o.run(ntfs, usual_exclusions());
  EXPECT_THAT(o.paths(), ElementsAre("/PageFile.sys", "/hiberfil.sys", HasSubstr("}{")));
  EXPECT_THAT(plan::left_out_ranges(o.map), ElementsAre(range{1_MiB, 2_MiB}, range{4_MiB, 1_MiB}));
  EXPECT_EQ(o.map.left_out[0].bytes, 1_MiB);
  EXPECT_EQ(o.map.left_out[1].why, "hibernation file of Windows");
}

TEST(exclusions, keep_files_of_those_names_on_other_file_systems) {
  made_up_format ext("ext4");
  ext.files = {{"/pagefile.sys", 1_MiB, {{1_MiB, 1_MiB}}}};
  outcome o;
  o.run(ext, usual_exclusions());
  EXPECT_THAT(o.paths(), IsEmpty());
}

TEST(exclusions, believe_that_a_file_is_swap_space_only_when_it_says_so) {
  made_up_format ext("ext4");
  ext.files = {{"/swapfile", 4_MiB, {{1_MiB, 4_MiB}}}, {"/swap.img", 4_MiB, {{8_MiB, 4_MiB}}}};
  outcome o;
  const std::string_view mark = "SWAPSPACE2";
  ASSERT_TRUE(o.volume.write(8_MiB + 4096 - mark.size(), as_bytes(mark)));
  // Version 1, and the last page: at first of an area that is smaller than the file, as a guest's disk may hold one.
  ASSERT_TRUE(o.volume.write(8_MiB + 1024, as_bytes(std::string_view("\x01\0\0\0\xff\0\0\0", 8))));
  o.run(ext, usual_exclusions());
  EXPECT_THAT(o.paths(), IsEmpty());
  ASSERT_TRUE(o.volume.write(8_MiB + 1024, as_bytes(std::string_view("\x01\0\0\0\xff\x03\0\0", 8))));
  o.run(ext, usual_exclusions());
  ASSERT_THAT(o.paths(), ElementsAre("/swap.img"));
  // The header stays: the restored file is swap space again.
  EXPECT_THAT(o.map.left_out[0].ranges, ElementsAre(range{8_MiB + 64_KiB, 4_MiB - 64_KiB}));
}

TEST(exclusions, follow_the_user_on_every_volume) {
  made_up_format ext("ext4");
  ext.files = {{"/a.iso", 1_MiB, {{1_MiB, 1_MiB}}}, {"/b/c.iso", 1_MiB, {{3_MiB, 1_MiB}}}, {"/d", 1_MiB, {{5_MiB, 1_MiB}}}};
  outcome o;
  o.run(ext, {asked("*.iso")});
  EXPECT_THAT(o.paths(), ElementsAre("/a.iso", "/b/c.iso"));
  EXPECT_EQ(o.map.left_out[0].why, "--exclude-file *.iso");
}

TEST(exclusions, are_bound_to_the_volume_they_name) {
  made_up_format ext("ext4");
  ext.files = {{"/vault/packs/1", 1_MiB, {{1_MiB, 1_MiB}}}};
  auto here = asked("/vault/**");
  auto elsewhere = here;
  here.volume_id = "1234";
  elsewhere.volume_id = "5678";
  outcome o;
  o.run(ext, {elsewhere});
  EXPECT_THAT(o.paths(), IsEmpty());
  o.run(ext, {here});
  EXPECT_THAT(o.paths(), ElementsAre("/vault/packs/1"));
}

TEST(exclusions, say_only_what_they_save) {
  made_up_format ext("ext4");
  ext.files = {{"/hole", 1_MiB, {}}, {"/half", 2_MiB, {{2_MiB, 2_MiB}}}};
  outcome o;
  o.map.used = {{3_MiB, 4_MiB}};
  o.run(ext, {asked("/*")});
  ASSERT_THAT(o.paths(), ElementsAre("/half"));
  EXPECT_EQ(o.map.left_out[0].bytes, 1_MiB);
}

TEST(exclusions, leave_nothing_out_in_doubt_and_say_so_when_asked) {
  made_up_format ext("ext4");
  ext.files = {{"/swapfile", 4_MiB, {{1_MiB, 4_MiB}}}};
  ext.in_doubt = true;
  outcome o;
  o.run(ext, usual_exclusions());
  EXPECT_THAT(o.map.left_out, IsEmpty());
  EXPECT_THAT(o.map.notes, ElementsAre("made up"));
  o.run(ext, {asked("/swapfile")});
  EXPECT_THAT(o.map.left_out, IsEmpty());
  EXPECT_THAT(o.map.notes, ElementsAre("made up", HasSubstr("nothing is left out (/swapfile): a tree that does not add up")));
}

}  // namespace
}  // namespace umbra::registry
