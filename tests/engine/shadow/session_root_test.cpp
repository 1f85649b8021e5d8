// SPDX-License-Identifier: GPL-3.0-or-later
// Whole sessions over real volumes: writers that mend copies, and volumes that lie in each other.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "engine/base/units.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/backup_components.h"
#include "engine/shadow/freeze_provider.h"
#include "engine/shadow/reflink_provider.h"
#include "tests/contract/provider_contract.h"
#include "tests/support/shadow_disks.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;
using shadow::event;
using shadow::result_code;
using shadow::snapshot_context;
using attributes = shadow::volume_snapshot_attributes;

// Does as a test says at post_snapshot, and nothing else.
class mending_writer final : public shadow::writer {
 public:
  explicit mending_writer(std::function<void(const shadow::writer_session&)> mend) : mend_(std::move(mend)) {
    identity_.class_id.bytes[0] = identity_.instance_id.bytes[0] = std::byte{1};
    identity_.name = "mender";
  }
  const shadow::writer_identity& identity() const override { return identity_; }
  result<shadow::writer_metadata> identify(const shadow::writer_session&) override {
    shadow::writer_metadata document;
    document.identity = identity_;
    return document;
  }
  result<void> handle(const shadow::writer_call& call) override {
    if (call.what == event::post_snapshot) mend_(call.session);
    return success();
  }
  void cancel() noexcept override {}

 private:
  shadow::writer_identity identity_;
  std::function<void(const shadow::writer_session&)> mend_;
};

struct session_root : ::testing::Test {
  void SetUp() override {
    if (const auto why = loop_kit_unavailable({"mkfs.xfs", "mkfs.ext4"}); !why.empty()) GTEST_SKIP() << why;
    host.emplace(dir.string(), "host", "xfs", 900_MiB);
    shadow::reflink_options options;
    options.records = shadow::open_snapshot_records(dir.at("state"));
    options.minimum_free = 1_MiB;
    reflink = shadow::make_reflink_provider(options);
    shadow::freeze_options memory;
    memory.limit = 1_GiB;
    freeze = shadow::make_freeze_provider(memory);
  }
  std::unique_ptr<shadow::backup_components> session(attributes more = attributes::none) {
    shadow::environment world;
    world.providers = {reflink, freeze};
    world.random = random.get();
    if (mend) {
      world.start_writers = [this](const auto&) {
        return std::vector<std::shared_ptr<shadow::writer>>{std::make_shared<mending_writer>(mend)};
      };
    }
    auto s = shadow::create_backup_components(std::move(world));
    EXPECT_TRUE(done(s->initialize_for_backup()));
    EXPECT_TRUE(done(s->set_context(snapshot_context::backup, more)));
    EXPECT_TRUE(done(s->set_backup_state(false, false, shadow::backup_type::copy, false)));
    EXPECT_TRUE(done(s->gather_writer_metadata().value()->finish()));
    EXPECT_TRUE(done(s->start_snapshot_set()));
    return s;
  }
  static result<void> make(shadow::backup_components& s) {
    CHECK(s.prepare_for_backup().value()->finish());
    return s.do_snapshot_set().value()->finish();
  }

  temp_dir dir;
  std::unique_ptr<random_source> random = system_random();
  std::optional<loop_volume> host;
  std::shared_ptr<shadow::provider> reflink, freeze;
  std::function<void(const shadow::writer_session&)> mend;
};

TEST_F(session_root, writers_mend_the_copies_of_any_provider) {
  for (const auto& p : {reflink, freeze}) {
    for (const auto& [type, size, quiet] :
         {std::tuple{"ext4", 32_MiB, "noload"}, std::tuple{"xfs", 320_MiB, "norecovery,nouuid"}}) {
      SCOPED_TRACE(p->properties().provider_name + " " + type);
      loop_volume volume(host->point(), "volume", type, size);
      write_file(volume.at("secret"), "words");
      std::string device;
      mend = [&](const shadow::writer_session& session) {
        ASSERT_EQ(session.snapshot_paths.size(), 1u);
        device = session.snapshot_devices.at(0);
        EXPECT_TRUE(std::filesystem::remove(session.snapshot_paths[0] + "/secret"));
        write_file(session.snapshot_paths[0] + "/mended", "yes");
      };
      {
        const auto s = session();
        const auto copy = s->add_to_snapshot_set(volume.point(), p->properties().provider_id);
        ASSERT_TRUE(done(copy));
        ASSERT_TRUE(done(make(*s)));
        EXPECT_TRUE(device.starts_with("/dev/")) << device;
        EXPECT_TRUE(done(p->check_snapshot(copy.value())));
        const auto node = p->node_of(copy.value());
        ASSERT_TRUE(done(node));
        {
          const mounted seen(node.value(), type, dir.at("seen"), quiet, true);
          EXPECT_FALSE(std::filesystem::exists(seen.at("secret")));
          EXPECT_EQ(read_file(seen.at("mended")), "yes");
        }
        EXPECT_EQ(read_file(volume.at("secret")), "words");
        EXPECT_TRUE(done(p->release_node(copy.value())));
      }
      volume.detach();
      std::filesystem::remove(volume.file());
    }
  }
}

TEST_F(session_root, writers_have_no_path_without_auto_recovery) {
  const loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
  std::vector<std::string> devices, paths;
  mend = [&](const shadow::writer_session& session) {
    devices = session.snapshot_devices;
    paths = session.snapshot_paths;
  };
  const auto s = session(attributes::no_autorecovery);
  ASSERT_TRUE(done(s->add_to_snapshot_set(volume.point())));
  ASSERT_TRUE(done(make(*s)));
  EXPECT_EQ(paths, std::vector<std::string>{""});
  EXPECT_EQ(devices, std::vector<std::string>{""}) << "a clone without a name is read through its provider alone";
}

TEST_F(session_root, a_writer_that_stays_in_the_copy_spoils_it_and_nothing_is_left) {
  const loop_volume volume(host->point(), "volume", "ext4", 32_MiB);
  unique_fd held;
  std::string folder;
  mend = [&](const shadow::writer_session& session) {
    folder = session.snapshot_paths.at(0);
    held.reset(::open(folder.c_str(), O_RDONLY | O_CLOEXEC));
  };
  const auto s = session();
  ASSERT_TRUE(done(s->add_to_snapshot_set(volume.point())));
  EXPECT_TRUE(refused(result_code::e_volume_in_use, make(*s)));
  ASSERT_TRUE(held.is_open());
  EXPECT_TRUE(shadow::find_volume(folder).has_error()) << "nothing is mounted there any longer";
  EXPECT_TRUE(reflink->query().value().empty());
  held.reset();
  EXPECT_EQ(left_behind(host->point(), dir.at("state"), {volume.file(), volume.point()}), "");
}

TEST_F(session_root, volumes_in_each_other_are_not_held_still_together_by_whatever_providers) {
  const loop_volume outer(host->point(), "outer", "xfs", 320_MiB);
  const loop_volume inner(outer.point(), "inner", "ext4", 16_MiB);
  const auto freeze_id = freeze->properties().provider_id;
  const auto reflink_id = reflink->properties().provider_id;
  {
    const auto s = session();
    ASSERT_TRUE(done(s->add_to_snapshot_set(inner.point(), reflink_id)));
    EXPECT_TRUE(refused(result_code::e_nested_volume_limit, s->add_to_snapshot_set(outer.point(), freeze_id)));
    EXPECT_TRUE(refused(result_code::e_nested_volume_limit, s->add_to_snapshot_set(host->point(), freeze_id)));
    EXPECT_TRUE(done(make(*s))) << "without the other one";
  }
  const auto s = session();
  ASSERT_TRUE(done(s->add_to_snapshot_set(outer.point(), reflink_id)));
  EXPECT_TRUE(refused(result_code::e_nested_volume_limit, s->add_to_snapshot_set(inner.point(), reflink_id)));
  EXPECT_TRUE(refused(result_code::e_nested_volume_limit, s->add_to_snapshot_set(inner.point(), freeze_id)));
  EXPECT_TRUE(done(make(*s)));
  for (const auto& v : {host->point(), outer.point(), inner.point()}) EXPECT_FALSE(was_frozen(v)) << v;
}

}  // namespace
}  // namespace umbra::test
