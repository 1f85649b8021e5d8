// SPDX-License-Identifier: GPL-3.0-or-later
// Vaults of a later day: refused by name, or read, never misread.
#include <algorithm>

#include <gtest/gtest.h>

#include "formats/native/objects.h"
#include "tests/support/job_kit.h"
#include "tests/support/mend_pack.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

class newer_version : public testing::Test {
 protected:
  newer_version() {
    make_vault(*store_);
    id_ = back_up_bytes(*store_, disk_);
    pack_ = must(store_->list("packs/")).at(0).name;
    plan_ = native::plan_object(id_, 0);
  }

  void edit(const std::string& object, const std::function<void(content&)>& change) {
    auto bytes = must(store_->get(object, 1 << 30));
    change(bytes);
    must(store_->remove(object));
    must(store_->put_if_absent(object, bytes));
  }
  // Sets a bit in a superblock, names it, and seals it again.
  void edit_superblock(const std::string& object, std::size_t word_offset, native::feature_word word, const std::string& name) {
    edit(object, [&](content& bytes) {
      bytes[word_offset + 5] |= std::byte{0x02};  // bit 41
      native::feature_name entry{};
      entry.word = static_cast<std::uint8_t>(word);
      entry.bit = 41;
      std::ranges::copy(name, entry.name);
      std::ranges::copy(bytes_of(entry), bytes.begin() + offsetof(native::superblock, features));
      mend_seal(byte_span(bytes).first(native::page_size));
    });
  }
  void raise_version(const std::string& object, std::size_t sealed) {
    edit(object, [&](content& bytes) {
      bytes[8] = std::byte{2};
      mend_seal(byte_span(bytes).first(sealed == 0 ? bytes.size() : sealed));
    });
  }
  // The outcome names the plan's seal.
  void commit_edited_plan() {
    const auto seal = native::manifest_seal(must(store_->get(plan_, 1 << 30)));
    const auto domain = must(native::vault::open(*store_, native::intent::read))->keys().id;
    const auto outcome = native::session_object(id_, "outcome");
    must(store_->remove(outcome));
    const auto body = native::encode_outcome({native::verdict::commit, 0, seal});
    must(store_->put_if_absent(outcome, native::encode_object(native::object_kind::outcome, domain, id_, body)));
  }
  template <class T>
  static void expect(const result<T>& r, errc code, const std::string& words) {
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), code) << r.error().message();
    EXPECT_NE(r.error().message().find(words), std::string::npos) << r.error().message();
  }

  std::unique_ptr<store::store> store_ = store::make_memory_store();
  content disk_ = seeded_disk(1, 200'000);
  image::session_id id_;
  std::string pack_;
  std::string plan_;
};

TEST_F(newer_version, of_a_vault_is_refused) {
  raise_version("vault", native::page_size);
  expect(native::vault::open(*store_, native::intent::read), errc::unsupported_version, "2");
}

TEST_F(newer_version, of_a_pack_is_refused) {
  raise_version(pack_, native::page_size);
  expect(restored(*store_, id_), errc::unsupported_version, "pack");
}

TEST_F(newer_version, of_a_manifest_is_refused) {
  raise_version(plan_, 0);
  commit_edited_plan();
  expect(open_image(*store_, id_), errc::unsupported_version, "plan-0");
  EXPECT_FALSE(verified_clean(*store_).has_value());
}

TEST_F(newer_version, unknown_features_of_a_vault_are_named) {
  edit_superblock("vault", offsetof(native::superblock, incompat), native::feature_word::incompat, "time travel");
  expect(native::vault::open(*store_, native::intent::read), errc::unknown_feature, "time travel");
}

TEST_F(newer_version, a_vault_that_may_only_be_read_is_read_and_not_added_to) {
  edit_superblock("vault", offsetof(native::superblock, ro_compat), native::feature_word::ro_compat, "second index");
  EXPECT_TRUE(must(restored(*store_, id_)) == disk_);
  io::memory_device device(disk_);
  expect(back_up(*store_, sources_of(device)), errc::unknown_feature, "second index");
  expect(native::vault::open(*store_, native::intent::collect), errc::unknown_feature, "second index");
}

TEST_F(newer_version, a_vault_that_may_not_be_collected_is_added_to) {
  edit_superblock("vault", offsetof(native::superblock, gc_incompat), native::feature_word::gc_incompat, "leases");
  expect(native::vault::open(*store_, native::intent::collect), errc::unknown_feature, "leases");
  io::memory_device device(disk_);
  backup_run run;
  run.seed = 2;
  EXPECT_TRUE(back_up(*store_, sources_of(device), run));
}

TEST_F(newer_version, compatible_features_are_passed_over) {
  edit_superblock("vault", offsetof(native::superblock, compat), native::feature_word::compat, "a hint");
  edit_superblock(pack_, offsetof(native::superblock, compat), native::feature_word::compat, "a hint");
  EXPECT_TRUE(must(restored(*store_, id_)) == disk_);
}

TEST_F(newer_version, unknown_features_of_a_pack_are_named) {
  edit_superblock(pack_, offsetof(native::superblock, incompat), native::feature_word::incompat, "holographic codec");
  expect(restored(*store_, id_), errc::unknown_feature, "holographic codec");
}

TEST_F(newer_version, unknown_features_of_a_manifest_are_numbered) {
  edit(plan_, [](content& bytes) {
    bytes[offsetof(native::manifest_header, incompat) + 5] |= std::byte{0x02};
    mend_seal(bytes);
  });
  commit_edited_plan();
  expect(open_image(*store_, id_), errc::unknown_feature, "41");
}

}  // namespace
}  // namespace umbra::test
