// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/index_run.h"

#include <gtest/gtest.h>

#include "formats/native/filter.h"
#include "formats/native/index_merge.h"
#include "tests/formats/native/index_samples.h"
#include "tests/support/sim_file_system.h"

namespace umbra::native {
namespace {

using namespace samples;

result<std::shared_ptr<const index_run>> open_bytes(byte_view data) {
  return index_run::open(std::make_unique<test::byte_file>(data), "index/test", super().domain.id);
}

bytes object(store::store& store, const std::string& name) { return must(store.get(name, 1 << 30)); }

std::map<content_id, run_entry> contents(const index_run& run) {
  std::map<content_id, run_entry> all;
  run_cursor cursor(run);
  run_entry e;
  while (must(cursor.next(e))) all.emplace(e.id, e);
  return all;
}

TEST(index_run, finds_everything_it_holds_and_nothing_else) {
  for (const std::uint64_t count : {0u, 1u, 2u, 71u, 72u, 73u, 144u, 1000u, 300'000u}) {
    const auto store = store::make_memory_store();
    const auto run = write(*store, entries(0, count, 3), table_of(0, 3));
    ASSERT_EQ(run->entry_count(), count);
    EXPECT_TRUE(run->has_filter());
    EXPECT_FALSE(run->verify().has_error());
    for (std::uint64_t n = 0; n < count; ++n) {
      const auto found = run->find(id_number(n));
      ASSERT_TRUE(found.has_value()) << n << " of " << count;
      ASSERT_TRUE(*found == entry_number(n, 3));
    }
    for (std::uint64_t n = 0; n < 2000; ++n) ASSERT_FALSE(run->find(id_number(count + 1'000'000 + n)).has_value());
  }
}

TEST(index_run, finds_ids_that_are_not_evenly_spread) {
  std::vector<run_entry> all;
  for (std::uint64_t n = 0; n < 5000; ++n) {
    auto e = entry_number(n);
    e.id = {};
    e.id.bytes[n % 32] = static_cast<std::byte>(1 + n / 32);
    all.push_back(e);
  }
  for (std::uint64_t n = 5000; n < 5300; ++n) all.push_back(entry_number(n));
  const auto store = store::make_memory_store();
  const auto run = write(*store, all, table_of(0, 1));
  for (const auto& e : all) ASSERT_TRUE(run->find(e.id).has_value()) << to_hex(e.id.view());
}

TEST(index_run, tells_packs_and_which_are_complete) {
  const auto store = store::make_memory_store();
  const auto run = write(*store, entries(0, 10, 5), table_of(0, 5, 2));
  ASSERT_EQ(run->pack_count(), 5u);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(run->pack(i), pack_number(i));
    EXPECT_EQ(run->is_complete(i), i < 3);
  }
}

TEST(index_run, is_the_same_object_when_written_twice) {
  const auto store = store::make_memory_store();
  const auto first = write(*store, entries(0, 500), table_of(0, 1));
  const auto second = write(*store, entries(0, 500), table_of(0, 1));
  EXPECT_EQ(first->name(), second->name());
  EXPECT_TRUE(is_run_name(first->name()));
  EXPECT_EQ(must(store->list("index/")).size(), 1u);
  // The same ids in another pack are another run.
  EXPECT_NE(write(*store, entries(0, 500), table_of(1, 1))->name(), first->name());
}

TEST(index_run, takes_another_name_beside_an_unfinished_one) {
  const auto scratch = store::make_memory_store();
  const auto name = write(*scratch, entries(0, 500), table_of(0, 1))->name();
  const auto whole = object(*scratch, name);
  const auto store = store::make_memory_store();
  must(store->put_if_absent(name, byte_view(whole).first(whole.size() / 2)));
  must(store->put_if_absent(name + "-1", {}));
  const auto run = write(*store, entries(0, 500), table_of(0, 1));
  EXPECT_EQ(run->name(), name + "-2");
  EXPECT_TRUE(is_run_name(run->name()));
  EXPECT_TRUE(object(*store, run->name()) == whole);
}

TEST(index_run, leaves_nothing_behind_when_its_source_is_damaged) {
  const auto store = store::make_memory_store();
  const auto run = write(*store, entries(0, 500), table_of(0, 1));
  auto damaged = object(*store, run->name());
  damaged[run->header().entries_offset.value() + page_size + 100] ^= std::byte{1};
  const auto input = must(open_bytes(damaged));
  run_cursor cursor(*input);
  const auto into = store::make_memory_store();
  const auto written = write_run(*into, super().domain.id, table_of(0, 1), cursor);
  ASSERT_TRUE(written.has_error());
  EXPECT_EQ(written.assume_error().code(), errc::checksum);
  EXPECT_TRUE(must(into->list("index/")).empty());
}

// Every byte of the file, one after another: what is found is the truth, and all that is not found has a reason.
TEST(index_run, never_tells_a_wrong_location_whatever_byte_is_wrong) {
  const auto store = store::make_memory_store();
  const auto run = write(*store, entries(0, 100, 2), table_of(0, 2));
  auto data = object(*store, run->name());
  const std::uint64_t entries_at = run->header().entries_offset.value();
  const std::uint64_t filter_at = run->header().filter_offset.value();
  for (std::size_t at = 0; at < data.size(); ++at) {
    data[at] ^= std::byte{0x10};
    const auto bent = open_bytes(data);
    ASSERT_TRUE(at >= page_size || bent.has_error()) << at;
    if (bent.has_value()) {
      const index_run& b = *bent.assume_value();
      std::size_t found = 0;
      for (std::uint64_t n = 0; n < 100; ++n) {
        const auto e = b.find(id_number(n));
        if (!e) continue;
        ++found;
        ASSERT_TRUE(*e == entry_number(n, 2)) << "byte " << at;
      }
      for (std::uint32_t i = 0; i < 2; ++i) ASSERT_EQ(b.pack(i), pack_number(i));
      const bool in_entries = at >= entries_at && at < filter_at;
      ASSERT_EQ(found == 100, !in_entries) << "byte " << at;
      ASSERT_EQ(b.verify().has_error(), in_entries || !b.has_filter()) << "byte " << at;
      ASSERT_FALSE(b.find(id_number(5000)).has_value());
    }
    data[at] ^= std::byte{0x10};
  }
}

TEST(index_run, refuses_what_is_cut_off_or_too_long) {
  const auto store = store::make_memory_store();
  auto data = object(*store, write(*store, entries(0, 100), table_of(0, 1))->name());
  for (std::size_t size = 0; size < data.size(); size += 512)
    EXPECT_TRUE(open_bytes(byte_view(data).first(size)).has_error()) << size;
  EXPECT_FALSE(open_bytes(data).has_error());
  data.resize(data.size() + page_size);
  EXPECT_EQ(open_bytes(data).assume_error().code(), errc::damaged);
}

TEST(index_run, refuses_pages_of_another_run) {
  const auto store = store::make_memory_store();
  const auto one = write(*store, entries(0, 100), table_of(0, 1));
  // The same ids, elsewhere.
  auto moved = entries(0, 100);
  for (auto& e : moved) e.offset += 16;
  const auto two = write(*store, moved, table_of(0, 1));
  auto data = object(*store, one->name());
  const auto other = object(*store, two->name());
  const auto at = static_cast<std::ptrdiff_t>(one->header().entries_offset.value());
  std::copy_n(other.begin() + at, page_size, data.begin() + at);
  const auto mixed = must(open_bytes(data));
  for (std::uint64_t n = 0; n < 100; ++n) {
    const auto found = mixed->find(id_number(n));
    EXPECT_TRUE(!found || *found == entry_number(n));
  }
  EXPECT_TRUE(mixed->verify().has_error());
}

TEST(index_run, tells_versions_and_domains_apart) {
  const auto store = store::make_memory_store();
  const auto run = write(*store, entries(0, 10), table_of(0, 1));
  auto data = object(*store, run->name());
  auto header = read_struct<index_header>(data);
  const auto reseal = [&] {
    header.seal_ = seal_of(bytes_of(header).first(offsetof(index_header, seal_))).bytes;
    std::copy_n(bytes_of(header).begin(), page_size, data.begin());
  };
  header.version = 2;
  reseal();
  EXPECT_EQ(open_bytes(data).assume_error().code(), errc::unsupported_version);
  header.version = index_version;
  header.domain[0] ^= std::byte{1};
  reseal();
  EXPECT_EQ(open_bytes(data).assume_error().code(), errc::usage);
}

TEST(index_run, works_where_files_cannot_be_mapped) {
  const auto files = test::sim_with_directory("/vault");
  files->forbid_map();
  const auto store = store::make_local_store(*files, "/vault");
  const auto run = write(*store, entries(0, 5000, 2), table_of(0, 2));
  EXPECT_TRUE(run->has_filter());
  EXPECT_EQ(contents(*run).size(), 5000u);
  for (std::uint64_t n = 0; n < 5000; n += 17) {
    const auto found = run->find(id_number(n));
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(*found == entry_number(n, 2));
  }
  EXPECT_FALSE(run->find(id_number(9999)).has_value());
}

TEST(index_merge, keeps_all_and_agrees_with_a_map) {
  const auto store = store::make_memory_store();
  const auto random = seeded_random(7);
  const auto roll = [&](std::uint64_t below) {
    std::array<std::byte, 4> raw{};
    random->fill(raw);
    return read_struct<u32>(raw).value() % below;
  };
  for (int round = 0; round < 20; ++round) {
    // Truth: the smallest pack, then offset, of each id in a living pack.
    std::map<content_id, std::pair<image::pack_id, run_entry>> truth;
    const auto is_live = [](const image::pack_id& id) { return id.number % 5 != 4; };
    run_list inputs;
    const std::uint64_t runs = 1 + roll(6);
    for (std::uint64_t r = 0; r < runs; ++r) {
      std::map<content_id, run_entry> chosen;
      const auto first = static_cast<std::uint32_t>(roll(8));
      auto packs = table_of(first, 3, static_cast<std::uint32_t>(roll(3)));
      for (std::uint64_t i = roll(400); i > 0; --i) {
        auto e = entry_number(roll(600), 3);
        e.offset += 16 * roll(3);
        chosen[e.id] = e;
      }
      std::vector<run_entry> list;
      for (const auto& [id, e] : chosen) {
        list.push_back(e);
        const auto pack = packs.ids[e.pack];
        if (!is_live(pack)) continue;
        const auto [at, fresh] = truth.try_emplace(id, pack, e);
        if (!fresh && std::pair(pack, e.offset) < std::pair(at->second.first, at->second.second.offset)) at->second = {pack, e};
      }
      inputs.push_back(write(*store, list, packs));
    }
    merged_entries stream(inputs, is_live);
    const auto merged = must(write_run(*store, super().domain.id, stream.packs(), stream));
    EXPECT_TRUE(stream.accounts_for(*merged));
    ASSERT_EQ(merged->entry_count(), truth.size());
    for (const auto& [id, want] : truth) {
      const auto found = merged->find(id);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(merged->pack(found->pack), want.first);
      EXPECT_EQ(found->offset, want.second.offset);
      EXPECT_EQ(found->stored_size, want.second.stored_size);
    }
    for (std::uint32_t i = 0; i < merged->pack_count(); ++i) EXPECT_TRUE(is_live(merged->pack(i)));
  }
}

TEST(index_merge, does_not_account_for_a_run_that_lacks_something) {
  const auto store = store::make_memory_store();
  const run_list inputs{write(*store, entries(0, 100), table_of(0, 1)), write(*store, entries(50, 100), table_of(1, 1))};
  const auto all = [](const image::pack_id&) { return true; };
  const auto drain = [](merged_entries& stream) {
    stream.rewind();
    run_entry e;
    std::vector<run_entry> list;
    while (must(stream.next(e))) list.push_back(e);
    return list;
  };
  merged_entries stream(inputs, all);
  auto list = drain(stream);
  ASSERT_EQ(list.size(), 150u);
  EXPECT_TRUE(stream.accounts_for(*write(*store, list, stream.packs())));
  auto fewer = list;
  fewer.pop_back();
  EXPECT_FALSE(stream.accounts_for(*write(*store, fewer, stream.packs())));
  auto others = list;
  others.back() = entry_number(777);
  EXPECT_FALSE(stream.accounts_for(*write(*store, others, stream.packs())));
  auto packs = stream.packs();
  packs.partial = 1;
  EXPECT_FALSE(stream.accounts_for(*write(*store, list, packs)));
}

TEST(index_merge, completes_a_pack_that_any_run_completes) {
  const auto store = store::make_memory_store();
  const run_list inputs{write(*store, entries(0, 100), table_of(0, 1, 1)), write(*store, entries(100, 1), table_of(0, 1, 0))};
  merged_entries stream(inputs, [](const image::pack_id&) { return true; });
  EXPECT_EQ(stream.packs().ids.size(), 1u);
  EXPECT_EQ(stream.packs().partial, 0u);
}

TEST(index_merge, chooses_four_of_a_magnitude) {
  const std::uint64_t most = 16 << 20;
  using chosen = std::vector<std::size_t>;
  EXPECT_EQ(choose_merge({}, most), chosen{});
  EXPECT_EQ(choose_merge({1, 2, 3}, most), chosen{});
  EXPECT_EQ(choose_merge({4, 3, 100'000, 2, 1}, most), (chosen{4, 3, 1, 0}));
  EXPECT_EQ(choose_merge({10, 5000, 300'000, 5'000'000}, most), chosen{});
  EXPECT_EQ(choose_merge({5'000'000, 5'000'000, 5'000'000, 5'000'000}, most), chosen{});
  EXPECT_EQ(choose_merge({100, 100, 100, 100, 100}, 400), (chosen{0, 1, 2, 3}));
  EXPECT_EQ(choose_merge({100, 100, 100, 100, 100}, 399), chosen{});
  EXPECT_EQ(choose_merge(std::vector<std::uint64_t>(100, 1), most).size(), max_merge_inputs);
}

}  // namespace
}  // namespace umbra::native
