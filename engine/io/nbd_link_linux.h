// SPDX-License-Identifier: GPL-3.0-or-later
// One connection to an NBD server and the thread that serves it: many requests in flight, handed in by any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/io/device.h"
#include "engine/io/unique_fd.h"

struct nbd_handle;

namespace umbra::io {

struct nbd_job;

struct nbd_request {
  enum class kind : std::uint8_t { read, write, zero, zero_allocated, flush, status };
  kind what = kind::read;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::byte* memory = nullptr;         // of reads and writes
  std::vector<std::uint32_t> extents;  // of status: length and flags by turns, as the server sent them
  int failure = 0;                     // errno
  nbd_job* job = nullptr;
};

// Requests that are one transfer. Stays where it is until `finished` is called, on the link's thread.
struct nbd_job {
  std::vector<nbd_request> requests;
  std::function<void(nbd_job&)> finished;
  result<void> outcome = success();
  std::size_t left = 0;
};

// What the server said when the connection was made.
struct nbd_export {
  std::uint64_t size = 0;
  std::uint64_t minimum = 1;  // offsets and sizes of requests are multiples of it
  std::uint64_t maximum = 0;  // bytes of a read or write
  bool read_only = true;
  bool can_zero = false;
  bool can_flush = false;
  bool tells_extents = false;
  bool takes_several_connections = false;
};

class nbd_link {
 public:
  static result<std::unique_ptr<nbd_link>> connect(const std::string& uri);
  // Waits for what is in flight.
  ~nbd_link();

  const nbd_export& facts() const { return facts_; }
  // Starts all requests of the job (at least one).
  void start(nbd_job& job);
  // Starts it and waits.
  result<void> run(nbd_job& job);

 private:
  struct closer {
    void operator()(nbd_handle* h) const;
  };
  nbd_link(std::string name, std::unique_ptr<nbd_handle, closer> handle) : name_(std::move(name)), handle_(std::move(handle)) {}
  result<void> look();
  result<void> start_thread();
  void serve();
  void wake();
  bool take_pending(std::vector<nbd_request*>& fresh);
  void issue(nbd_request& r);
  void wait_for_events();
  void settle();
  bool is_over() const;
  error failure_of(const nbd_request& r) const;

  // set before start
  const std::string name_;
  std::unique_ptr<nbd_handle, closer> handle_;
  nbd_export facts_;
  unique_fd wake_;
  // the link's thread only
  std::size_t in_flight_ = 0;
  std::vector<nbd_request*> completed_;
  bool lost_ = false;
  // guarded by mutex_
  std::mutex mutex_;
  std::vector<nbd_request*> pending_;
  bool closing_ = false;

  std::thread thread_;
};

}  // namespace umbra::io
