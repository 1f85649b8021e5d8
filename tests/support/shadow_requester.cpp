// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/shadow_requester.h"

#include <filesystem>

#include "engine/base/units.h"
#include "engine/shadow/process_writer.h"
#include "engine/shadow/reflink_provider.h"
#include "engine/shadow/set_lock.h"

namespace umbra::test {
namespace {

using namespace umbra::literals;

result<void> finish(result<shadow::async_ptr> call) {
  CHECK(call);
  return call.assume_value()->finish();
}

// Of this process: tells the test of events.
class telling_writer final : public shadow::writer {
 public:
  explicit telling_writer(const said& at) : at_(at) {
    self_.class_id = self_.instance_id = shadow::guid{{std::byte{0xEE}}};
    self_.name = "telling writer";
  }
  const shadow::writer_identity& identity() const override { return self_; }
  result<shadow::writer_metadata> identify(const shadow::writer_session&) override {
    shadow::writer_metadata m;
    m.identity = self_;
    return m;
  }
  result<void> handle(const shadow::writer_call& call) override {
    return at_("writer " + std::string(shadow::name_of(call.what)));
  }
  void cancel() noexcept override {}

 private:
  const said& at_;
  shadow::writer_identity self_;
};

}  // namespace

shadow_machine::shadow_machine(const std::string& type)
    : host(dir.string(), "host", type, type == "xfs" ? 320_MiB : 256_MiB), volume(host.point(), "volume", "ext4", 16_MiB) {
  fill_file(volume.at("data"), 3_MiB, 1);
  std::filesystem::create_directory(dir / "notes");
}

std::shared_ptr<shadow::provider> shadow_machine::make_provider() const {
  shadow::reflink_options options;
  options.records = shadow::open_snapshot_records(dir.at("state"));
  options.minimum_free = 1_MiB;
  return shadow::make_reflink_provider(options);
}

std::vector<std::shared_ptr<shadow::writer>> shadow_machine::start_writers(const std::function<void(std::string)>& problem) {
  std::vector<std::shared_ptr<shadow::writer>> writers{std::make_shared<telling_writer>(at)};
  const auto program = std::string(UMBRA_SOURCE_DIR) + "/docs/examples/notes-writer";
  auto started = shadow::process_writer::start({{program}, {"UMBRA_WRITER_NOTES=" + dir.at("notes")}});
  const auto present =
      started.has_value() ? started.assume_value()->greet({{std::byte{1}}}) : result<bool>(started.assume_error());
  if (present.has_error()) problem(present.assume_error().message());
  if (present.has_value()) writers.push_back(std::move(started).assume_value());
  return writers;
}

std::unique_ptr<shadow::backup_components> shadow_machine::session() {
  shadow::environment e;
  e.providers = {std::make_shared<watched_provider>(make_provider(), [this](const std::string& where) { return at(where); })};
  e.start_writers = [this](const auto& problem) { return start_writers(problem); };
  e.lock_sets = [this] { return shadow::take_set_lock(lock_path()); };
  e.hold_limit = hold_limit;
  e.writer_limit = writer_limit;
  e.random = random_.get();
  e.now = system_wall_clock();
  e.machine = "test";
  return shadow::create_backup_components(std::move(e));
}

result<shadow::guid> shadow_machine::make_copy(shadow::backup_components& s, shadow::snapshot_context context) {
  CHECK(s.initialize_for_backup());
  CHECK(at("initialize_for_backup"));
  CHECK(s.set_context(context));
  CHECK(s.set_backup_state(false, false, shadow::backup_type::copy, false));
  CHECK(finish(s.gather_writer_metadata()));
  CHECK(at("gather_writer_metadata"));
  CHECK(s.start_snapshot_set());
  CHECK(at("start_snapshot_set"));
  TRY(const auto copy, s.add_to_snapshot_set(volume.point()));
  CHECK(at("add_to_snapshot_set"));
  CHECK(finish(s.prepare_for_backup()));
  CHECK(at("prepare_for_backup"));
  CHECK(finish(s.do_snapshot_set()));
  CHECK(at("do_snapshot_set"));
  return copy;
}

result<void> shadow_machine::take_image(shadow::backup_components& s, const shadow::guid& copy) {
  TRY(const auto device, s.open_snapshot(copy));
  copied_.resize(device->geometry().size);
  CHECK(device->read(0, copied_));
  backup_run run;
  run.options.before_commit = [&]() -> result<void> {
    CHECK(at("before_commit"));
    return s.check_snapshot(copy);
  };
  const auto files = store::system_file_system();
  CHECK(back_up_to_file(*files, image_path(), sources_of(*device), run));
  CHECK(finish(s.backup_complete()));
  return at("backup_complete");
}

result<void> shadow_machine::back_up(shadow::backup_components& s, shadow::snapshot_context context) {
  TRY(const auto copy, make_copy(s, context));
  return take_image(s, copy);
}

error shadow_machine::refusal(shadow::backup_components& s) {
  const auto made = make_copy(s);
  EXPECT_TRUE(made.has_error());
  return made.has_error() ? made.error() : error();
}

void shadow_machine::expect_next_requester_succeeds() {
  at = [](const std::string&) { return success(); };
  {
    const auto s = session();
    const auto done = back_up(*s);
    EXPECT_TRUE(done.has_value()) << done.error().message();
    expect_image_whole();
  }
  expect_all_go_on();
  EXPECT_EQ(left_behind(), "");
  std::filesystem::remove(image_path());
}

bool shadow_machine::is_held() const { return std::filesystem::exists(dir / "notes/HOLD"); }

bool shadow_machine::has_image() const { return restored_file(*store::system_file_system(), image_path()).has_value(); }

void shadow_machine::expect_image_whole() {
  const auto bytes = restored_file(*store::system_file_system(), image_path());
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message();
  EXPECT_TRUE(bytes.value() == copied_);
}

void shadow_machine::expect_all_go_on() const {
  EXPECT_FALSE(was_frozen(volume.point()));
  EXPECT_FALSE(was_frozen(host.point()));
  EXPECT_FALSE(is_held());
  const auto lock = shadow::take_set_lock(lock_path());
  EXPECT_TRUE(lock.has_value()) << lock.error().message();
}

std::string shadow_machine::left_behind() const {
  return test::left_behind(host.point(), dir.at("state"), {volume.file(), volume.point()});
}

}  // namespace umbra::test
