// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/none_provider.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/contract/provider_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

using shadow::result_code;

// Plain files that nobody has mounted.
struct none_subject {
  static std::string unavailable() { return ""; }
  static constexpr bool persists = false;
  static constexpr bool has_nodes = false;

  none_subject() {
    for (const char* name : {"a", "b"}) std::ofstream(dir.at(name)) << std::string(5000, name[0]);
  }
  shadow::provider& get() { return *provider; }
  void restart() {
    provider.reset();
    provider = shadow::make_none_provider({});
  }
  std::vector<shadow::volume> volumes() const {
    return {shadow::find_volume(dir.at("a")).value(), shadow::find_volume(dir.at("b")).value()};
  }
  static std::string traces() { return ""; }

  temp_dir dir;
  std::shared_ptr<shadow::provider> provider = shadow::make_none_provider({});
};

INSTANTIATE_TYPED_TEST_SUITE_P(none_of_files, provider_contract, none_subject);

struct none_provider : ::testing::Test {
  temp_dir dir;
  shadow::volume volume;
  shadow::volume now;  // what is found when the provider looks again
  std::shared_ptr<shadow::provider> provider;
  shadow::guid set{{std::byte{1}}};
  shadow::guid snapshot{{std::byte{2}}};

  void SetUp() override {
    std::ofstream(dir.at("disk")) << std::string(5000, 'x');
    volume = now = shadow::find_volume(dir.at("disk")).value();
    shadow::none_options options;
    options.find_volume = [this](const std::string&) { return now; };
    provider = shadow::make_none_provider(options);
  }
  result<void> make() {
    CHECK(provider->begin_prepare_snapshot(set, snapshot, volume, {}));
    for (std::size_t step = 0; step < provider_steps.size(); ++step) CHECK(take_step(*provider, step, set));
    return success();
  }
};

TEST_F(none_provider, refuses_what_somebody_may_write_to) {
  volume.read_only = false;
  volume.name = volume.mount_point = "/mnt";
  const auto refusal = provider->is_volume_supported(volume, {});
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, refusal));
  EXPECT_NE(refusal.error().text().find("/mnt is mounted for writing"), std::string::npos);
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, make()));
}

TEST_F(none_provider, looks_again_before_it_trusts) {
  now.read_only = false;  // mounted since it was found
  EXPECT_TRUE(refused(result_code::e_volume_not_supported_by_provider, make()));
}

TEST_F(none_provider, holds_nobody_and_is_its_own_device) {
  EXPECT_EQ(provider->holds(volume), shadow::provider::hold::none);
  ASSERT_TRUE(done(make()));
  EXPECT_EQ(provider->query().value().at(0).snapshot_device_object, dir.at("disk"));
}

TEST_F(none_provider, tells_when_it_was_written_to) {
  ASSERT_TRUE(done(make()));
  EXPECT_TRUE(done(provider->check_snapshot(snapshot)));
  std::ofstream(dir.at("disk"), std::ios::app) << "y";
  const auto checked = provider->check_snapshot(snapshot);
  ASSERT_TRUE(checked.has_error());
  EXPECT_EQ(checked.error().code(), errc::source_changed);
}

TEST_F(none_provider, tells_when_it_was_mounted_meanwhile) {
  ASSERT_TRUE(done(make()));
  now.read_only = false;
  EXPECT_TRUE(provider->check_snapshot(snapshot).has_error());
}

}  // namespace
}  // namespace umbra::test
