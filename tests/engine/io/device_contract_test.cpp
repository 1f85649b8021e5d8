// SPDX-License-Identifier: GPL-3.0-or-later
// Every device that needs no privileges, held to the contract.
#include "tests/contract/device_contract.h"

#include "engine/io/faulty_device.h"
#include "engine/io/file_device.h"
#include "engine/io/memory_device.h"
#include "engine/io/window_device.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {
namespace {

constexpr std::uint64_t odd_size = (300 << 10) + 1234;

struct always_available {
  static std::string unavailable() { return {}; }
  static constexpr std::uint64_t size = odd_size;
};

struct memory_backing : always_available {
  std::unique_ptr<io::device> open(std::uint64_t wanted) { return std::make_unique<io::memory_device>(wanted); }
};

// A window in the middle of a larger device.
struct window_backing : always_available {
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    return io::make_window(std::make_unique<io::memory_device>(wanted + 20000), {10000, wanted}).value();
  }
};

struct faulty_backing : always_available {
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    return io::make_faulty(std::make_unique<io::memory_device>(wanted), {});
  }
};

template <io::engine_kind Engine, io::open_options::direct Direct>
struct file_backing {
  static constexpr std::uint64_t size = odd_size;

  static io::open_options options(std::uint64_t wanted) {
    io::open_options o;
    o.mode = io::open_options::access::create;
    o.size = wanted;
    o.engine = Engine;
    o.direct_io = Direct;
    return o;
  }

  static std::string unavailable() {
    const temp_dir dir;
    auto probe = io::open_device(dir.at("probe"), options(4096));
    if (probe.has_error()) return probe.error().message();
    const auto queue = probe.value()->open_queue(1);
    return queue.has_error() ? queue.error().message() : std::string();
  }

  std::unique_ptr<io::device> open(std::uint64_t wanted) { return io::open_device(dir_.at("disk"), options(wanted)).value(); }

 private:
  temp_dir dir_;
};

using direct = io::open_options::direct;
using threads_backing = file_backing<io::engine_kind::threads, direct::automatic>;
using uring_backing = file_backing<io::engine_kind::uring, direct::automatic>;
using direct_threads_backing = file_backing<io::engine_kind::threads, direct::on>;
using direct_uring_backing = file_backing<io::engine_kind::uring, direct::on>;

struct direct_window_backing : direct_uring_backing {
  std::unique_ptr<io::device> open(std::uint64_t wanted) {
    auto whole = direct_uring_backing::open(wanted + (128 << 10));
    return io::make_window(std::move(whole), {64 << 10, wanted}).value();
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(memory, device_contract, memory_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(window, device_contract, window_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(faulty, device_contract, faulty_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(file_threads, device_contract, threads_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(file_uring, device_contract, uring_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(file_direct_threads, device_contract, direct_threads_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(file_direct_uring, device_contract, direct_uring_backing);
INSTANTIATE_TYPED_TEST_SUITE_P(file_direct_window, device_contract, direct_window_backing);

}  // namespace
}  // namespace umbra::test
