// SPDX-License-Identifier: GPL-3.0-or-later
// Sources that fail, hashes and codecs that lie, and jobs that are stopped.
#include <algorithm>
#include <atomic>

#include <gtest/gtest.h>

#include "engine/io/faulty_device.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"

namespace umbra::test {
namespace {

using jobs::fault;

class backup_faults : public testing::Test {
 protected:
  backup_faults() { make_vault(*store_); }

  result<jobs::backup_report> take_faulty(const content& disk, io::fault_plan plan, const backup_run& run = {}) {
    const auto device = io::make_faulty(std::make_unique<io::memory_device>(disk), std::move(plan));
    return back_up(*store_, sources_of(*device), run);
  }

  std::unique_ptr<store::store> store_ = store::make_memory_store();
};

TEST_F(backup_faults, unreadable_ranges_are_data_and_their_neighbours_are_saved) {
  const auto disk = random_bytes(1, 3 << 20);
  const auto report =
      must(take_faulty(disk, {.unreadable = {{512, 512}, {1'000'000, 20'000}, {disk.size() - 1, 1}}, .unwritable = {}}));
  ASSERT_EQ(report.faults.count(), 3U);
  auto expected = disk;
  std::uint64_t lost = 0;
  for (const auto& f : report.faults.faults()) {
    EXPECT_EQ(f.what, fault::kind::unreadable);
    EXPECT_FALSE(f.text.empty());
    std::ranges::fill(byte_span(expected).subspan(f.offset, f.size), std::byte{0});
    lost += f.size;
  }
  EXPECT_EQ(lost, 512U + 20480U + 512U) << "whole sectors";
  EXPECT_EQ(report.image.sources[0].unreadable_bytes, lost);
  const auto opened = must(open_image(*store_, report.image.id));
  EXPECT_TRUE(must(restored(*opened)) == expected);
  io::memory_device target(disk.size());
  flow::progress progress;
  EXPECT_EQ(must(jobs::run_restore(*opened, 0, target, {}, progress, {})).unreadable_bytes, lost);
  EXPECT_NE(report.image.metadata.find("\"fault_count\":3"), std::string::npos);
  must(verified_clean(*store_));
}

TEST_F(backup_faults, a_disk_that_reads_nothing_is_an_image_of_nothing) {
  const auto report = must(take_faulty(random_bytes(1, 100'000), {.unreadable = {{0, 100'000}}, .unwritable = {}}));
  EXPECT_EQ(report.image.sources[0].unreadable_bytes, 100'000U);
  EXPECT_EQ(must(restored(*store_, report.image.id)), zero_bytes(100'000));
  must(verified_clean(*store_));
}

TEST_F(backup_faults, reads_that_fail_at_first_leave_no_fault) {
  const auto disk = random_bytes(1, 2 << 20);
  const auto report = must(take_faulty(disk, {.unreadable = {{700'000, 5000}}, .unwritable = {}, .transient_reads = 3}));
  EXPECT_TRUE(report.faults.empty());
  EXPECT_TRUE(must(restored(*store_, report.image.id)) == disk);
}

TEST_F(backup_faults, what_was_unreadable_is_read_by_the_next_run_and_the_other_way_round) {
  const auto disk = random_bytes(1, 2 << 20);
  const auto full = must(take_faulty(disk, {.unreadable = {{700'000, 5000}}, .unwritable = {}}));
  backup_run run;
  run.parent = full.image.id;
  run.seed = 2;
  const auto healed = must(take_faulty(disk, {}, run));
  EXPECT_TRUE(healed.faults.empty());
  EXPECT_TRUE(must(restored(*store_, healed.image.id)) == disk);
  run.parent = healed.image.id;
  run.seed = 3;
  const auto worse = must(take_faulty(disk, {.unreadable = {{100'000, 1}}, .unwritable = {}}, run));
  EXPECT_EQ(worse.image.sources[0].unreadable_bytes, 512U);
  EXPECT_EQ(worse.new_bytes, 4096U - 512) << "what is left of the block";
  must(verified_clean(*store_));
}

// Small unused gaps are read over; that they cannot be read is nobody's loss.
TEST_F(backup_faults, an_unreadable_gap_that_is_not_used_is_no_fault) {
  const auto disk = random_bytes(1, 1 << 20);
  plan::allocation allocation;
  allocation.used = {{0, 64 << 10}, {80 << 10, 200 << 10}};
  const auto device =
      io::make_faulty(std::make_unique<io::memory_device>(disk), {.unreadable = {{68 << 10, 4096}}, .unwritable = {}});
  const auto report = must(back_up(*store_, sources_of(*device, &allocation)));
  EXPECT_TRUE(report.faults.empty());
  EXPECT_EQ(report.image.sources[0].unreadable_bytes, 0U);
  EXPECT_EQ(report.image.sources[0].stored_bytes, 264U << 10);
}

TEST_F(backup_faults, a_source_that_changes_its_size_fails_the_job) {
  const auto failed = take_faulty(random_bytes(1, 5 << 20), {.unreadable = {}, .unwritable = {}, .shrinks_after = 3});
  EXPECT_EQ(code_of(failed), errc::source_changed);
  EXPECT_TRUE(images_of(*store_).empty());
  backup_run run;
  run.seed = 2;
  must(take_faulty(random_bytes(1, 5 << 20), {}, run));
  must(verified_clean(*store_));
}

TEST_F(backup_faults, a_source_found_lost_after_the_last_read_makes_no_image) {
  io::memory_device device(random_bytes(1, 1 << 20));
  backup_run run;
  run.options.before_commit = []() -> result<void> { return error(errc::shadow_copy, "its storage overflowed"); };
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run)), errc::shadow_copy);
  EXPECT_TRUE(images_of(*store_).empty());
  must(verified_clean(*store_));
}

// --- Lies.

// A parent whose map calls other bytes unchanged: right change hashes, wrong contents.
image::session_id plant_lying_parent(store::store& store, const content& truth, const content& lie, std::uint64_t liar) {
  constexpr std::uint64_t block = 4096;
  const auto vault = must(native::vault::open(store, native::intent::add));
  const auto writer = must(vault->new_image({"liar", {}, 1 << 30, "{}"}, *seeded_random(1000)));
  const change_hasher change(writer->keys().secret);
  const content_hasher id(writer->keys().id_key);
  image::source_info source;
  source.size = source.stored_bytes = truth.size();
  image::region r{0, truth.size(), {}};
  for (std::uint64_t at = 0; at < truth.size(); at += block) {
    const auto honest = byte_view(truth).subspan(at, block);
    const auto stored = at == liar ? byte_view(lie).subspan(at, block) : honest;
    const image::sealed_block sealed{id(stored), block, 0, checksum(stored), stored};
    r.blocks.push_back({at, block, image::block_state::stored, must(writer->append(sealed)), change(honest), sealed.id});
  }
  must(writer->begin_source(source));
  must(writer->put_region(r));
  must(writer->end_source(source));
  return must(writer->commit({1, "{}"})).id;
}

TEST_F(backup_faults, an_audit_finds_the_block_whose_change_hash_lied) {
  const auto disk = random_bytes(1, 1 << 20);
  const auto parent = plant_lying_parent(*store_, disk, random_bytes(2, disk.size()), 81920);
  io::memory_device device(disk);
  backup_run run;
  run.parent = parent;
  run.options.audit_percent = 100;
  const auto report = must(back_up(*store_, sources_of(device), run));
  ASSERT_EQ(report.faults.count(), 1U);
  EXPECT_EQ(report.faults.faults()[0].what, fault::kind::audit);
  EXPECT_EQ(report.faults.faults()[0].offset, 81920U);
  EXPECT_EQ(report.audited_blocks, disk.size() / 4096);
  EXPECT_EQ(report.new_bytes, 4096U);
  EXPECT_TRUE(must(restored(*store_, report.image.id)) == disk);
}

TEST_F(backup_faults, audits_of_many_runs_find_a_lie_that_one_passes_over) {
  const auto disk = random_bytes(1, 1 << 20);
  const auto parent = plant_lying_parent(*store_, disk, random_bytes(2, disk.size()), 81920);
  io::memory_device device(disk);
  backup_run run;
  run.parent = parent;
  run.options.audit_percent = 10;
  int found = 0;
  for (run.seed = 1; run.seed <= 60; ++run.seed) {
    const auto report = must(back_up(*store_, sources_of(device), run));
    EXPECT_GT(report.audited_blocks, 0U);
    EXPECT_LT(report.audited_blocks, disk.size() / 4096);
    if (report.faults.count() == 1) ++found;
  }
  EXPECT_GT(found, 0);
  EXPECT_LT(found, 60);
}

// LZ4 with a bit of its output turned over, for the blocks that `breaks` says.
class broken_encoder final : public codec::encoder {
 public:
  codec::codec_id id() const noexcept override { return codec::codec_id::lz4; }
  std::size_t encode(byte_view plain, byte_span out) override {
    const auto size = inner_->encode(plain, out);
    if (size > 0) out[size / 2] ^= std::byte{0x10};
    return size;
  }

 private:
  std::unique_ptr<codec::encoder> inner_ = must(codec::make_encoder({}));
};

TEST_F(backup_faults, a_record_that_does_not_decode_is_told_and_stored_raw) {
  const auto disk = compressible_bytes(1, 1 << 20);
  io::memory_device device(disk);
  backup_run run;
  run.options.make_encoder = []() -> result<std::unique_ptr<codec::encoder>> { return std::make_unique<broken_encoder>(); };
  const auto report = must(back_up(*store_, sources_of(device), run));
  EXPECT_GT(report.faults.count(), disk.size() / 4096 * 9 / 10) << "now and then a wrong bit decodes right";
  for (const auto& f : report.faults.faults()) EXPECT_EQ(f.what, fault::kind::codec);
  EXPECT_TRUE(must(restored(*store_, report.image.id)) == disk);
  must(verified_clean(*store_));
}

TEST_F(backup_faults, without_self_check_a_broken_codec_is_found_by_verify_only) {
  io::memory_device device(compressible_bytes(1, 1 << 20));
  backup_run run;
  run.options.check = jobs::self_check::none;
  run.options.make_encoder = []() -> result<std::unique_ptr<codec::encoder>> { return std::make_unique<broken_encoder>(); };
  const auto report = must(back_up(*store_, sources_of(device), run));
  EXPECT_TRUE(report.faults.empty());
  EXPECT_FALSE(verified_clean(*store_).has_value()) << "or the test above shows nothing";
}

TEST_F(backup_faults, an_encoder_that_cannot_be_made_fails_the_job) {
  io::memory_device device(compressible_bytes(1, 1 << 20));
  backup_run run;
  run.options.codec.level = 1000;
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run)), errc::usage);
  EXPECT_TRUE(images_of(*store_).empty());
}

// --- Stops.

TEST_F(backup_faults, a_stopped_backup_leaves_no_image_and_its_finished_packs_serve_the_next) {
  const auto disk = random_bytes(1, 12 << 20);
  std::stop_source stop;
  std::atomic<int> reads{0};
  shaped_device device(disk);
  device.before_read = [&](std::uint64_t) {
    if (++reads == 8) stop.request_stop();
  };
  backup_run run;
  run.pack_size = 1 << 20;
  run.options.reads_in_flight = 2;
  run.stop = stop.get_token();
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run)), errc::cancelled);
  EXPECT_TRUE(images_of(*store_).empty());
  must(verified_clean(*store_));

  backup_run again;
  again.seed = 2;
  device.before_read = nullptr;
  const auto report = must(back_up(*store_, sources_of(device), again));
  EXPECT_GE(report.deduplicated_bytes, 1U << 20);
  EXPECT_TRUE(must(restored(*store_, report.image.id)) == disk);
  must(verified_clean(*store_));
}

TEST_F(backup_faults, a_backup_stopped_before_it_starts_reads_nothing) {
  std::stop_source stop;
  stop.request_stop();
  std::atomic<int> reads{0};
  shaped_device device(random_bytes(1, 1 << 20));
  device.before_read = [&](std::uint64_t) { ++reads; };
  backup_run run;
  run.stop = stop.get_token();
  EXPECT_EQ(code_of(back_up(*store_, sources_of(device), run)), errc::cancelled);
  EXPECT_EQ(reads, 0);
  EXPECT_TRUE(images_of(*store_).empty());
}

TEST_F(backup_faults, all_faults_are_counted_and_the_first_are_kept) {
  const auto disk = random_bytes(1, 17 << 20);
  range_list bad;
  for (std::uint64_t at = 0; at < disk.size(); at += 8192) bad.push_back({at, 1});
  const auto report = must(take_faulty(disk, {.unreadable = bad, .unwritable = {}}));
  EXPECT_EQ(report.faults.count(), bad.size());
  EXPECT_EQ(report.faults.faults().size(), jobs::fault_list::kept_at_most);
  EXPECT_EQ(report.image.sources[0].unreadable_bytes, bad.size() * 512);
}

}  // namespace
}  // namespace umbra::test
