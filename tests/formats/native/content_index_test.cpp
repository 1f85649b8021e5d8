// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/content_index.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/formats/native/index_samples.h"
#include "tests/support/sim_file_system.h"

namespace umbra::native {
namespace {

using namespace samples;

const content_index_options tiny{100, 16 << 20};

indexed_record record_number(std::uint64_t n) {
  const auto e = entry_number(n);
  return {e.id, e.offset, e.stored_size, e.plain_size};
}

TEST(content_index, finds_what_was_added_at_once) {
  indexed_vault v;
  const auto index = v.open();
  const auto pack = v.add_pack(0, 50, index.get(), false);
  EXPECT_EQ(v.found(*index), 50u);
  EXPECT_FALSE(index->find(id_number(1), 512).has_value());
  // The same id with another plain size is not the same content.
  EXPECT_FALSE(index->find(v.truth.begin()->first, v.sizes.begin()->second + 1).has_value());
  EXPECT_EQ(index->find(v.truth.begin()->first, v.sizes.begin()->second)->pack, pack);
}

TEST(content_index, finds_saved_records_without_reading_packs) {
  indexed_vault v;
  {
    const auto index = v.open();
    v.add_pack(0, 300, index.get());
    v.add_pack(1, 0, index.get());  // a pack without data records counts too
    index->save();
    EXPECT_EQ(v.found(*index), 300u);
    EXPECT_EQ(v.runs().size(), 1u);
  }
  const auto index = v.open();
  EXPECT_EQ(index->stats().packs_scanned, 0u);
  EXPECT_EQ(index->stats().entries, 300u);
  EXPECT_EQ(v.found(*index), 300u);
  index->save();
  EXPECT_EQ(v.runs().size(), 1u);
}

TEST(content_index, rebuilds_a_deleted_folder_from_packs) {
  indexed_vault v;
  for (std::uint32_t n = 0; n < 5; ++n) v.add_pack(n, 100);
  {
    const auto index = v.open(tiny);
    EXPECT_EQ(index->stats().packs_scanned, 5u);
    EXPECT_EQ(v.found(*index), 500u);
    EXPECT_LE(index->stats().runs, 4u);
  }
  EXPECT_FALSE(v.runs().empty());
  EXPECT_EQ(v.open(tiny)->stats().packs_scanned, 0u);
  v.remove_runs();
  const auto index = v.open(tiny);
  EXPECT_EQ(index->stats().packs_scanned, 5u);
  EXPECT_EQ(v.found(*index), 500u);
}

TEST(content_index, scans_a_pack_larger_than_its_table) {
  indexed_vault v;
  v.add_pack(0, 3000);
  v.add_pack(1, 10);
  {
    const auto index = v.open(tiny);
    EXPECT_EQ(v.found(*index), 3010u);
    EXPECT_LT(index->stats().anonymous_bytes, 200'000u);
  }
  const auto index = v.open(tiny);
  EXPECT_EQ(index->stats().packs_scanned, 0u);
  EXPECT_EQ(v.found(*index), 3010u);
}

TEST(content_index, passes_by_packs_that_are_not_finished) {
  indexed_vault v;
  v.add_pack(0, 20);
  const auto whole = must(v.store->get(pack_name(pack_number(0)), 1 << 20));
  must(v.store->remove(pack_name(pack_number(0))));
  must(v.store->put_if_absent(pack_name(pack_number(0)), byte_view(whole).first(whole.size() - page_size)));
  const auto index = v.open();
  EXPECT_EQ(v.found(*index), 0u);
  EXPECT_EQ(index->stats().packs_scanned, 0u);
  index->save();
  EXPECT_TRUE(v.runs().empty());
}

// A footer does not say that the pack was synced.
TEST(content_index, passes_by_packs_of_sessions_that_did_not_commit) {
  indexed_vault v;
  v.sessions_commit = false;
  v.add_pack(0, 20);
  v.add_pack(1, 30);
  EXPECT_EQ(v.found(*v.open()), 0u);
  v.decide(pack_number(0), verdict::dead);
  EXPECT_EQ(v.found(*v.open()), 0u) << "a collector says dead of a writer that was killed";
  v.decide(pack_number(1), verdict::commit);
  EXPECT_EQ(v.found(*v.open()), 30u);
}

TEST(content_index, reads_packs_that_were_durable_before_a_later_one_of_their_session) {
  indexed_vault v;
  v.sessions_commit = false;
  const auto session = pack_number(0).session;
  for (std::uint32_t n = 0; n < 4; ++n) v.add_pack_as({session, n}, 10 + n);
  EXPECT_EQ(v.found(*v.open()), 10u + 11u);
  v.add_pack_as({session, 4}, 1, nullptr, false);
  const auto index = v.open();
  EXPECT_EQ(v.found(*index), 10u + 11u) << "begun, but nobody sees it before it is finished in a store of this kind";
  EXPECT_EQ(index->stats().packs_scanned, 0u) << "runs hold the first two";
  v.add_pack_as({session, 0xffff'ffff}, 5);
  EXPECT_EQ(v.found(*v.open()), 10u + 11u);
}

TEST(content_index, keeps_what_its_own_session_finished_though_it_did_not_commit) {
  indexed_vault v;
  v.sessions_commit = false;
  {
    const auto index = v.open();
    v.add_pack(0, 20, index.get());
    index->save();
  }
  EXPECT_EQ(v.found(*v.open()), 20u);
}

TEST(content_index, reads_a_damaged_pack_as_far_as_it_goes_and_again_next_time) {
  indexed_vault v;
  v.add_pack(0, 400);
  const auto name = pack_name(pack_number(0));
  auto data = must(v.store->get(name, 1 << 20));
  must(v.store->remove(name));
  // The last mini-index: what stands before checkpoint and footer.
  std::vector<std::size_t> minis;
  for (std::size_t at = page_size; at + 96 <= data.size(); at += 16) {
    const auto h = read_struct<record_header>(byte_view(data).subspan(at));
    if (h.magic_ == meta_magic && h.type.value() == static_cast<std::uint16_t>(record_type::mini_index)) minis.push_back(at);
  }
  ASSERT_GT(minis.size(), 2u);
  data[minis.back() + 120] ^= std::byte{1};
  must(v.store->put_if_absent(name, data));
  for (int time = 0; time < 3; ++time) {
    const auto index = v.open(tiny);
    EXPECT_EQ(index->stats().packs_scanned, 1u);
    const auto found = v.found(*index);
    EXPECT_GT(found, 0u);
    EXPECT_LT(found, 400u);
    index->save();
  }
  EXPECT_LE(v.runs().size(), 3u);
}

TEST(content_index, does_not_tell_packs_that_are_gone_and_forgets_them_in_time) {
  indexed_vault v;
  {
    const auto index = v.open();
    v.add_pack(0, 50, index.get());
    v.add_pack(1, 60, index.get());
    v.add_pack(2, 70, index.get());
    index->save();
  }
  must(v.store->remove(pack_name(pack_number(0))));
  {
    const auto index = v.open();
    EXPECT_EQ(v.found(*index), 130u);
    EXPECT_EQ(index->stats().entries, 180u);
    index->save();
  }
  must(v.store->remove(pack_name(pack_number(1))));
  {
    const auto index = v.open();
    EXPECT_EQ(v.found(*index), 70u);
    index->save();
    EXPECT_EQ(index->stats().entries, 70u);  // mostly gone: written again
    EXPECT_EQ(v.found(*index), 70u);
  }
  must(v.store->remove(pack_name(pack_number(2))));
  const auto index = v.open();
  index->save();
  EXPECT_EQ(index->stats().runs, 0u);
  EXPECT_TRUE(v.runs().empty());
}

TEST(content_index, refuses_locations_beyond_the_pack) {
  indexed_vault v;
  v.add_pack(0, 1);
  run_entry e = entry_number(5);
  e.offset = 1 << 30;
  write(*v.store, {e, entry_number(6)}, table_of(0, 1));
  const auto index = v.open();
  EXPECT_FALSE(index->find(e.id, e.plain_size).has_value());
  EXPECT_TRUE(index->find(id_number(6), entry_number(6).plain_size).has_value());
}

TEST(content_index, keeps_the_number_of_runs_logarithmic_over_a_thousand_incrementals) {
  indexed_vault v;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    const auto index = v.open(tiny);
    ASSERT_EQ(index->stats().packs_scanned, 0u);
    v.add_pack(n, 10, index.get());
    index->save();
    ASSERT_LE(v.runs().size(), 12u);
  }
  const auto index = v.open();
  EXPECT_EQ(v.found(*index), 10'000u);
  EXPECT_EQ(index->stats().entries, 10'000u);
}

TEST(content_index, spills_finished_packs_and_keeps_unfinished_ones_in_memory) {
  indexed_vault v;
  const auto index = v.open(tiny);
  const auto open_pack = v.add_pack(100, 40, index.get(), false);
  for (std::uint32_t n = 0; n < 30; ++n) v.add_pack(n, 30, index.get());
  EXPECT_GE(index->stats().runs, 1u);
  EXPECT_LE(index->stats().runs, 8u);
  EXPECT_EQ(v.found(*index), 940u);
  index->save();
  for (const auto& name : v.runs()) {
    const auto run = must(index_run::open(must(v.store->open(name)), name, super().domain.id));
    for (std::uint32_t i = 0; i < run->pack_count(); ++i) EXPECT_NE(run->pack(i), open_pack);
  }
  EXPECT_EQ(v.found(*index), 940u);
  EXPECT_EQ(v.found(*v.open(tiny)), 900u);
}

TEST(content_index, stays_bounded_when_a_pack_never_finishes) {
  indexed_vault v;
  const auto index = v.open(tiny);
  const auto pack = pack_number(0);
  for (std::uint64_t n = 0; n < 10'000; ++n) index->add(pack, record_number(n));
  EXPECT_EQ(index->stats().entries, 200u);
  EXPECT_LT(index->stats().anonymous_bytes, 100'000u);
  // What was dropped is missing, so the pack is not told to be complete.
  index->pack_finished(pack);
  index->save();
  ASSERT_EQ(v.runs().size(), 1u);
  const auto run = must(index_run::open(must(v.store->open(v.runs()[0])), v.runs()[0], super().domain.id));
  ASSERT_EQ(run->pack_count(), 1u);
  EXPECT_FALSE(run->is_complete(0));
}

TEST(content_index, takes_records_told_after_their_pack_was_finished) {
  indexed_vault v;
  v.add_pack(0, 5);
  v.remove_runs();
  const auto index = v.open();
  const auto pack = pack_number(7);
  index->add(pack, record_number(1));
  index->pack_finished(pack);
  index->save();
  index->add(pack, record_number(2));
  EXPECT_TRUE(index->find(id_number(2), entry_number(2).plain_size).has_value());
  index->save();
  EXPECT_TRUE(index->find(id_number(2), entry_number(2).plain_size).has_value());
  EXPECT_TRUE(index->find(id_number(1), entry_number(1).plain_size).has_value());
  EXPECT_EQ(v.runs().size(), 3u);
}

TEST(content_index, prefers_what_was_stored_again) {
  indexed_vault v;
  const auto index = v.open();
  auto r = record_number(1);
  index->add(pack_number(1), r);
  index->pack_finished(pack_number(1));
  index->save();
  r.offset += 4096;
  index->add(pack_number(2), r);
  EXPECT_EQ(index->find(r.id, r.plain_size)->pack, pack_number(2));
  r.offset += 4096;
  index->add(pack_number(2), r);
  EXPECT_EQ(index->find(r.id, r.plain_size)->offset, r.offset);
}

TEST(content_index, works_on_a_store_that_cannot_be_written) {
  indexed_vault v;
  stubborn_store store(*v.store);
  store.read_only = true;
  for (std::uint32_t n = 0; n < 5; ++n) v.add_pack(n, 30);
  {
    const auto index = v.open(store, tiny);
    EXPECT_EQ(v.found(*index), 150u);
    index->save();
    EXPECT_LE(store.creates, 3u);
    EXPECT_TRUE(v.runs().empty());
  }
  for (std::uint32_t n = 5; n < 15; ++n) v.add_pack(n, 30);
  store.creates = 0;
  const auto index = v.open(store, tiny);
  EXPECT_EQ(v.found(*index), 200u);  // what fits
  EXPECT_LE(store.creates, 3u);
  // Once it can be written, save() works.
  store.read_only = false;
  index->save();
  EXPECT_FALSE(v.runs().empty());
  EXPECT_EQ(v.found(*v.open()), 450u);
}

TEST(content_index, ignores_and_removes_unfinished_runs) {
  indexed_vault v;
  {
    const auto index = v.open();
    v.add_pack(0, 300, index.get());
    index->save();
  }
  const auto name = v.runs().at(0);
  auto data = must(v.store->get(name, 1 << 20));
  must(v.store->remove(name));
  must(v.store->put_if_absent(name, byte_view(data).first(data.size() - page_size)));
  must(v.store->put_if_absent("index/notes", test::text_bytes("not ours")));
  {
    const auto index = v.open();
    EXPECT_EQ(index->stats().packs_scanned, 1u);
    EXPECT_EQ(v.found(*index), 300u);
    index->save();
  }
  EXPECT_EQ(v.runs(), (std::vector<std::string>{name + "-1", "index/notes"}));
  EXPECT_EQ(v.open()->stats().packs_scanned, 0u);
}

TEST(content_index, does_not_remove_a_run_that_was_finished_meanwhile) {
  indexed_vault v;
  {
    const auto index = v.open();
    v.add_pack(0, 300, index.get());
    index->save();
  }
  const auto name = v.runs().at(0);
  const auto data = must(v.store->get(name, 1 << 20));
  must(v.store->remove(name));
  must(v.store->put_if_absent(name, byte_view(data).first(1000)));
  const auto index = v.open();
  must(v.store->remove(name));
  must(v.store->put_if_absent(name, data));
  index->save();
  EXPECT_NE(std::ranges::count(v.runs(), name), 0);
}

TEST(content_index, heals_a_run_with_a_damaged_page_when_it_is_merged) {
  indexed_vault v;
  std::string damaged;
  for (std::uint32_t n = 0; n < 3; ++n) {
    const auto index = v.open();
    v.add_pack(n, 200, index.get());
    index->save();
    if (n == 0) damaged = v.runs().at(0);
  }
  auto data = must(v.store->get(damaged, 1 << 20));
  data[3 * page_size + 50] ^= std::byte{1};
  must(v.store->remove(damaged));
  must(v.store->put_if_absent(damaged, data));
  {
    const auto index = v.open();
    const auto found = v.found(*index);
    EXPECT_GE(found, 400u);  // a search that meets the damaged page ends there
    EXPECT_LT(found, 600u);
    v.add_pack(3, 200, index.get());
    index->save();
  }
  EXPECT_EQ(std::ranges::count(v.runs(), damaged), 0);
  const auto index = v.open();
  EXPECT_EQ(index->stats().packs_scanned, 1u);
  EXPECT_EQ(v.found(*index), 800u);
}

TEST(content_index, ignores_another_domain_s_runs) {
  indexed_vault v;
  listed_entries stream(entries(0, 5));
  auto other = super().domain.id;
  other.bytes[0] ^= std::byte{1};
  must(write_run(*v.store, other, table_of(0, 1), stream));
  const auto index = v.open();
  EXPECT_EQ(index->stats().runs, 0u);
  index->save();
  EXPECT_EQ(v.runs().size(), 1u);
}

TEST(content_index, survives_two_that_save_at_once) {
  indexed_vault v;
  for (std::uint32_t round = 0; round < 20; ++round) {
    const auto one = v.open(tiny);
    const auto two = v.open(tiny);
    v.add_pack(2 * round, 60, one.get());
    v.add_pack(2 * round + 1, 60, two.get());
    std::thread other([&] { two->save(); });
    one->save();
    other.join();
    EXPECT_EQ(v.found(*one), (round * 2 + 1) * 60);
  }
  // Whatever was lost between the two is read from packs again.
  const auto index = v.open(tiny);
  EXPECT_EQ(v.found(*index), 2400u);
  index->save();
  EXPECT_LE(index->stats().runs, 12u);
  EXPECT_EQ(v.found(*index), 2400u);
}

TEST(content_index, is_found_by_many_threads_while_it_grows) {
  const auto files = test::sim_with_directory("/vault");
  const auto store = store::make_local_store(*files, "/vault");
  pack_cache packs(*store);
  const auto index = must(content_index::open(*store, packs, super().domain, {500, 16 << 20}));
  constexpr std::uint64_t records = 10'000;
  std::atomic<std::uint64_t> added{0};
  std::atomic<int> wrong{0};
  const auto look = [&](std::uint64_t salt) {
    for (std::uint64_t n = salt; added.load() < records; n += 7919) {
      const auto upto = added.load();
      if (upto == 0) continue;
      const auto want = entry_number(n % upto);
      const auto where = index->find(want.id, want.plain_size);
      if (!where || where->offset != want.offset) ++wrong;
    }
  };
  std::thread one(look, 1);
  std::thread two(look, 2);
  for (std::uint64_t n = 0; n < records; ++n) {
    const auto pack = pack_number(static_cast<std::uint32_t>(n / 100));
    index->add(pack, record_number(n));
    added.store(n + 1);
    if (n % 100 == 99) index->pack_finished(pack);
  }
  one.join();
  two.join();
  EXPECT_EQ(wrong.load(), 0);
  index->save();
  EXPECT_LE(index->stats().runs, 12u);
  EXPECT_EQ(index->stats().entries, records);
}

}  // namespace
}  // namespace umbra::native
