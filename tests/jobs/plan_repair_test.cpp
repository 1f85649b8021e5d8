// SPDX-License-Identifier: GPL-3.0-or-later
// A writer meets a collector: packs are condemned or gone, or the session is declared dead, at the worst moments.
#include <algorithm>

#include <gtest/gtest.h>

#include "formats/native/objects.h"
#include "formats/native/vault_objects.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

// Tells a test which object was just put.
class watched_store final : public store::store {
 public:
  using after_put = std::function<void(const std::string&)>;
  watched_store(store& inner, after_put hook) : inner_(inner), hook_(std::move(hook)) {}

  std::string location() const override { return inner_.location(); }
  result<void> put_if_absent(const std::string& name, byte_view bytes) override {
    auto done = inner_.put_if_absent(name, bytes);
    if (done.has_value()) hook_(name);
    return done;
  }
  result<std::unique_ptr<umbra::store::object_writer>> create(const std::string& name) override { return inner_.create(name); }
  result<std::unique_ptr<umbra::store::input_file>> open(const std::string& name) override { return inner_.open(name); }
  result<content> get(const std::string& name, std::uint64_t limit) override { return inner_.get(name, limit); }
  result<std::vector<umbra::store::object_entry>> list(const std::string& prefix) override { return inner_.list(prefix); }
  result<void> remove(const std::string& name) override { return inner_.remove(name); }
  result<std::unique_ptr<umbra::store::file_lock>> lock(const std::string& name) override { return inner_.lock(name); }

 private:
  store& inner_;
  after_put hook_;
};

class plan_repair : public testing::Test {
 protected:
  plan_repair() {
    make_vault(*store_);
    domain_ = must(native::vault::open(*store_, native::intent::read))->keys().id;
    parent_ = back_up_bytes(*store_, disk_);
  }

  void condemn(const std::string& epoch, const std::vector<image::pack_id>& packs) {
    const auto body = native::encode_condemned(packs);
    const auto object = native::encode_object(native::object_kind::condemned, domain_, {}, body);
    must(store_->put_if_absent("condemned/" + epoch, object));
  }
  std::vector<image::pack_id> packs_present() {
    std::vector<image::pack_id> ids;
    for (const auto& [id, size] : must(native::list_packs(*store_))) ids.push_back(id);
    return ids;
  }
  // Backs up while `hook` is called after every object that is put.
  result<jobs::backup_report> take(const content& disk, bool incremental, const watched_store::after_put& hook) {
    watched_store watched(*store_, hook);
    io::memory_device device(disk);
    backup_run run;
    run.seed = 2;
    run.name = "second";
    if (incremental) run.parent = parent_;
    return back_up(watched, sources_of(device), run);
  }
  void expect_clean_image(const image::session_id& id, const content& expected) {
    const auto opened = must(open_image(*store_, id));
    EXPECT_TRUE(must(restored(*opened)) == expected);
    flow::progress progress;
    const auto report = must(native::verify_image(*opened, {.deep = true, .threads = 1}, progress, {}));
    EXPECT_TRUE(report.faults.empty());
  }
  std::uint32_t plan_of(const image::session_id& id) {
    return must(must(native::vault::open(*store_, native::intent::read))->manifest_of(id)).plan;
  }

  std::unique_ptr<store::store> store_ = store::make_memory_store();
  content disk_ = seeded_disk(1, (33 << 20) + 5000);
  image::domain_id domain_;
  image::session_id parent_;
};

TEST_F(plan_repair, stores_again_what_lies_in_a_condemned_pack) {
  auto disk = disk_;
  change(disk, 100'000);
  const auto packs = packs_present();
  const auto report = must(take(disk, true, [&](const std::string& name) {
    if (name.ends_with("plan-0")) condemn("1", packs);
  }));
  EXPECT_EQ(plan_of(report.image.id), 1U);
  for (const auto& p : packs) must(store_->remove(native::pack_name(p)));
  expect_clean_image(report.image.id, disk);
}

TEST_F(plan_repair, of_a_full_image_that_deduplicated_against_it) {
  const auto packs = packs_present();
  const auto report = must(take(disk_, false, [&](const std::string& name) {
    if (name.ends_with("begin")) condemn("1", packs);
  }));
  EXPECT_EQ(report.new_bytes, 0U) << "or nothing is repaired here";
  EXPECT_EQ(plan_of(report.image.id), 1U);
  for (const auto& p : packs) must(store_->remove(native::pack_name(p)));
  expect_clean_image(report.image.id, disk_);
}

TEST_F(plan_repair, keeps_what_lies_in_other_packs) {
  auto disk = disk_;
  change(disk, 100'000, 8192);
  backup_run run;
  run.parent = parent_;
  run.seed = 7;
  const auto second = back_up_bytes(*store_, disk, run);
  std::vector<image::pack_id> small;
  for (const auto& p : packs_present()) {
    if (p.session == second) small.push_back(p);
  }
  ASSERT_EQ(small.size(), 1U);
  const auto before = must(store_->list("packs/")).size();
  parent_ = second;
  const auto report = must(take(disk, true, [&](const std::string& name) {
    if (name.ends_with("plan-0")) condemn("1", small);
  }));
  EXPECT_EQ(must(store_->list("packs/")).size(), before + 1);
  EXPECT_LT(report.image.new_stored_bytes, 1U << 20);
  must(store_->remove(native::pack_name(small[0])));
  expect_clean_image(report.image.id, disk);
}

TEST_F(plan_repair, stores_everything_anew_when_the_packs_go_before_they_are_looked_up) {
  const auto packs = packs_present();
  const auto report = must(take(disk_, false, [&](const std::string& name) {
    if (!name.ends_with("begin")) return;
    for (const auto& p : packs) must(store_->remove(native::pack_name(p)));
  }));
  EXPECT_EQ(plan_of(report.image.id), 0U);
  expect_clean_image(report.image.id, disk_);
}

TEST_F(plan_repair, fails_when_the_pack_is_gone_already) {
  const auto packs = packs_present();
  const auto failed = take(disk_, false, [&](const std::string& name) {
    if (!name.ends_with("plan-0")) return;
    for (const auto& p : packs) must(store_->remove(native::pack_name(p)));
  });
  ASSERT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().code(), errc::damaged);
  EXPECT_NE(failed.error().message().find(native::to_string(packs[0])), std::string::npos) << failed.error().message();
  for (const auto& id : images_of(*store_)) EXPECT_EQ(id, parent_);
}

TEST_F(plan_repair, gives_up_when_condemned_without_end) {
  int epoch = 0;
  const auto failed = take(disk_, true, [&](const std::string& name) {
    if (name.find("/plan-") != std::string::npos) condemn(std::to_string(++epoch), packs_present());
  });
  EXPECT_EQ(code_of(failed), errc::busy);
  EXPECT_EQ(images_of(*store_), std::vector{parent_});
}

TEST_F(plan_repair, a_session_declared_dead_makes_no_image) {
  for (const char* when : {"begin", "plan-0"}) {
    image::session_id session;
    const auto failed = take(disk_, true, [&](const std::string& name) {
      if (!name.ends_with(when)) return;
      session = *id_from_hex<image::session_id>(name.substr(9, 32));
      const auto dead = native::encode_outcome({native::verdict::dead, 0, {}});
      must(store_->put_if_absent(native::session_object(session, "outcome"),
                                 native::encode_object(native::object_kind::outcome, domain_, session, dead)));
    });
    EXPECT_EQ(code_of(failed), errc::busy) << when;
    EXPECT_EQ(images_of(*store_), std::vector{parent_});
    must(verified_clean(*store_));
    store_ = store::make_memory_store();
    make_vault(*store_);
    parent_ = back_up_bytes(*store_, disk_);
  }
}

TEST_F(plan_repair, a_damaged_condemned_list_stops_writers_and_is_told) {
  must(store_->put_if_absent("condemned/1", text_bytes("nobody knows what this was")));
  EXPECT_TRUE(take(disk_, true, [](const std::string&) {}).has_error());
  EXPECT_FALSE(verified_clean(*store_).has_value());
}

}  // namespace
}  // namespace umbra::test
