// SPDX-License-Identifier: GPL-3.0-or-later
// What every store must do. An implementation takes part with a type that owns a fresh, empty one:
//
//   struct memory_subject {
//     std::unique_ptr<store::store> owned = store::make_memory_store();
//     store::store& get() { return *owned; }
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(memory, store_contract, memory_subject);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "engine/store/store.h"
#include "tests/support/pattern.h"

namespace umbra::test {

template <class Subject>
class store_contract : public testing::Test {
 protected:
  store::store& subject() { return subject_.get(); }

  // Writes a large object in pieces.
  result<void> write_object(const std::string& name, const std::vector<byte_view>& pieces) {
    TRY(auto writer, subject().create(name));
    CHECK(writer->append(pieces));
    return writer->finish();
  }

  std::vector<std::string> names(const std::string& prefix) {
    auto found = subject().list(prefix);
    std::vector<std::string> all;
    if (found.has_error()) return {"error: " + found.assume_error().message()};
    for (const auto& entry : found.assume_value()) all.push_back(entry.name);
    return all;
  }

  // The bytes as text; "error: …" if there are none.
  std::string text_of(const std::string& name) {
    auto bytes = subject().get(name, 1 << 20);
    if (bytes.has_error()) return "error: " + std::string(meaning(bytes.assume_error().code()));
    return std::string(as_text(bytes.assume_value()));
  }

  template <class T>
  static errc code_of(const result<T>& r) {
    return r.has_error() ? r.assume_error().code() : errc{};
  }

 private:
  Subject subject_;
};
TYPED_TEST_SUITE_P(store_contract);

using names_list = std::vector<std::string>;

TYPED_TEST_P(store_contract, put_object_is_read_back) {
  ASSERT_TRUE(this->subject().put_if_absent("sessions/0a/begin", as_bytes("hello")).has_value());
  EXPECT_EQ(this->text_of("sessions/0a/begin"), "hello");
}

TYPED_TEST_P(store_contract, put_of_no_bytes_is_an_object) {
  ASSERT_TRUE(this->subject().put_if_absent("empty", {}).has_value());
  EXPECT_EQ(this->text_of("empty"), "");
  EXPECT_EQ(this->names(""), names_list{"empty"});
}

TYPED_TEST_P(store_contract, second_put_is_refused_and_changes_nothing) {
  ASSERT_TRUE(this->subject().put_if_absent("outcome", as_bytes("COMMIT")).has_value());
  EXPECT_EQ(this->code_of(this->subject().put_if_absent("outcome", as_bytes("DEAD"))), errc::exists);
  EXPECT_EQ(this->text_of("outcome"), "COMMIT");
  EXPECT_EQ(this->names(""), names_list{"outcome"});
}

TYPED_TEST_P(store_contract, of_racing_puts_exactly_one_wins_and_losers_see_its_bytes) {
  constexpr int rounds = 40;
  constexpr int racers = 3;
  for (int round = 0; round < rounds; ++round) {
    const auto name = "race/" + std::to_string(round);
    std::array<errc, racers> codes{};
    std::array<std::string, racers> seen;
    std::atomic<int> waiting{racers};
    std::vector<std::thread> threads;
    for (int racer = 0; racer < racers; ++racer) {
      threads.emplace_back([&, racer] {
        const auto at = static_cast<std::size_t>(racer);
        const auto mine = "racer " + std::to_string(racer);
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        codes[at] = this->code_of(this->subject().put_if_absent(name, as_bytes(mine)));
        seen[at] = this->text_of(name);
      });
    }
    for (auto& thread : threads) thread.join();
    const auto winners = std::count(codes.begin(), codes.end(), errc{});
    ASSERT_EQ(winners, 1);
    for (std::size_t i = 0; i < racers; ++i) {
      EXPECT_TRUE(codes[i] == errc{} || codes[i] == errc::exists);
      EXPECT_EQ(seen[i], seen[0]);
      EXPECT_EQ(codes[i] == errc{}, seen[i] == "racer " + std::to_string(i));
    }
  }
}

TYPED_TEST_P(store_contract, created_object_holds_its_pieces_in_order) {
  auto writer = this->subject().create("packs/3f/3f00-0");
  ASSERT_TRUE(writer.has_value()) << writer.assume_error().message();
  auto& out = *writer.assume_value();
  EXPECT_EQ(out.size(), 0u);
  const std::vector<byte_view> first{as_bytes("one "), as_bytes(""), as_bytes("two ")};
  const std::vector<byte_view> second{as_bytes("three")};
  ASSERT_TRUE(out.append(first).has_value());
  EXPECT_EQ(out.size(), 8u);
  ASSERT_TRUE(out.append(second).has_value());
  EXPECT_EQ(out.size(), 13u);
  ASSERT_TRUE(out.finish().has_value());
  EXPECT_EQ(this->text_of("packs/3f/3f00-0"), "one two three");
}

TYPED_TEST_P(store_contract, large_pieces_arrive_whole) {
  const auto bytes = random_bytes(1, 9'000'001);
  const auto more = compressible_bytes(2, 3'000'003);
  std::vector<byte_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += 70'001)
    pieces.push_back(byte_view(bytes).subspan(at, std::min<std::size_t>(70'001, bytes.size() - at)));
  pieces.push_back(more);
  ASSERT_TRUE(this->write_object("big", pieces).has_value());

  auto file = this->subject().open("big");
  ASSERT_TRUE(file.has_value());
  auto& in = *file.assume_value();
  ASSERT_EQ(in.size(), bytes.size() + more.size());
  std::vector<std::byte> back(bytes.size());
  ASSERT_TRUE(in.read(0, back).has_value());
  EXPECT_TRUE(back == bytes);
  back.resize(more.size());
  ASSERT_TRUE(in.read(bytes.size(), back).has_value());
  EXPECT_TRUE(back == more);
  const auto mapped = in.map();
  if (!mapped.empty()) {
    ASSERT_EQ(mapped.size(), in.size());
    EXPECT_TRUE(std::equal(more.begin(), more.end(), mapped.end() - static_cast<std::ptrdiff_t>(more.size())));
  }
}

TYPED_TEST_P(store_contract, name_of_a_created_object_is_taken) {
  auto writer = this->subject().create("packs/a");
  ASSERT_TRUE(writer.has_value());
  EXPECT_EQ(this->code_of(this->subject().create("packs/a")), errc::exists);
  EXPECT_EQ(this->code_of(this->subject().put_if_absent("packs/a", as_bytes("x"))), errc::exists);
  ASSERT_TRUE(writer.assume_value()->finish().has_value());
  EXPECT_EQ(this->code_of(this->subject().create("packs/a")), errc::exists);
  EXPECT_EQ(this->code_of(this->subject().put_if_absent("packs/a", as_bytes("x"))), errc::exists);
  EXPECT_EQ(this->text_of("packs/a"), "");
}

TYPED_TEST_P(store_contract, name_of_a_put_object_cannot_be_created) {
  ASSERT_TRUE(this->subject().put_if_absent("packs/a", as_bytes("x")).has_value());
  EXPECT_EQ(this->code_of(this->subject().create("packs/a")), errc::exists);
  EXPECT_EQ(this->text_of("packs/a"), "x");
}

TYPED_TEST_P(store_contract, name_of_an_unfinished_object_stays_taken) {
  { ASSERT_TRUE(this->subject().create("packs/a").has_value()); }
  EXPECT_EQ(this->code_of(this->subject().create("packs/a")), errc::exists);
}

TYPED_TEST_P(store_contract, absent_object_is_not_found) {
  ASSERT_TRUE(this->subject().put_if_absent("folder/object", as_bytes("x")).has_value());
  for (const auto* name : {"nothing", "no/such/folder", "folder", "folder/nothing", "folder/object/below"}) {
    EXPECT_EQ(this->code_of(this->subject().open(name)), errc::not_found) << name;
    EXPECT_EQ(this->code_of(this->subject().get(name, 100)), errc::not_found) << name;
  }
}

TYPED_TEST_P(store_contract, get_refuses_more_than_its_limit) {
  ASSERT_TRUE(this->subject().put_if_absent("a", as_bytes("12345")).has_value());
  EXPECT_TRUE(this->subject().get("a", 5).has_value());
  EXPECT_EQ(this->code_of(this->subject().get("a", 4)), errc::damaged);
}

TYPED_TEST_P(store_contract, read_past_the_end_is_damage) {
  ASSERT_TRUE(this->subject().put_if_absent("a", as_bytes("12345")).has_value());
  auto file = this->subject().open("a");
  ASSERT_TRUE(file.has_value());
  std::array<std::byte, 5> out{};
  auto& in = *file.assume_value();
  EXPECT_TRUE(in.read(0, out).has_value());
  EXPECT_TRUE(in.read(5, byte_span(out).first(0)).has_value());
  EXPECT_EQ(this->code_of(in.read(1, out)), errc::damaged);
  EXPECT_EQ(this->code_of(in.read(6, byte_span(out).first(0))), errc::damaged);
  EXPECT_EQ(this->code_of(in.read(~0ull, byte_span(out).first(2))), errc::damaged);
}

TYPED_TEST_P(store_contract, list_tells_names_and_sizes_in_order) {
  auto& store = this->subject();
  // '-' and '.' sort before '/': the order is that of whole names.
  for (const auto* name : {"packs/3f/b", "packs/3f/a", "packs-old", "packs.x", "sessions/1/begin"})
    ASSERT_TRUE(store.put_if_absent(name, as_bytes(name)).has_value());
  EXPECT_EQ(this->names(""), (names_list{"packs-old", "packs.x", "packs/3f/a", "packs/3f/b", "sessions/1/begin"}));
  const auto found = store.list("packs-");
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found.assume_value().size(), 1u);
  EXPECT_EQ(found.assume_value()[0].size, 9u);
}

TYPED_TEST_P(store_contract, list_takes_a_folder_or_the_beginning_of_a_name) {
  for (const auto* name : {"packs/3f/a", "packs/3f/b", "packs/40/c", "sessions/1/begin"})
    ASSERT_TRUE(this->subject().put_if_absent(name, {}).has_value());
  EXPECT_EQ(this->names("packs/"), (names_list{"packs/3f/a", "packs/3f/b", "packs/40/c"}));
  EXPECT_EQ(this->names("packs/3"), (names_list{"packs/3f/a", "packs/3f/b"}));
  EXPECT_EQ(this->names("packs/3f/b"), (names_list{"packs/3f/b"}));
  EXPECT_EQ(this->names("packs/3f/b/"), names_list{});
  EXPECT_EQ(this->names("p"), this->names("packs/"));
}

TYPED_TEST_P(store_contract, absent_folder_lists_as_empty) {
  EXPECT_EQ(this->names(""), names_list{});
  EXPECT_EQ(this->names("packs/"), names_list{});
  EXPECT_EQ(this->names("packs/3f/deeper/"), names_list{});
}

TYPED_TEST_P(store_contract, removed_object_is_gone_and_removing_again_succeeds) {
  auto& store = this->subject();
  ASSERT_TRUE(store.put_if_absent("index/run-1", as_bytes("x")).has_value());
  ASSERT_TRUE(store.put_if_absent("index/run-2", as_bytes("y")).has_value());
  EXPECT_TRUE(store.remove("index/run-1").has_value());
  EXPECT_EQ(this->names(""), names_list{"index/run-2"});
  EXPECT_EQ(this->code_of(store.open("index/run-1")), errc::not_found);
  EXPECT_TRUE(store.remove("index/run-1").has_value());
  EXPECT_TRUE(store.remove("never/was").has_value());
}

TYPED_TEST_P(store_contract, open_object_is_readable_after_its_removal) {
  auto& store = this->subject();
  ASSERT_TRUE(store.put_if_absent("index/run-1", as_bytes("x")).has_value());
  auto file = store.open("index/run-1");
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE(store.remove("index/run-1").has_value());
  std::array<std::byte, 1> out{};
  EXPECT_TRUE(file.assume_value()->read(0, out).has_value());
}

TYPED_TEST_P(store_contract, lock_is_held_by_one_until_it_is_let_go) {
  auto& store = this->subject();
  auto held = store.lock("names/web-server");
  ASSERT_TRUE(held.has_value()) << held.assume_error().message();
  EXPECT_EQ(this->code_of(store.lock("names/web-server")), errc::busy);
  EXPECT_TRUE(store.lock("names/other").has_value());
  held.assume_value().reset();
  EXPECT_TRUE(store.lock("names/web-server").has_value());
}

TYPED_TEST_P(store_contract, lock_neither_makes_nor_needs_an_object) {
  auto& store = this->subject();
  auto held = store.lock("names/x");
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(this->names(""), names_list{});
  EXPECT_TRUE(store.put_if_absent("names/x", as_bytes("1")).has_value());
  EXPECT_EQ(this->code_of(store.lock("names/x")), errc::busy);
  EXPECT_TRUE(store.remove("names/x").has_value());
  EXPECT_EQ(this->code_of(store.lock("names/x")), errc::busy);
}

TYPED_TEST_P(store_contract, names_outside_the_rule_are_refused_everywhere) {
  auto& store = this->subject();
  for (const auto& name :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."), std::string("../a"),
        std::string("a/../b"), std::string(".a"), std::string("a/.b"), std::string("A"), std::string("a b"), std::string("a\\b"),
        std::string("a\0b", 3), std::string("\xc3\xa4"), std::string(201, 'a')}) {
    EXPECT_EQ(this->code_of(store.put_if_absent(name, {})), errc::usage) << name;
    EXPECT_EQ(this->code_of(store.create(name)), errc::usage) << name;
    EXPECT_EQ(this->code_of(store.open(name)), errc::usage) << name;
    EXPECT_EQ(this->code_of(store.get(name, 1)), errc::usage) << name;
    EXPECT_EQ(this->code_of(store.remove(name)), errc::usage) << name;
    EXPECT_EQ(this->code_of(store.lock(name)), errc::usage) << name;
  }
  EXPECT_EQ(this->code_of(store.list("../")), errc::usage);
  EXPECT_EQ(this->code_of(store.list("/etc/")), errc::usage);
  EXPECT_EQ(this->names(""), names_list{});
}

TYPED_TEST_P(store_contract, longest_and_deepest_names_work) {
  const std::string segment(store::longest_name_segment, 'z');
  std::string name = segment;
  for (std::size_t depth = 1; depth < store::deepest_name; ++depth) name += "/" + std::string(1, static_cast<char>('a' + depth));
  EXPECT_TRUE(this->subject().put_if_absent(name, as_bytes("deep")).has_value());
  EXPECT_TRUE(this->subject().put_if_absent(segment + "/" + segment, as_bytes("long")).has_value());
  EXPECT_TRUE(this->subject().lock(segment + "/" + segment).has_value());
  EXPECT_EQ(this->text_of(name), "deep");
  EXPECT_EQ(this->names(segment + "/").size(), 2u);
}

TYPED_TEST_P(store_contract, tells_where_it_is) { EXPECT_FALSE(this->subject().location().empty()); }

REGISTER_TYPED_TEST_SUITE_P(store_contract, put_object_is_read_back, put_of_no_bytes_is_an_object,
                            second_put_is_refused_and_changes_nothing, of_racing_puts_exactly_one_wins_and_losers_see_its_bytes,
                            created_object_holds_its_pieces_in_order, large_pieces_arrive_whole,
                            name_of_a_created_object_is_taken, name_of_a_put_object_cannot_be_created,
                            name_of_an_unfinished_object_stays_taken, absent_object_is_not_found, get_refuses_more_than_its_limit,
                            read_past_the_end_is_damage, list_tells_names_and_sizes_in_order,
                            list_takes_a_folder_or_the_beginning_of_a_name, absent_folder_lists_as_empty,
                            removed_object_is_gone_and_removing_again_succeeds, open_object_is_readable_after_its_removal,
                            lock_is_held_by_one_until_it_is_let_go, lock_neither_makes_nor_needs_an_object,
                            names_outside_the_rule_are_refused_everywhere, longest_and_deepest_names_work, tells_where_it_is);

}  // namespace umbra::test
