// SPDX-License-Identifier: GPL-3.0-or-later
// A random-access device: a file, a block node, memory, an image, or a window of another device.
// All offsets and sizes are bytes. Nothing is retried here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/block/extent.h"

namespace umbra::io {

// Never changes while a device is open.
struct device_geometry {
  std::uint64_t size = 0;
  std::uint32_t logical_sector = 512;   // unit the device can address
  std::uint32_t physical_sector = 512;  // unit it writes without read-modify-write
  std::uint32_t alignment = 1;          // offsets, sizes and memory of transfers must be multiples (O_DIRECT), else 1;
                                        // a transfer that ends at `size` may have a shorter last unit
  bool block_device = false;
  bool read_only = true;
  bool rotational = false;
};

// How to make a range read as zeros.
enum class zero_mode : std::uint8_t {
  release,  // give the space back where the device can (hole, discard that reads zero), else write
  write,    // allocated zeros
};

// One read or write. The owner keeps it and its memory alive until the queue gives it back.
struct transfer {
  enum class direction : std::uint8_t { read, write };
  direction way = direction::read;
  std::uint64_t offset = 0;
  byte_span memory{};
  void* owner = nullptr;             // untouched by the queue
  result<void> outcome = success();  // set when the queue gives it back; all of `memory` was moved, or an error
};

// Many transfers in flight on one device. One thread uses a queue; a device may have many queues.
// Destroying a queue waits for what is in flight.
class transfer_queue {
 public:
  virtual ~transfer_queue() = default;
  // Transfers that may be in flight at once (at least 1).
  virtual unsigned depth() const = 0;
  virtual unsigned in_flight() const = 0;
  // Starts `t`. in_flight() must be below depth(). Never fails: errors come back in the transfer.
  virtual void submit(transfer& t) = 0;
  // True if wait() would give one back at once. May say false a little too long, never true too early.
  virtual bool has_finished() = 0;
  // Waits for any transfer to finish and gives it back. in_flight() must not be 0.
  virtual transfer& wait() = 0;
};

class device {
 public:
  virtual ~device() = default;

  // How people call it: a path, or "memory".
  virtual std::string name() const = 0;
  virtual device_geometry geometry() const = 0;

  // read() and write() may run at the same time on ranges that do not touch. The range must lie inside the device.
  // Fills all of `out` or fails. After an error the bytes of `out` are unspecified. errc::source_changed if the device
  // has become shorter than its geometry says.
  virtual result<void> read(std::uint64_t offset, byte_span out) = 0;
  // Writes all of `in` or fails; after an error the range holds old and new bytes in any mix.
  virtual result<void> write(std::uint64_t offset, byte_view in) = 0;
  // The range reads as zeros afterwards.
  virtual result<void> zero(std::uint64_t offset, std::uint64_t size, zero_mode mode) = 0;

  // Known kinds of [offset, offset + size): in order, without gaps or overlap, covering it exactly.
  // A device that does not know answers one `data` extent. Costs little: no data is read.
  virtual result<extent_list> extents(std::uint64_t offset, std::uint64_t size) = 0;

  // After success everything written before the call survives power loss.
  virtual result<void> flush() = 0;

  // A queue of at most `depth` (1 to 256) transfers. The device must outlive it.
  // The default runs read() and write() on `depth` threads.
  virtual result<std::unique_ptr<transfer_queue>> open_queue(unsigned depth);
};

// The queue behind device::open_queue()'s default.
std::unique_ptr<transfer_queue> make_thread_queue(device& target, unsigned depth);

}  // namespace umbra::io
