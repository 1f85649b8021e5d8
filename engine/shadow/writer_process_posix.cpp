// SPDX-License-Identifier: GPL-3.0-or-later
// One loop over poll() serves all three pipes, so that a program that prints before it reads, or that fills its standard error,
// cannot lock us and itself up.
#include "engine/shadow/writer_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "engine/shadow/plain_text.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t words_kept = 4096;
constexpr std::size_t words_shown = 300;
// A program whose pipe closed is about to end: its exit code says more than the pipe does.
constexpr std::chrono::milliseconds last_breath{500};

// Bytes read; 0: the end; empty: nothing there now.
std::optional<std::size_t> read_some(int fd, std::span<char> out) {
  while (true) {
    const auto n = ::read(fd, out.data(), out.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    return 0;
  }
}

int milliseconds_until(clock::time_point until) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), longest).count());
}

}  // namespace

result<std::unique_ptr<writer_process>> writer_process::start(const child_command& command, const limits& l) {
  std::unique_ptr<writer_process> made(new writer_process(l));
  std::array<int, 2> wake{-1, -1};
  if (::pipe2(wake.data(), O_CLOEXEC | O_NONBLOCK) != 0) return os_failure(errc::internal, "cannot make a pipe");
  made->wake_read_ = unique_fd(wake[0]);
  made->wake_write_ = unique_fd(wake[1]);
  TRY(made->child_, child_process::start(command));
  return made;
}

writer_process::~writer_process() {
  if (child_) stop();
}

void writer_process::begin() {
  cancelled_ = false;
  std::array<char, 64> bytes{};
  while (read_some(wake_read_.get(), bytes).value_or(0) > 0) {
  }
}

void writer_process::cancel() noexcept {
  cancelled_ = true;
  (void)write_to_pipe(wake_write_.get(), "!");
}

result<std::optional<std::string>> writer_process::pending() {
  CHECK(take_output());
  take_errors();
  return take_line();
}

result<void> writer_process::send(std::string_view line, clock::time_point until) {
  outgoing_ = line;
  return pump(until, [this] { return outgoing_.empty(); });
}

result<std::string> writer_process::receive(clock::time_point until) {
  std::optional<std::string> line;
  CHECK(pump(until, [this, &line] {
    line = take_line();
    return line.has_value();
  }));
  return std::move(*line);
}

template <class Done>
result<void> writer_process::pump(clock::time_point until, Done done) {
  while (!done()) {
    if (cancelled_) return failure(result_code::e_writererror_timeout, "was told to end, because it took too long");
    if (!output_open_) return gone("closed its output");
    if (input_broken_) return gone("closed its input");
    TRY(const bool in_time, wait_for_pipes(until));
    if (!in_time) return failure(result_code::e_writererror_timeout, "did not answer in time");
    CHECK(take_output());
    take_errors();
    CHECK(put_input());
  }
  return success();
}

// False: the time is over.
result<bool> writer_process::wait_for_pipes(clock::time_point until) {
  std::array<pollfd, 4> fds{{{wake_read_.get(), POLLIN, 0},
                             {output_open_ ? child_->output() : -1, POLLIN, 0},
                             {errors_open_ ? child_->errors() : -1, POLLIN, 0},
                             {outgoing_.empty() ? -1 : child_->input(), POLLOUT, 0}}};
  const int n = ::poll(fds.data(), fds.size(), milliseconds_until(until));
  if (n < 0 && errno != EINTR) return os_failure(errc::internal, "cannot wait for it");
  return n != 0 || clock::now() < until;
}

result<void> writer_process::take_output() {
  std::array<char, 16384> bytes{};
  while (output_open_) {
    const auto n = read_some(child_->output(), bytes);
    if (!n) break;
    output_open_ = *n > 0;
    incoming_.append(bytes.data(), *n);
    if (incoming_.size() > limits_.output)
      return failure(result_code::e_writererror_nonretryable,
                     fmt::format("printed more than {} KiB where one line was asked for", limits_.output / 1024));
  }
  return success();
}

void writer_process::take_errors() {
  std::array<char, 4096> bytes{};
  // As much as one pipe holds at a time: a program that never stops must not keep us here.
  for (int round = 0; errors_open_ && round < 16; ++round) {
    const auto n = read_some(child_->errors(), bytes);
    if (!n) break;
    errors_open_ = *n > 0;
    words_.append(bytes.data(), *n);
    if (words_.size() > words_kept) words_.erase(0, words_.size() - words_kept);
  }
}

result<void> writer_process::put_input() {
  if (outgoing_.empty()) return success();
  const auto moved = write_to_pipe(child_->input(), outgoing_);
  if (moved.os_error == EPIPE) {
    input_broken_ = true;
  } else if (moved.os_error != 0 && moved.os_error != EAGAIN) {
    return os_failure(errc::internal, "cannot write to it", moved.os_error);
  }
  outgoing_.erase(0, moved.bytes);
  return success();
}

std::optional<std::string> writer_process::take_line() {
  const auto end = incoming_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto line = incoming_.substr(0, end);
  incoming_.erase(0, end + 1);
  return line;
}

error writer_process::gone(std::string_view how) {
  const bool over = child_->wait(last_breath);
  take_errors();
  return failure(result_code::e_writererror_retryable, over ? child_->fate() : std::string(how));
}

void writer_process::stop() { finish(limits_.by_itself); }
void writer_process::stop_now() { finish(std::chrono::milliseconds(0)); }

void writer_process::finish(std::chrono::milliseconds by_itself) {
  if (child_->output() < 0) return;
  killed_ = !child_->end(by_itself, limits_.after_term);
}

std::string writer_process::last_words() const { return one_line(words_, words_shown); }

}  // namespace umbra::shadow
