// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/session_order.h"

#include <gtest/gtest.h>

#include <string>

namespace umbra::native {
namespace {

image::session_id id(unsigned n) {
  image::session_id made;
  made.bytes[0] = static_cast<std::byte>(n);
  return made;
}

session_state image_of(unsigned n, std::int64_t created, unsigned parent = 0) {
  session_state s;
  s.id = id(n);
  s.state = session_state::what::committed;
  s.info.id = s.id;
  s.info.created = created;
  if (parent != 0) s.info.parent = id(parent);
  return s;
}

std::string order_of(std::vector<session_state> sessions) {
  order_by_age(sessions);
  std::string order;
  for (const auto& s : sessions) order += std::to_string(std::to_integer<unsigned>(s.id.bytes[0])) + " ";
  return order;
}

TEST(session_order, follows_the_time) {
  EXPECT_EQ(order_of({image_of(1, 300), image_of(2, -5), image_of(3, 200)}), "2 3 1 ");
  EXPECT_EQ(order_of({}), "");
}

TEST(session_order, puts_a_child_behind_its_parent_within_a_second) {
  EXPECT_EQ(order_of({image_of(1, 100, 7), image_of(7, 100, 9), image_of(9, 100)}), "9 7 1 ");
}

TEST(session_order, puts_a_child_behind_its_parent_when_the_clock_was_set_back) {
  EXPECT_EQ(order_of({image_of(1, 50, 2), image_of(2, 100), image_of(3, 70), image_of(4, 120)}), "3 2 1 4 ");
}

TEST(session_order, is_the_ids_among_equals) {
  EXPECT_EQ(order_of({image_of(3, 100), image_of(1, 100), image_of(2, 100)}), "1 2 3 ");
  EXPECT_EQ(order_of({image_of(3, 100, 9), image_of(1, 100, 9), image_of(9, 100)}), "9 1 3 ");
}

TEST(session_order, does_not_need_the_parent) { EXPECT_EQ(order_of({image_of(1, 100, 99), image_of(2, 50)}), "2 1 "); }

TEST(session_order, puts_first_what_is_no_image) {
  session_state damaged;
  damaged.id = id(200);
  damaged.state = session_state::what::damaged;
  EXPECT_EQ(order_of({image_of(1, -100), damaged}), "200 1 ");
}

TEST(session_order, ends_on_a_circle) {
  const auto order = order_of({image_of(1, 100, 2), image_of(2, 90, 3), image_of(3, 80, 1)});
  EXPECT_EQ(order.size(), 6u);
}

TEST(session_order, takes_long_chains) {
  std::vector<session_state> chain;
  for (unsigned n = 1; n <= 50'000; ++n) {
    auto s = image_of(0, 100);
    s.id.bytes[0] = static_cast<std::byte>(n & 0xff);
    s.id.bytes[1] = static_cast<std::byte>(n >> 8);
    if (n > 1) s.info.parent = chain.back().id;
    chain.push_back(s);
  }
  const auto wanted = chain;
  std::reverse(chain.begin(), chain.end());
  order_by_age(chain);
  for (std::size_t i = 0; i < chain.size(); ++i) ASSERT_EQ(chain[i].id, wanted[i].id) << i;
}

}  // namespace
}  // namespace umbra::native
