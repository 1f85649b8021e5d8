// SPDX-License-Identifier: GPL-3.0-or-later
// libnbd lets one thread at a time into a handle, waiting included. So one thread does all the waiting, on the socket and on an
// eventfd by which the others say that there is something to send.
#include "engine/io/nbd_link_linux.h"

#include <libnbd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <system_error>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/nbd_device.h"

namespace umbra::io {
namespace {

// What servers take that do not tell (NBD protocol, "Block size constraints").
constexpr std::uint64_t assumed_maximum = 32_MiB;
constexpr std::uint64_t largest_minimum = 64_KiB;

error refused(const std::string& name) {
  const char* words = nbd_get_error();
  return {errc::io_read, fmt::format("{}: {}", name, words == nullptr ? "no connection" : words)};
}

bool is_about_the_connection(int failure) {
  return failure == ENOTCONN || failure == ESHUTDOWN || failure == EPIPE || failure == ECONNRESET || failure == ECONNABORTED;
}

int on_extents(void* user, const char* context, std::uint64_t, std::uint32_t* entries, std::size_t count, int*) {
  auto& r = *static_cast<nbd_request*>(user);
  if (std::string_view(context) == LIBNBD_CONTEXT_BASE_ALLOCATION) r.extents.insert(r.extents.end(), entries, entries + count);
  return 0;
}

}  // namespace

void nbd_link::closer::operator()(nbd_handle* h) const { nbd_close(h); }

result<std::unique_ptr<nbd_link>> nbd_link::connect(const std::string& uri) {
  auto name = public_nbd_uri(uri);
  std::unique_ptr<nbd_handle, closer> handle(nbd_create());
  if (!handle) return refused(name);
  auto* h = handle.get();
  // The URI may come from a script: it names a place, and never a file whose contents would be sent there.
  const bool ready = nbd_set_uri_allow_transports(h, LIBNBD_ALLOW_TRANSPORT_TCP | LIBNBD_ALLOW_TRANSPORT_UNIX) == 0 &&
                     nbd_set_uri_allow_tls(h, LIBNBD_TLS_DISABLE) == 0 && nbd_set_uri_allow_local_file(h, false) == 0 &&
                     nbd_add_meta_context(h, LIBNBD_CONTEXT_BASE_ALLOCATION) == 0 && nbd_set_pread_initialize(h, false) == 0;
  if (!ready || nbd_connect_uri(h, uri.c_str()) != 0) return refused(name);
  std::unique_ptr<nbd_link> link(new nbd_link(std::move(name), std::move(handle)));
  CHECK(link->look());
  CHECK(link->start_thread());
  return link;
}

result<void> nbd_link::look() {
  auto* h = handle_.get();
  const auto size = nbd_get_size(h);
  if (size < 0) return refused(name_);
  facts_.size = static_cast<std::uint64_t>(size);
  const auto told = [&](int which, std::uint64_t otherwise) {
    const auto value = nbd_get_block_size(h, which);
    return value > 0 ? static_cast<std::uint64_t>(value) : otherwise;
  };
  facts_.minimum = told(LIBNBD_SIZE_MINIMUM, 1);
  facts_.maximum = std::min(told(LIBNBD_SIZE_MAXIMUM, assumed_maximum), assumed_maximum);
  if (!is_power_of_two(facts_.minimum) || facts_.minimum > largest_minimum || facts_.maximum < facts_.minimum) {
    return error(errc::unsupported,
                 fmt::format("{}: the server wants blocks of {} to {} bytes", name_, facts_.minimum, facts_.maximum));
  }
  facts_.maximum = align_down(facts_.maximum, facts_.minimum);
  facts_.read_only = nbd_is_read_only(h) != 0;
  facts_.can_zero = nbd_can_zero(h) == 1;
  facts_.can_flush = nbd_can_flush(h) == 1;
  facts_.tells_extents = nbd_can_meta_context(h, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1;
  facts_.takes_several_connections = nbd_can_multi_conn(h) == 1;
  return success();
}

result<void> nbd_link::start_thread() {
  wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.is_open()) return os_failure(errc::io_read, name_);
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error&) {
    return error(errc::io_read, name_ + ": no thread to be had");
  }
  return success();
}

nbd_link::~nbd_link() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wake();
  thread_.join();
  // Says good-bye; whether the server hears it is of no interest.
  if (!lost_) (void)nbd_shutdown(handle_.get(), 0);
}

void nbd_link::start(nbd_job& job) {
  job.left = job.requests.size();
  {
    const std::scoped_lock lock(mutex_);
    for (auto& r : job.requests) {
      r.job = &job;
      pending_.push_back(&r);
    }
  }
  wake();
}

result<void> nbd_link::run(nbd_job& job) {
  std::mutex mutex;
  std::condition_variable done;
  bool is_done = false;
  job.finished = [&](nbd_job&) {
    const std::scoped_lock lock(mutex);
    is_done = true;
    done.notify_one();
  };
  start(job);
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return is_done; });
  return std::move(job.outcome);
}

void nbd_link::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof(one));
}

bool nbd_link::take_pending(std::vector<nbd_request*>& fresh) {
  const std::scoped_lock lock(mutex_);
  fresh.swap(pending_);
  return !(closing_ && fresh.empty());
}

void nbd_link::serve() {
  std::vector<nbd_request*> fresh;
  for (;;) {
    fresh.clear();
    const bool open = take_pending(fresh);
    for (auto* r : fresh) issue(*r);
    settle();
    if (!open && in_flight_ == 0) return;
    if (fresh.empty()) wait_for_events();
  }
}

void nbd_link::issue(nbd_request& r) {
  auto* h = handle_.get();
  const auto on_completion = [](void* user, int* failure) {
    auto& [link, request] = *static_cast<std::pair<nbd_link*, nbd_request*>*>(user);
    request->failure = *failure;
    link->completed_.push_back(request);
    return 1;  // libnbd may forget the command
  };
  nbd_completion_callback done{on_completion, new std::pair<nbd_link*, nbd_request*>(this, &r),
                               [](void* user) { delete static_cast<std::pair<nbd_link*, nbd_request*>*>(user); }};
  std::int64_t cookie = -1;
  ++in_flight_;
  const auto completed_before = completed_.size();
  switch (r.what) {
    using enum nbd_request::kind;
    case read: cookie = nbd_aio_pread(h, r.memory, r.size, r.offset, done, 0); break;
    case write: cookie = nbd_aio_pwrite(h, r.memory, r.size, r.offset, done, 0); break;
    case zero: cookie = nbd_aio_zero(h, r.size, r.offset, done, 0); break;
    case zero_allocated: cookie = nbd_aio_zero(h, r.size, r.offset, done, LIBNBD_CMD_FLAG_NO_HOLE); break;
    case flush: cookie = nbd_aio_flush(h, done, 0); break;
    case status: cookie = nbd_aio_block_status(h, r.size, r.offset, {on_extents, &r, nullptr}, done, 0); break;
  }
  if (cookie >= 0 || completed_.size() != completed_before) return;
  r.failure = nbd_get_errno() != 0 ? nbd_get_errno() : EINVAL;
  if (is_over()) r.failure = ENOTCONN;  // libnbd calls it a wrong argument
  completed_.push_back(&r);
}

bool nbd_link::is_over() const { return nbd_aio_is_dead(handle_.get()) != 0 || nbd_aio_is_closed(handle_.get()) != 0; }

void nbd_link::wait_for_events() {
  auto* h = handle_.get();
  const auto direction = lost_ ? 0u : nbd_aio_get_direction(h);
  short events = 0;
  if ((direction & LIBNBD_AIO_DIRECTION_READ) != 0) events |= POLLIN;
  if ((direction & LIBNBD_AIO_DIRECTION_WRITE) != 0) events |= POLLOUT;
  pollfd fds[2] = {{lost_ ? -1 : nbd_aio_get_fd(h), events, 0}, {wake_.get(), POLLIN, 0}};
  if (::poll(fds, 2, -1) < 0) return;
  if (fds[1].revents != 0) {
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof(count));
  }
  if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    (void)nbd_aio_notify_read(h);
  } else if ((fds[0].revents & POLLOUT) != 0) {
    (void)nbd_aio_notify_write(h);
  }
  settle();
}

// Gives back what has come; no lock of libnbd is held here.
void nbd_link::settle() {
  lost_ = lost_ || is_over();
  std::vector<nbd_request*> done;
  done.swap(completed_);
  for (auto* r : done) {
    --in_flight_;
    auto& job = *r->job;
    if (r->failure != 0 && job.outcome.has_value()) job.outcome = failure_of(*r);
    if (--job.left == 0) job.finished(job);
  }
}

error nbd_link::failure_of(const nbd_request& r) const {
  if (is_about_the_connection(r.failure)) {
    return error(errc::source_changed, name_ + ": the connection to the NBD server is lost");
  }
  const bool writes = r.what != nbd_request::kind::read && r.what != nbd_request::kind::status;
  return {writes ? errc::io_write : errc::io_read, fmt::format("{} at {}", name_, r.offset), r.failure};
}

}  // namespace umbra::io
