// SPDX-License-Identifier: GPL-3.0-or-later
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <iostream>
#include <thread>

#include "cli/context.h"

namespace umbra::cli {
namespace {

// Turns the first SIGINT or SIGTERM into a stop request; the second one ends the process as it would have.
class signal_watch {
 public:
  signal_watch() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    // Before any other thread is made, so that all inherit it and only the watcher gets the signals.
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    watcher_ = std::jthread([this](std::stop_token over) { watch(over); });
  }
  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch(std::stop_token over) {
    const timespec patience{0, 200'000'000};
    while (!over.stop_requested()) {
      if (sigtimedwait(&signals_, nullptr, &patience) < 0) continue;
      stop_.request_stop();
      std::signal(SIGINT, SIG_DFL);
      std::signal(SIGTERM, SIG_DFL);
      pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
      return;
    }
  }

  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread watcher_;
};

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

bool ask(const std::string& question, const std::string& expected) {
  std::cerr << question << ' ' << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == expected;
}

}  // namespace

int with_process_context(const std::function<int(context&)>& body) {
  signal_watch signals;
  const auto random = system_random();
  const auto files = store::system_file_system();
  context c;
  c.out = &std::cout;
  c.err = &std::cerr;
  c.err_is_terminal = isatty(STDERR_FILENO) == 1;
  c.now = system_wall_clock();
  c.random = random.get();
  c.files = files.get();
  c.stop = signals.token();
  c.host = host_name();
  if (isatty(STDIN_FILENO) == 1 && c.err_is_terminal) c.confirm = ask;
  const int code = body(c);
  std::cout.flush();
  return code;
}

}  // namespace umbra::cli
