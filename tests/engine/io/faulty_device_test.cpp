// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/faulty_device.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "engine/io/memory_device.h"
#include "tests/contract/device_contract.h"

namespace umbra::test {
namespace {

std::unique_ptr<io::device> with(io::fault_plan plan) {
  return io::make_faulty(std::make_unique<io::memory_device>(64 << 10), std::move(plan));
}

TEST(faulty_device, fails_reads_that_touch_a_bad_range_and_no_others) {
  io::fault_plan plan;
  plan.unreadable = {{4096, 512}};
  const auto device = with(plan);
  buffer memory(8192);
  const auto read = [&](std::uint64_t offset, std::uint64_t size) { return device->read(offset, memory.span().first(size)); };
  EXPECT_TRUE(fails_with(errc::io_read, read(0, 8192)));
  EXPECT_TRUE(fails_with(errc::io_read, read(4607, 1)));
  EXPECT_TRUE(fails_with(errc::io_read, read(4095, 2)));
  EXPECT_TRUE(succeeds(read(0, 4096)));
  EXPECT_TRUE(succeeds(read(4608, 512)));
  EXPECT_TRUE(succeeds(read(4200, 0)));
  EXPECT_EQ(read(4096, 1).error().os_error(), EIO);
}

TEST(faulty_device, fails_queued_reads_like_direct_ones) {
  io::fault_plan plan;
  plan.unreadable = {{4096, 512}};
  const auto device = with(plan);
  auto queue = device->open_queue(4);
  ASSERT_TRUE(succeeds(queue));
  buffer memory(4096);
  io::transfer t;
  t.offset = 4096;
  t.memory = memory.span();
  queue.value()->submit(t);
  EXPECT_EQ(&queue.value()->wait(), &t);
  EXPECT_TRUE(fails_with(errc::io_read, t.outcome));
}

TEST(faulty_device, transient_faults_go_away) {
  io::fault_plan plan;
  plan.unreadable = {{0, 512}};
  plan.transient_reads = 2;
  const auto device = with(plan);
  buffer memory(512);
  EXPECT_TRUE(fails_with(errc::io_read, device->read(0, memory.span())));
  EXPECT_TRUE(succeeds(device->read(512, memory.span())));
  EXPECT_TRUE(fails_with(errc::io_read, device->read(0, memory.span())));
  EXPECT_TRUE(succeeds(device->read(0, memory.span())));
}

TEST(faulty_device, fails_writes_and_zeroing_of_a_bad_range) {
  io::fault_plan plan;
  plan.unwritable = {{4096, 512}};
  const auto device = with(plan);
  const auto bytes = filled_buffer(1, 1024);
  EXPECT_TRUE(fails_with(errc::io_write, device->write(4000, bytes.view())));
  EXPECT_TRUE(fails_with(errc::io_write, device->zero(0, 8192, io::zero_mode::release)));
  EXPECT_TRUE(succeeds(device->write(4608, bytes.view())));
}

TEST(faulty_device, fills_up_after_so_many_writes) {
  io::fault_plan plan;
  plan.fail_write_at = 2;
  plan.write_errno = ENOSPC;
  const auto device = with(plan);
  const auto bytes = filled_buffer(1, 512);
  EXPECT_TRUE(succeeds(device->write(0, bytes.view())));
  EXPECT_TRUE(succeeds(device->zero(512, 512, io::zero_mode::write)));
  EXPECT_TRUE(fails_with(errc::no_space, device->write(1024, bytes.view())));
  EXPECT_TRUE(fails_with(errc::no_space, device->write(0, bytes.view())));
}

TEST(faulty_device, shrinks_after_so_many_reads) {
  io::fault_plan plan;
  plan.shrinks_after = 1;
  const auto device = with(plan);
  buffer memory(512);
  EXPECT_TRUE(succeeds(device->read(0, memory.span())));
  EXPECT_TRUE(fails_with(errc::source_changed, device->read(0, memory.span())));
}

TEST(faulty_device, fails_to_flush_when_asked_to) {
  io::fault_plan plan;
  plan.flush_fails = true;
  EXPECT_TRUE(fails_with(errc::io_write, with(plan)->flush()));
  EXPECT_TRUE(succeeds(with({})->flush()));
}

}  // namespace
}  // namespace umbra::test
