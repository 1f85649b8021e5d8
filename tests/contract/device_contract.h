// SPDX-License-Identifier: GPL-3.0-or-later
// What every read-write device must do, whatever it is made of. An implementation joins with one type and one line:
//
//   struct memory_backing {
//     static std::string unavailable();              // why it cannot be tested here; empty if it can
//     std::unique_ptr<io::device> open(std::uint64_t size);  // a device of this size that reads as zeros
//     static constexpr std::uint64_t size = …;       // a few hundred KiB, odd where the device allows it
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(memory, device_contract, memory_backing);
//
// Offsets and sizes follow the geometry's alignment; the backing outlives the device.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/block/zero.h"
#include "engine/io/device.h"
#include "tests/support/pattern.h"

namespace umbra::test {

// Aligned memory with bytes in it.
inline buffer filled_buffer(std::uint64_t seed, std::uint64_t size) {
  buffer memory(size);
  fill_random(seed, memory.span());
  return memory;
}

template <class Result>
::testing::AssertionResult succeeds(const Result& r) {
  if (r.has_value()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.error().message();
}

template <class Result>
::testing::AssertionResult fails_with(errc code, const Result& r) {
  if (r.has_value()) return ::testing::AssertionFailure() << "it succeeded";
  if (r.error().code() == code) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << r.error().message();
}

inline ::testing::AssertionResult same_bytes(byte_view wanted, byte_view found) {
  const auto [a, b] = std::ranges::mismatch(wanted, found);
  if (a == wanted.end() && b == found.end()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "they differ from byte " << a - wanted.begin() << " on; sizes " << wanted.size()
                                       << " and " << found.size();
}

template <class Backing>
class device_contract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = Backing::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    device_ = backing_.open(Backing::size);
    ASSERT_NE(device_, nullptr);
    model_.resize(Backing::size);
  }

  io::device& target() { return *device_; }
  std::uint64_t size() const { return model_.size(); }
  std::uint64_t unit() const { return device_->geometry().alignment; }

  void write(std::uint64_t offset, std::uint64_t count) {
    const auto bytes = filled_buffer(++seed_, count);
    ASSERT_TRUE(succeeds(device_->write(offset, bytes.view()))) << offset << "+" << count;
    std::ranges::copy(bytes.view(), model_.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  void fill() { write(0, size()); }

  byte_view wanted(std::uint64_t offset, std::uint64_t count) const { return byte_view(model_).subspan(offset, count); }

  void expect_bytes(std::uint64_t offset, std::uint64_t count) {
    buffer found(count);
    ASSERT_TRUE(succeeds(device_->read(offset, found.span()))) << offset << "+" << count;
    EXPECT_TRUE(same_bytes(wanted(offset, count), found.view())) << offset << "+" << count;
  }

  void expect_all() { expect_bytes(0, size()); }

  // Interesting offsets, multiples of the alignment.
  std::vector<std::uint64_t> offsets() const {
    if (unit() == 1) return {0, 1, 511, 512, 513, 4095, 4096, 4097, 65535, size() - 4097, size() - 1};
    return {0, unit(), 3 * unit(), 17 * unit(), align_down(size() - 1, unit())};
  }

  // Sizes for transfers at `offset` that stay inside the device; the last one ends with it.
  std::vector<std::uint64_t> sizes(std::uint64_t offset) const {
    const std::vector<std::uint64_t> odd{1, 2, 511, 512, 513, 4095, 4096, 4097, 70001};
    std::vector<std::uint64_t> fitting;
    for (const auto n : odd) fitting.push_back(unit() == 1 ? n : n * unit() / 32 / unit() * unit() + unit());
    std::erase_if(fitting, [&](auto n) { return n > size() - offset; });
    fitting.push_back(size() - offset);
    return fitting;
  }

  // Cuts the device into pieces of `step` (a multiple of the alignment) and moves all of them through one queue.
  void move_all(io::transfer_queue& queue, io::transfer::direction way, byte_span memory, std::uint64_t step) {
    std::vector<io::transfer> pieces;
    for (std::uint64_t at = 0; at < size(); at += step) {
      io::transfer t;
      t.way = way;
      t.offset = at;
      t.memory = memory.subspan(at, std::min(step, size() - at));
      pieces.push_back(std::move(t));
    }
    std::size_t back = 0;
    const auto take = [&] {
      auto& t = queue.wait();
      ++back;
      EXPECT_TRUE(succeeds(t.outcome)) << t.offset;
    };
    for (auto& t : pieces) {
      t.owner = &t;
      if (queue.in_flight() == queue.depth()) take();
      queue.submit(t);
    }
    while (queue.in_flight() != 0) take();
    EXPECT_EQ(back, pieces.size());
    for (auto& t : pieces) EXPECT_EQ(t.owner, &t);
  }

  std::uint64_t step() const { return std::max<std::uint64_t>(4096, unit()); }

 private:
  Backing backing_;
  std::unique_ptr<io::device> device_;
  std::vector<std::byte> model_;
  std::uint64_t seed_ = 0;
};

TYPED_TEST_SUITE_P(device_contract);

TYPED_TEST_P(device_contract, has_a_name_and_a_usable_geometry) {
  const auto g = this->target().geometry();
  EXPECT_FALSE(this->target().name().empty());
  EXPECT_EQ(g.size, this->size());
  EXPECT_TRUE(is_power_of_two(g.alignment));
  EXPECT_TRUE(is_power_of_two(g.logical_sector));
  EXPECT_GE(g.physical_sector, g.logical_sector);
  EXPECT_FALSE(g.read_only);
}

TYPED_TEST_P(device_contract, starts_with_zeros) { this->expect_all(); }

TYPED_TEST_P(device_contract, reads_back_what_was_written_at_any_offset_and_size) {
  for (const auto offset : this->offsets()) {
    for (const auto count : this->sizes(offset)) ASSERT_NO_FATAL_FAILURE(this->write(offset, count));
    ASSERT_NO_FATAL_FAILURE(this->expect_all());
  }
}

TYPED_TEST_P(device_contract, reads_any_part) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  for (const auto offset : this->offsets()) {
    for (const auto count : this->sizes(offset)) ASSERT_NO_FATAL_FAILURE(this->expect_bytes(offset, count));
  }
}

TYPED_TEST_P(device_contract, a_queue_tells_when_a_transfer_is_back) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  auto opened = this->target().open_queue(4);
  ASSERT_TRUE(succeeds(opened));
  auto& queue = *opened.assume_value();
  EXPECT_FALSE(queue.has_finished());
  buffer memory(this->step());
  io::transfer t;
  t.memory = memory.span();
  queue.submit(t);
  while (!queue.has_finished()) std::this_thread::yield();
  EXPECT_TRUE(queue.has_finished());
  EXPECT_EQ(queue.in_flight(), 1u);
  EXPECT_EQ(&queue.wait(), &t);
  EXPECT_TRUE(succeeds(t.outcome));
  EXPECT_FALSE(queue.has_finished());
  EXPECT_TRUE(same_bytes(this->wanted(0, memory.size()), memory.view()));
}

TYPED_TEST_P(device_contract, takes_memory_of_any_alignment) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  const auto count = 8 * this->unit();
  std::vector<std::byte> memory(count + 1);
  const auto shifted = byte_span(memory).subspan(1);
  ASSERT_TRUE(succeeds(this->target().read(this->unit(), shifted)));
  EXPECT_TRUE(same_bytes(this->wanted(this->unit(), count), shifted));
  ASSERT_TRUE(succeeds(this->target().write(16 * this->unit(), shifted)));
  buffer found(count);
  ASSERT_TRUE(succeeds(this->target().read(16 * this->unit(), found.span())));
  EXPECT_TRUE(same_bytes(shifted, found.view()));
}

TYPED_TEST_P(device_contract, refuses_whatever_reaches_past_the_end) {
  auto& target = this->target();
  ASSERT_NO_FATAL_FAILURE(this->fill());
  auto memory = filled_buffer(99, 2 * this->unit());
  const auto last = align_down(this->size() - 1, this->unit());
  for (const auto offset : {last, this->size(), align_up(this->size() + 1, 65536), align_down(~0ull, 65536)}) {
    EXPECT_TRUE(fails_with(errc::out_of_range, target.read(offset, memory.span()))) << offset;
    EXPECT_TRUE(fails_with(errc::out_of_range, target.write(offset, memory.view()))) << offset;
    EXPECT_TRUE(fails_with(errc::out_of_range, target.zero(offset, memory.size(), io::zero_mode::release))) << offset;
    EXPECT_TRUE(fails_with(errc::out_of_range, target.extents(offset, memory.size()))) << offset;
  }
  EXPECT_TRUE(fails_with(errc::out_of_range, target.zero(this->unit(), ~0ull, io::zero_mode::write)));
  EXPECT_TRUE(fails_with(errc::out_of_range, target.extents(this->unit(), ~0ull)));
  this->expect_all();
}

TYPED_TEST_P(device_contract, moves_nothing_gladly) {
  for (const auto offset : {std::uint64_t{0}, this->size()}) {
    EXPECT_TRUE(succeeds(this->target().read(offset, {})));
    EXPECT_TRUE(succeeds(this->target().write(offset, {})));
    EXPECT_TRUE(succeeds(this->target().zero(offset, 0, io::zero_mode::release)));
    const auto none = this->target().extents(offset, 0);
    ASSERT_TRUE(succeeds(none));
    EXPECT_TRUE(none.value().empty());
  }
}

TYPED_TEST_P(device_contract, zeroes_exactly_the_range) {
  for (const auto mode : {io::zero_mode::release, io::zero_mode::write}) {
    for (const auto offset : this->offsets()) {
      ASSERT_NO_FATAL_FAILURE(this->fill());
      const auto count = std::min(this->size() - offset, 3 * this->step());
      ASSERT_TRUE(succeeds(this->target().zero(offset, count, mode)));
      buffer found(this->size());
      ASSERT_TRUE(succeeds(this->target().read(0, found.span())));
      EXPECT_TRUE(same_bytes(this->wanted(0, offset), found.view().first(offset)));
      EXPECT_TRUE(is_zero(found.view().subspan(offset, count))) << offset;
      const auto end = offset + count;
      EXPECT_TRUE(same_bytes(this->wanted(end, this->size() - end), found.view().subspan(end)));
    }
  }
}

TYPED_TEST_P(device_contract, takes_writes_where_it_was_zeroed) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  ASSERT_TRUE(succeeds(this->target().zero(0, this->size(), io::zero_mode::release)));
  ASSERT_NO_FATAL_FAILURE(this->fill());
  this->expect_all();
}

TYPED_TEST_P(device_contract, tells_extents_that_cover_the_range_exactly) {
  auto& target = this->target();
  ASSERT_NO_FATAL_FAILURE(this->write(2 * this->step(), this->step()));
  ASSERT_NO_FATAL_FAILURE(this->write(20 * this->step(), 3 * this->step()));
  for (const auto offset : this->offsets()) {
    for (const auto count : this->sizes(offset)) {
      const auto found = target.extents(offset, count);
      ASSERT_TRUE(succeeds(found));
      auto at = offset;
      for (const auto& e : found.value()) {
        ASSERT_EQ(e.offset, at);
        ASSERT_GT(e.size, 0u);
        at = e.end();
        if (e.kind == extent_kind::zero) {
          EXPECT_TRUE(is_zero(this->wanted(e.offset, e.size)));
        }
      }
      EXPECT_EQ(at, offset + count);
    }
  }
}

TYPED_TEST_P(device_contract, flushes) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  EXPECT_TRUE(succeeds(this->target().flush()));
  EXPECT_TRUE(succeeds(this->target().flush()));
  this->expect_all();
}

TYPED_TEST_P(device_contract, queues_move_everything_at_any_depth) {
  for (const unsigned depth : {1u, 2u, 64u}) {
    ASSERT_NO_FATAL_FAILURE(this->fill());
    auto queue = this->target().open_queue(depth);
    ASSERT_TRUE(succeeds(queue));
    EXPECT_GE(queue.value()->depth(), 1u);
    EXPECT_LE(queue.value()->depth(), depth);
    buffer found(this->size());
    this->move_all(*queue.value(), io::transfer::direction::read, found.span(), this->step());
    EXPECT_TRUE(same_bytes(this->wanted(0, this->size()), found.view()));

    auto fresh = filled_buffer(depth + 1000, this->size());
    this->move_all(*queue.value(), io::transfer::direction::write, fresh.span(), 2 * this->step());
    ASSERT_TRUE(succeeds(this->target().read(0, found.span())));
    EXPECT_TRUE(same_bytes(fresh.view(), found.view()));
  }
}

TYPED_TEST_P(device_contract, queues_refuse_depths_that_make_no_sense) {
  EXPECT_TRUE(fails_with(errc::usage, this->target().open_queue(0)));
  EXPECT_TRUE(fails_with(errc::usage, this->target().open_queue(257)));
  EXPECT_TRUE(succeeds(this->target().open_queue(256)));
}

TYPED_TEST_P(device_contract, a_queue_fails_only_the_transfer_that_is_wrong) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  auto queue = this->target().open_queue(4);
  ASSERT_TRUE(succeeds(queue));
  buffer memory(4 * this->step());
  std::vector<io::transfer> pieces(4);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].offset = i == 2 ? align_up(this->size(), this->step()) : i * this->step();
    pieces[i].memory = memory.span().subspan(i * this->step(), this->step());
    queue.value()->submit(pieces[i]);
  }
  EXPECT_EQ(queue.value()->in_flight(), 4u);
  while (queue.value()->in_flight() != 0) queue.value()->wait();
  for (const std::size_t good : {0u, 1u, 3u}) {
    EXPECT_TRUE(succeeds(pieces[good].outcome));
    EXPECT_TRUE(same_bytes(this->wanted(good * this->step(), this->step()), pieces[good].memory));
  }
  EXPECT_TRUE(fails_with(errc::out_of_range, pieces[2].outcome));
}

TYPED_TEST_P(device_contract, a_queue_may_die_with_transfers_in_flight) {
  auto bytes = filled_buffer(7, 32 * this->step());
  std::vector<io::transfer> pieces(32);
  {
    auto queue = this->target().open_queue(32);
    ASSERT_TRUE(succeeds(queue));
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      pieces[i].way = io::transfer::direction::write;
      pieces[i].offset = i * this->step();
      pieces[i].memory = bytes.span().subspan(i * this->step(), this->step());
      queue.value()->submit(pieces[i]);
    }
    queue.value()->wait();
  }
  // It waited: the memory is ours again, and whatever was submitted is on the device.
  buffer found(bytes.size());
  ASSERT_TRUE(succeeds(this->target().read(0, found.span())));
  EXPECT_TRUE(same_bytes(bytes.view(), found.view()));
}

TYPED_TEST_P(device_contract, serves_many_readers_at_once) {
  ASSERT_NO_FATAL_FAILURE(this->fill());
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([this, reader] {
      for (const auto offset : this->offsets()) this->expect_bytes(offset, this->size() - offset);
      auto queue = this->target().open_queue(reader % 2 == 0 ? 3 : 8);
      ASSERT_TRUE(succeeds(queue));
      buffer found(this->size());
      this->move_all(*queue.value(), io::transfer::direction::read, found.span(), this->step());
      EXPECT_TRUE(same_bytes(this->wanted(0, this->size()), found.view()));
    });
  }
  for (auto& reader : readers) reader.join();
}

TYPED_TEST_P(device_contract, takes_writers_side_by_side_down_to_the_tail) {
  auto fresh = filled_buffer(31, this->size());
  constexpr std::uint64_t writer_count = 4;
  const std::uint64_t stripe = this->unit() == 1 ? 997 : this->unit();
  std::vector<std::thread> writers;
  for (std::uint64_t writer = 0; writer < writer_count; ++writer) {
    writers.emplace_back([&, writer] {
      for (auto at = writer * stripe; at < this->size(); at += writer_count * stripe) {
        const auto count = std::min(stripe, this->size() - at);
        EXPECT_TRUE(succeeds(this->target().write(at, fresh.view().subspan(at, count))));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  buffer found(this->size());
  ASSERT_TRUE(succeeds(this->target().read(0, found.span())));
  EXPECT_TRUE(same_bytes(fresh.view(), found.view()));
}

REGISTER_TYPED_TEST_SUITE_P(device_contract, has_a_name_and_a_usable_geometry, starts_with_zeros,
                            reads_back_what_was_written_at_any_offset_and_size, reads_any_part,
                            a_queue_tells_when_a_transfer_is_back, takes_memory_of_any_alignment,
                            refuses_whatever_reaches_past_the_end, moves_nothing_gladly, zeroes_exactly_the_range,
                            takes_writes_where_it_was_zeroed, tells_extents_that_cover_the_range_exactly, flushes,
                            queues_move_everything_at_any_depth, queues_refuse_depths_that_make_no_sense,
                            a_queue_fails_only_the_transfer_that_is_wrong, a_queue_may_die_with_transfers_in_flight,
                            serves_many_readers_at_once, takes_writers_side_by_side_down_to_the_tail);

}  // namespace umbra::test
