// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress_line.h"

#include <condition_variable>
#include <mutex>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/size_text.h"

namespace umbra::cli {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

constexpr const char* clear_line = "\r\x1b[K";

}  // namespace

progress_line::progress_line(context& c, const output_options& options, const flow::progress& progress)
    : c_(c), options_(options), progress_(progress), start_(std::chrono::steady_clock::now()) {
  const bool wanted = !options.quiet && (options.json || c.err_is_terminal);
  if (wanted) thread_ = std::jthread([this](std::stop_token over) { run(over); });
}

progress_line::~progress_line() { finish(); }

double progress_line::finish() {
  const auto seconds = seconds_since(start_);
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
    if (!options_.json) *c_.err << clear_line << std::flush;
  }
  return seconds;
}

void progress_line::run(std::stop_token over) {
  const auto pause = options_.json ? std::chrono::milliseconds(1000) : std::chrono::milliseconds(200);
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!over.stop_requested()) {
    wake.wait_for(lock, over, pause, [] { return false; });
    if (over.stop_requested()) return;
    const auto seconds = seconds_since(start_);
    if (options_.json) {
      tell(seconds);
    } else {
      show(seconds);
    }
  }
}

// "backing up  42.0 %  1.2 GiB/s  3.1 GiB of 7.3 GiB  0:05 left"
void progress_line::show(double seconds) {
  const auto total = progress_.total.load();
  const auto done = std::min(progress_.done.load(), total);
  auto text = fmt::format("{}  {}  {}  {} of {}", progress_.stage.load(), share_text(done, total), rate_text(done, seconds),
                          size_text(done), size_text(total));
  if (done > 0 && done < total && seconds > 1) {
    text += fmt::format("  {} left", duration_text(seconds * static_cast<double>(total - done) / static_cast<double>(done)));
  }
  // A line that wraps could not be taken back.
  *c_.err << clear_line << text.substr(0, c_.err_columns - 1) << std::flush;
}

void progress_line::tell(double seconds) {
  *c_.out << nlohmann::json{{"event", "progress"},
                            {"stage", progress_.stage.load()},
                            {"total", progress_.total.load()},
                            {"done", progress_.done.load()},
                            {"moved", progress_.moved.load()},
                            {"stored", progress_.stored.load()},
                            {"seconds", seconds}}
                 .dump()
          << std::endl;
}

}  // namespace umbra::cli
