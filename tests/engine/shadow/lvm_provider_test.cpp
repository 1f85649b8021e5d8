// SPDX-License-Identifier: GPL-3.0-or-later
// The LVM providers over an LVM that only remembers what it was told.
#include "engine/shadow/lvm_provider.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/shadow/process_token.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

// One group with two thick volumes and two thin ones; makes and removes snapshots.
class scripted_lvm final : public lvm_tool {
 public:
  std::vector<std::string> commands;
  std::string fails;  // the command that begins so
  std::uint64_t free = 1 << 30;
  std::vector<logical_volume> volumes;

  scripted_lvm() { volumes = {make("a", "linear"), make("b", "linear"), make("t", "thin"), make("u", "thin")}; }

  result<std::string> lvm(const std::vector<std::string>& arguments) override {
    if (arguments.front() == "lvs") return report(arguments.back());
    CHECK(note(arguments));
    if (arguments.front() == "lvcreate") create(arguments);
    if (arguments.front() == "lvremove") std::erase_if(volumes, [&](const auto& v) { return v.full_name() == arguments.back(); });
    if (arguments.front() == "lvchange") change(arguments);
    return std::string();
  }
  result<std::string> dmsetup(const std::vector<std::string>& arguments) override {
    CHECK(note({arguments.front(), fmt::format("{}", fmt::join(arguments.begin() + 1, arguments.end(), " "))}));
    return std::string();
  }
  result<std::unique_ptr<lvm_hold>> hold(const std::vector<std::string>& mapped_names) override {
    CHECK(note({"hold", fmt::format("{}", fmt::join(mapped_names, " "))}));
    return std::unique_ptr<lvm_hold>(std::make_unique<scripted_hold>(*this));
  }

  // Whether any command had that option.
  bool was_given(const std::string& option) const { return std::ranges::find(options_, option) != options_.end(); }

  logical_volume& find(const std::string& name) {
    return *std::ranges::find_if(volumes, [&](const auto& v) { return v.full_name() == name; });
  }

 private:
  class scripted_hold final : public lvm_hold {
   public:
    explicit scripted_hold(scripted_lvm& owner) : owner_(owner) {}
    ~scripted_hold() override { (void)end().has_error(); }
    result<void> end() override { return std::exchange(ended_, true) ? success() : owner_.note({"go", "on"}); }

   private:
    scripted_lvm& owner_;
    bool ended_ = false;
  };

  logical_volume make(const std::string& name, const std::string& type) {
    logical_volume v;
    v.group = "vg";
    v.name = name;
    v.segment_type = type;
    v.attributes = "-wi-ao----";
    v.size = 256 << 20;
    v.extent_size = 4 << 20;
    if (type == "thin") v.pool = "po-ol";
    if (type == "thin") v.thin_id = next_thin_id_++;
    return v;
  }
  result<void> note(const std::vector<std::string>& arguments) {
    commands.push_back(fmt::format("{} {}", arguments.front(), arguments.back()));
    options_.insert(options_.end(), arguments.begin(), arguments.end());
    if (!fails.empty() && commands.back().starts_with(fails)) return error(errc::shadow_copy, "LVM says no");
    return success();
  }
  void create(const std::vector<std::string>& arguments) {
    const auto& origin = find(arguments.back());
    auto copy = make(arguments[5], origin.segment_type);
    copy.origin = origin.name;
    if (origin.is_thin()) copy.attributes[4] = '-';
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] == "--addtag") copy.tags.push_back(arguments[i + 1]);
      if (arguments[i] == "-L") copy.size = std::stoull(arguments[i + 1]);
    }
    volumes.push_back(copy);
  }
  void change(const std::vector<std::string>& arguments) {
    auto& v = find(arguments.back());
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] == "--addtag") v.tags.push_back(arguments[i + 1]);
      if (arguments[i] == "--deltag") std::erase(v.tags, arguments[i + 1]);
      if (arguments[i] == "-ay") v.attributes[4] = 'a';
    }
  }
  static std::string used(const logical_volume& v) { return v.data_percent ? fmt::format("{:.2f}", *v.data_percent) : ""; }
  std::string report(const std::string& only) const {
    std::string lines;
    for (const auto& v : volumes) {
      if (only.find('/') != std::string::npos && v.full_name() != only) continue;
      std::string tags;
      for (const auto& t : v.tags) tags += (tags.empty() ? "" : ",") + t;
      lines += fmt::format(
          R"({}{{"vg_name":"vg","lv_name":"{}","origin":"{}","pool_lv":"{}","segtype":"{}","lv_attr":"{}","lv_size":"{}",)"
          R"("data_percent":"{}","vg_free":"{}","vg_extent_size":"{}","thin_id":"{}","lv_tags":"{}"}})",
          lines.empty() ? "" : ",", v.name, v.origin, v.pool, v.segment_type, v.attributes, v.size, used(v), free, v.extent_size,
          v.thin_id, tags);
    }
    return R"({"report":[{"lv":[)" + lines + "]}]}";
  }

  std::uint64_t next_thin_id_ = 1;
  std::vector<std::string> options_;
};

volume mounted(const std::string& name, const std::string& where = "/mnt") {
  volume v;
  v.logical_volume = "vg/" + name;
  v.device = "/dev/mapper/vg-" + name;
  v.mapped_name = "vg-" + name;
  v.name = v.mount_point = where;
  v.size = 256 << 20;
  v.read_only = false;
  return v;
}

guid numbered(int n) {
  guid id;
  id.bytes[0] = static_cast<std::byte>(n);
  return id;
}

struct lvm : testing::Test {
  std::shared_ptr<scripted_lvm> tool = std::make_shared<scripted_lvm>();
  std::vector<std::string> recovered;
  std::int64_t time = 1'700'000'000;
  double writes = 0;  // bytes a second, to any volume
  std::optional<std::uint64_t> area_wanted;
  std::string owner = process_token();
  lvm_providers both = make();
  std::shared_ptr<provider>& thick = both.thick;
  std::shared_ptr<provider>& thin = both.thin;
  guid set = numbered(200);

  lvm_providers make() {
    lvm_options options;
    options.machine = "test";
    options.owner = owner;
    options.now = [this] { return time; };
    options.area_wanted = area_wanted;
    options.measure_load = [this](const volume& v) { return volume_load{v.size, v.size / 2, writes}; };
    options.recover = [this](const std::string& node, const volume& v) {
      recovered.push_back(node.substr(0, 13) + " of " + v.name);
      return success();
    };
    return make_lvm_providers(tool, options);
  }
  result<void> commit(provider& p, const std::vector<volume>& volumes, volume_snapshot_attributes attributes = {}) {
    int n = 0;
    for (const auto& v : volumes) CHECK(p.begin_prepare_snapshot(set, numbered(++n), v, attributes));
    CHECK(p.end_prepare_snapshots(set));
    CHECK(p.pre_commit_snapshots(set));
    return p.commit_snapshots(set);
  }
  result<void> finish(provider& p, std::uint32_t count) {
    CHECK(p.post_commit_snapshots(set, count));
    CHECK(p.pre_final_commit_snapshots(set));
    return p.post_final_commit_snapshots(set);
  }
};

TEST_F(lvm, takes_what_is_its_kind_and_fits) {
  EXPECT_TRUE(thick->is_volume_supported(mounted("a"), {}).has_value());
  EXPECT_TRUE(thin->is_volume_supported(mounted("t"), {}).has_value());
  EXPECT_TRUE(thick->is_volume_supported(mounted("t"), {}).has_error());
  EXPECT_TRUE(thin->is_volume_supported(mounted("a"), {}).has_error());
  volume plain;
  EXPECT_TRUE(thick->is_volume_supported(plain, {}).has_error());
  tool->free = 60 << 20;
  const auto small = thick->is_volume_supported(mounted("a"), {});
  ASSERT_TRUE(small.has_error());
  EXPECT_EQ(code_of(small.error()), result_code::e_insufficient_storage);
  EXPECT_TRUE(thin->is_volume_supported(mounted("t"), {}).has_value()) << "a pool needs no room in the group";
}

TEST_F(lvm, one_volume_is_left_to_lvm_alone) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}).has_value());
  EXPECT_EQ(tool->commands, (std::vector<std::string>{"lvcreate vg/a"}));
  EXPECT_EQ(thick->holds(mounted("a")), provider::hold::provider);
}

TEST_F(lvm, several_volumes_are_all_suspended_before_the_first_is_copied) {
  ASSERT_TRUE(commit(*thick, {mounted("a"), mounted("b")}).has_value());
  EXPECT_EQ(tool->commands, (std::vector<std::string>{"hold vg-a vg-b", "lvcreate vg/a", "lvcreate vg/b", "go on"}));
}

TEST_F(lvm, thin_volumes_are_copied_before_and_filled_while_all_stand_still) {
  ASSERT_TRUE(commit(*thin, {mounted("t"), mounted("u")}).has_value());
  EXPECT_EQ(tool->commands, (std::vector<std::string>{"lvcreate vg/t", "lvcreate vg/u", "message vg-po--ol-tpool 0 delete 3",
                                                      "message vg-po--ol-tpool 0 delete 4", "hold vg-t vg-u",
                                                      "message vg-po--ol-tpool 0 create_snap 3 1",
                                                      "message vg-po--ol-tpool 0 create_snap 4 2", "go on"}));
}

TEST_F(lvm, thick_and_thin_volumes_of_a_set_share_one_instant) {
  const std::vector<std::shared_ptr<provider>> providers{thin, thick};
  for (const auto& p : providers) {
    const auto v = mounted(p == thin ? "t" : "a");
    ASSERT_TRUE(p->begin_prepare_snapshot(set, numbered(p == thin ? 1 : 2), v, {}).has_value());
  }
  for (const auto& p : providers) ASSERT_TRUE(p->end_prepare_snapshots(set).has_value());
  for (const auto& p : providers) ASSERT_TRUE(p->pre_commit_snapshots(set).has_value());
  tool->commands.clear();
  for (const auto& p : providers) ASSERT_TRUE(p->commit_snapshots(set).has_value());
  EXPECT_EQ(tool->commands,
            (std::vector<std::string>{"hold vg-t vg-a", "message vg-po--ol-tpool 0 create_snap 3 1", "lvcreate vg/a", "go on"}));
}

TEST_F(lvm, everything_goes_on_when_the_other_kind_is_never_copied) {
  ASSERT_TRUE(thin->begin_prepare_snapshot(set, numbered(1), mounted("t"), {}).has_value());
  ASSERT_TRUE(thick->begin_prepare_snapshot(set, numbered(2), mounted("a"), {}).has_value());
  ASSERT_TRUE(thin->end_prepare_snapshots(set).has_value());
  ASSERT_TRUE(thin->pre_commit_snapshots(set).has_value());
  ASSERT_TRUE(thin->commit_snapshots(set).has_value());
  EXPECT_EQ(tool->commands.back(), "message vg-po--ol-tpool 0 create_snap 3 1");
  tool->fails = "lvcreate vg/a";
  EXPECT_TRUE(thick->commit_snapshots(set).has_error());
  EXPECT_EQ(tool->commands.back(), "go on");
}

TEST_F(lvm, nothing_stays_suspended_when_a_copy_fails) {
  for (const char* step : {"hold", "lvcreate vg/a", "lvcreate vg/b", "go on"}) {
    tool->commands.clear();
    tool->fails = step;
    EXPECT_TRUE(commit(*thick, {mounted("a"), mounted("b")}).has_error()) << step;
    EXPECT_EQ(std::ranges::count(tool->commands, "go on"), std::string(step) == "hold" ? 0 : 1) << step;
    tool->fails.clear();
    ASSERT_TRUE(thick->abort_snapshots(set).has_value());
    EXPECT_EQ(tool->volumes.size(), 4U) << step;
  }
}

TEST_F(lvm, nothing_is_left_when_thin_volumes_cannot_be_copied_together) {
  for (const char* step :
       {"lvcreate vg/u", "message vg-po--ol-tpool 0 delete", "hold", "message vg-po--ol-tpool 0 create_snap", "go on"}) {
    tool->commands.clear();
    tool->fails = step;
    EXPECT_TRUE(commit(*thin, {mounted("t"), mounted("u")}).has_error()) << step;
    tool->fails.clear();
    ASSERT_TRUE(thin->abort_snapshots(set).has_value());
    EXPECT_EQ(tool->volumes.size(), 4U) << step;
    EXPECT_EQ(std::ranges::count(tool->commands, "go on"),
              std::ranges::count(tool->commands, "hold vg-t vg-u") - (std::string(step) == "hold" ? 1 : 0))
        << step;
  }
}

TEST_F(lvm, only_thin_copies_are_woken) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}).has_value());
  ASSERT_TRUE(thick->post_commit_snapshots(set, 1).has_value());
  EXPECT_FALSE(tool->was_given("-K")) << "LVM would ask whether to change the origin, too";
  set = numbered(201);
  ASSERT_TRUE(commit(*thin, {mounted("t")}).has_value());
  ASSERT_TRUE(thin->post_commit_snapshots(set, 1).has_value());
  EXPECT_TRUE(tool->was_given("-K"));
}

TEST_F(lvm, the_file_system_recovers_in_the_copy_unless_it_must_not) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}).has_value());
  ASSERT_TRUE(finish(*thick, 1).has_value());
  EXPECT_EQ(recovered, (std::vector<std::string>{"/dev/vg/umbra of /mnt"}));
  set = numbered(201);
  ASSERT_TRUE(commit(*thin, {mounted("t")}, volume_snapshot_attributes::no_autorecovery).has_value());
  ASSERT_TRUE(finish(*thin, 1).has_value());
  EXPECT_EQ(recovered.size(), 1U);
}

TEST_F(lvm, does_not_stop_the_root_file_system_together_with_others) {
  const auto refused = commit(*thick, {mounted("a", "/"), mounted("b")});
  EXPECT_EQ(code_of(refused.error()), result_code::e_provider_veto);
  EXPECT_TRUE(tool->commands.empty());
}

TEST_F(lvm, a_copy_is_found_again_by_its_tags) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}, volume_snapshot_attributes::persistent | volume_snapshot_attributes::no_auto_release)
                  .has_value());
  ASSERT_TRUE(finish(*thick, 1).has_value());
  const auto again = make().thick;
  const auto copies = again->query();
  ASSERT_TRUE(copies.has_value());
  ASSERT_EQ(copies.value().size(), 1U);
  const auto& c = copies.value()[0];
  EXPECT_EQ(c.snapshot_id, numbered(1));
  EXPECT_EQ(c.snapshot_set_id, set);
  EXPECT_EQ(c.snapshots_count, 1U);
  EXPECT_EQ(c.original_volume_name, "/dev/vg/a");
  EXPECT_EQ(again->source_of(numbered(1)).value(), "/dev/vg/a") << "mounted or not";
  EXPECT_EQ(unix_seconds_of(c.creation_timestamp), 1'700'000'000);
  EXPECT_EQ(c.status, snapshot_state::created);
  EXPECT_TRUE(has(c.attributes, volume_snapshot_attributes::persistent));
  EXPECT_TRUE(make().thin->query().value().empty());
  ASSERT_TRUE(again->delete_snapshot(numbered(1)).has_value());
  EXPECT_EQ(code_of(again->delete_snapshot(numbered(1)).error()), result_code::e_object_not_found);
}

TEST_F(lvm, thin_copies_of_a_set_are_of_the_time_of_the_instant) {
  ASSERT_TRUE(thin->begin_prepare_snapshot(set, numbered(1), mounted("t"), {}).has_value());
  ASSERT_TRUE(thin->begin_prepare_snapshot(set, numbered(2), mounted("u"), {}).has_value());
  ASSERT_TRUE(thin->end_prepare_snapshots(set).has_value());
  ASSERT_TRUE(thin->pre_commit_snapshots(set).has_value());
  time += 100;
  ASSERT_TRUE(thin->commit_snapshots(set).has_value());
  ASSERT_TRUE(thin->post_commit_snapshots(set, 2).has_value());
  const auto copies = thin->query();
  ASSERT_EQ(copies.value().size(), 2U);
  for (const auto& c : copies.value()) EXPECT_EQ(unix_seconds_of(c.creation_timestamp), time);
}

TEST_F(lvm, a_thin_copy_that_sleeps_since_a_reboot_is_woken_when_it_is_wanted) {
  ASSERT_TRUE(commit(*thin, {mounted("t")}).has_value());
  ASSERT_TRUE(finish(*thin, 1).has_value());
  tool->commands.clear();
  ASSERT_TRUE(thin->node_of(numbered(1)).has_value());
  EXPECT_TRUE(tool->commands.empty()) << "awake";
  tool->volumes.back().attributes = "Vri---tz-k";
  ASSERT_TRUE(thin->node_of(numbered(1)).has_value());
  EXPECT_EQ(tool->volumes.back().attributes[4], 'a');
}

TEST_F(lvm, a_copy_that_overflowed_is_lost) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}).has_value());
  ASSERT_TRUE(finish(*thick, 1).has_value());
  EXPECT_TRUE(thick->check_snapshot(numbered(1)).has_value());
  tool->volumes.back().attributes = "swi-I-s---";
  EXPECT_EQ(code_of(thick->check_snapshot(numbered(1)).error()), result_code::e_insufficient_storage);
  EXPECT_EQ(thick->query_diff_areas().value().at(0).fault, protection_fault::diff_area_full);
}

TEST_F(lvm, the_space_of_thin_copies_is_their_pool) {
  logical_volume pool;
  pool.group = "vg";
  pool.name = "po-ol";
  pool.segment_type = "thin-pool";
  pool.attributes = "twi-aotz--";
  pool.size = 1 << 30;
  pool.data_percent = 25;
  tool->volumes.push_back(pool);
  ASSERT_TRUE(commit(*thin, {mounted("t")}).has_value());
  auto areas = thin->query_diff_areas();
  EXPECT_EQ(areas.value().at(0).allocated_space, 1U << 30);
  EXPECT_EQ(areas.value().at(0).used_space, 1U << 28);
  EXPECT_EQ(areas.value().at(0).fault, protection_fault::none);
  tool->find("vg/po-ol").data_percent = 100;
  areas = thin->query_diff_areas();
  EXPECT_EQ(areas.value().at(0).fault, protection_fault::diff_area_full);
}

TEST_F(lvm, copies_that_are_auto_released_go_with_the_provider) {
  ASSERT_TRUE(commit(*thin, {mounted("t")}).has_value());
  ASSERT_TRUE(finish(*thin, 1).has_value());
  EXPECT_EQ(tool->volumes.size(), 5U);
  both = {};
  EXPECT_EQ(tool->volumes.size(), 4U);
}

TEST_F(lvm, what_a_dead_process_left_goes_before_the_next_set) {
  owner = "1.1.1.another-boot";
  const auto dead = make();
  ASSERT_TRUE(commit(*dead.thin, {mounted("t")}).has_value());
  set = numbered(201);
  ASSERT_TRUE(dead.thick->begin_prepare_snapshot(set, numbered(2), mounted("a"), volume_snapshot_attributes::no_auto_release)
                  .has_value());
  ASSERT_TRUE(dead.thick->commit_snapshots(set).has_value());
  EXPECT_EQ(tool->volumes.size(), 6U);

  set = numbered(202);
  ASSERT_TRUE(thin->begin_prepare_snapshot(set, numbered(3), mounted("t"), {}).has_value());
  ASSERT_TRUE(thick->begin_prepare_snapshot(set, numbered(4), mounted("a"), {}).has_value());
  EXPECT_EQ(tool->volumes.size(), 5U) << "what persists stays";
  EXPECT_EQ(tool->volumes.back().origin, "a");
}

TEST_F(lvm, what_a_living_process_made_stays) {
  const auto other = make();
  ASSERT_TRUE(commit(*other.thin, {mounted("t")}).has_value());
  set = numbered(201);
  ASSERT_TRUE(thin->begin_prepare_snapshot(set, numbered(3), mounted("t"), {}).has_value());
  EXPECT_EQ(tool->volumes.size(), 5U);
}

TEST_F(lvm, the_area_is_a_share_of_the_volume_at_least) {
  ASSERT_TRUE(commit(*thick, {mounted("a")}).has_value());
  EXPECT_EQ(tool->volumes.back().size, 64U << 20) << "the least";
  volume huge = mounted("b");
  huge.size = 4ull << 30;
  tool->free = 8ull << 30;
  set = numbered(201);
  ASSERT_TRUE(thick->begin_prepare_snapshot(set, numbered(9), huge, {}).has_value());
  ASSERT_TRUE(thick->commit_snapshots(set).has_value());
  EXPECT_EQ(tool->volumes.back().size, 412U << 20) << "a tenth, in whole extents";
}

// A volume of 4 GiB, half of it used: read in 22 s, and a minute for the rest.
struct lvm_area : lvm {
  volume big = mounted("a");
  lvm_area() {
    big.size = 4ull << 30;
    tool->free = 8ull << 30;
  }
  std::uint64_t area_of_copy(volume_snapshot_attributes attributes = {}) {
    set.bytes[1] = static_cast<std::byte>(++count_);
    const auto made = commit(*thick, {big}, attributes);
    EXPECT_TRUE(made.has_value()) << made.error().message();
    const auto size = tool->volumes.back().size;
    EXPECT_TRUE(thick->abort_snapshots(set).has_value());
    return size >> 20;
  }

 private:
  int count_ = 0;
};

TEST_F(lvm_area, is_what_will_be_written_until_all_is_read) {
  EXPECT_EQ(area_of_copy(), 412U) << "a tenth, when nothing is known to be written";
  writes = 10e6;
  const auto busy = area_of_copy();
  EXPECT_GT(busy, 2200U);
  EXPECT_LT(busy, 2500U);
  writes = 1e9;
  EXPECT_EQ(area_of_copy(), 4096U + 64 + 8) << "never more than the volume can lose";
}

TEST_F(lvm_area, is_what_the_group_has_if_that_is_less_than_the_forecast) {
  writes = 10e6;
  tool->free = (1ull << 30) + 5;
  EXPECT_EQ(area_of_copy(), 1024U);
  tool->free = 60 << 20;
  EXPECT_EQ(code_of(commit(*thick, {big}).error()), result_code::e_insufficient_storage);
}

TEST_F(lvm_area, of_a_copy_that_lasts_is_a_tenth_of_a_large_volume_too) {
  big.size = 40ull << 30;
  tool->free = 80ull << 30;
  EXPECT_EQ(area_of_copy(), 1024U);
  EXPECT_EQ(area_of_copy(volume_snapshot_attributes::no_auto_release), 4096U);
}

TEST_F(lvm_area, is_what_somebody_asks_for_or_there_is_no_copy) {
  area_wanted = (100 << 20) + 1;
  both = make();
  writes = 1e9;
  EXPECT_EQ(area_of_copy(), 104U);
  area_wanted = ~0ull;
  both = make();
  EXPECT_EQ(area_of_copy(), 4096U + 64 + 8);
  area_wanted = 200 << 20;
  both = make();
  tool->free = 196 << 20;
  const auto refused = thick->is_volume_supported(big, {});
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(code_of(refused.error()), result_code::e_insufficient_storage);
  EXPECT_NE(refused.error().text().find("196 MiB free, the copy's area needs 200 MiB"), std::string::npos)
      << refused.error().text();
}

TEST_F(lvm_area, copies_of_one_set_share_what_is_free) {
  tool->free = 500 << 20;
  auto other = mounted("b");
  other.size = 4ull << 30;
  ASSERT_TRUE(commit(*thick, {big, other}).has_value());
  EXPECT_EQ(tool->volumes[4].size >> 20, 412U);
  EXPECT_EQ(tool->volumes[5].size >> 20, 88U);
  ASSERT_TRUE(thick->abort_snapshots(set).has_value());
  tool->free = 470 << 20;
  EXPECT_EQ(code_of(commit(*thick, {big, other}).error()), result_code::e_insufficient_storage);
}

}  // namespace
}  // namespace umbra::shadow
