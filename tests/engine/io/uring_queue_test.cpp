// SPDX-License-Identifier: GPL-3.0-or-later
// What the contract cannot reach: requests that end early, and kernels or policies without io_uring.
#include "engine/io/uring_queue_linux.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "engine/io/file_device.h"
#include "engine/io/unique_fd.h"
#include "tests/contract/device_contract.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

io::open_options created(std::uint64_t size, io::engine_kind engine) {
  io::open_options o;
  o.mode = io::open_options::access::create_or_replace;
  o.size = size;
  o.engine = engine;
  return o;
}

// With requests of at most 4 KiB, every larger transfer comes back short and must be sent again.
TEST(uring_queue, sends_the_rest_of_a_short_transfer) {
  const temp_dir dir;
  constexpr std::uint64_t size = 50001;
  auto device = io::open_device(dir.at("disk"), created(size, io::engine_kind::threads));
  ASSERT_TRUE(succeeds(device));
  const unique_fd fd(::open(dir.at("disk").c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(fd.is_open());
  auto queue = io::make_uring_queue({*device.value(), fd.get(), false, 4096}, 3);
  if (queue.has_error()) GTEST_SKIP() << queue.error().message();

  auto bytes = filled_buffer(1, size);
  buffer found(size);
  for (const auto way : {io::transfer::direction::write, io::transfer::direction::read}) {
    std::vector<io::transfer> pieces(3);
    const auto memory = way == io::transfer::direction::write ? bytes.span() : found.span();
    for (std::size_t i = 0; i < 3; ++i) {
      pieces[i].way = way;
      pieces[i].offset = i * size / 3;
      pieces[i].memory = memory.subspan(pieces[i].offset, (i + 1) * size / 3 - pieces[i].offset);
      queue.value()->submit(pieces[i]);
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(succeeds(queue.value()->wait().outcome));
    EXPECT_EQ(queue.value()->in_flight(), 0u);
  }
  EXPECT_TRUE(same_bytes(bytes.view(), found.view()));
}

TEST(uring_queue, tells_the_errno_of_a_failed_transfer) {
  const temp_dir dir;
  auto device = io::open_device(dir.at("disk"), created(8192, io::engine_kind::threads));
  ASSERT_TRUE(succeeds(device));
  // A descriptor that may not be written stands in for a medium that fails.
  const unique_fd fd(::open(dir.at("disk").c_str(), O_RDONLY | O_CLOEXEC));
  auto queue = io::make_uring_queue({*device.value(), fd.get()}, 1);
  if (queue.has_error()) GTEST_SKIP() << queue.error().message();
  buffer memory(4096);
  io::transfer t;
  t.way = io::transfer::direction::write;
  t.offset = 4096;
  t.memory = memory.span();
  queue.value()->submit(t);
  queue.value()->wait();
  ASSERT_TRUE(fails_with(errc::io_write, t.outcome));
  EXPECT_EQ(t.outcome.error().os_error(), EBADF);
}

// From now on this process gets `refusal` for io_uring_setup.
bool forbid_rings(int refusal) {
  const auto answer = SECCOMP_RET_ERRNO | static_cast<unsigned>(refusal);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs in a child: 0 if automatic falls back and uring says why not.
int fallback_works(const std::string& path, int refusal) {
  if (!forbid_rings(refusal)) return 77;
  auto automatic = io::open_device(path, created(8192, io::engine_kind::automatic));
  if (automatic.has_error()) return 1;
  auto queue = automatic.value()->open_queue(2);
  if (queue.has_error()) return 2;
  buffer memory(8192);
  io::transfer t;
  t.memory = memory.span();
  queue.value()->submit(t);
  if (queue.value()->wait().outcome.has_error()) return 3;
  auto strict = io::open_device(path, created(8192, io::engine_kind::uring));
  if (strict.has_error()) return 4;
  const auto refused = strict.value()->open_queue(2);
  return refused.has_error() && refused.error().code() == errc::unsupported && refused.error().os_error() == refusal ? 0 : 5;
}

TEST(uring_queue_death_test, threads_stand_in_where_rings_are_refused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const temp_dir dir;
  const auto path = dir.at("disk");
  for (const int refusal : {ENOSYS, EPERM, ENOMEM}) {
    EXPECT_EXIT(std::_Exit(fallback_works(path, refusal)), ::testing::ExitedWithCode(0), "") << refusal;
  }
}

}  // namespace
}  // namespace umbra::test
