// SPDX-License-Identifier: GPL-3.0-or-later
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string_view>
#include <thread>

#include "cli/context.h"
#include "cli/exit_code.h"

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

// Writers of writers.d see no other variables of the caller.
std::vector<std::string> writer_environment() {
  std::vector<std::string> settings;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("UMBRA_WRITER_")) settings.emplace_back(*variable);
  }
  return settings;
}

// The first of the three variables that is set decides, as in setlocale().
bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here changes the environment
    if (value == nullptr || *value == '\0') continue;
    std::string locale(value);
    for (auto& c : locale) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

std::size_t terminal_columns(int stream) {
  constexpr std::size_t usual = 80;
  winsize size{};
  return ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

// Ctrl-C means no: the signal does not end the wait for input by itself.
bool ask(const std::string& question, const std::string& expected, const std::stop_token& stop) {
  constexpr int patience = 100;  // milliseconds
  std::cerr << question << ' ' << std::flush;
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (::poll(&input, 1, patience) <= 0) {
    if (!stop.stop_requested()) continue;
    std::cerr << '\n';
    return false;
  }
  std::string answer;
  std::getline(std::cin, answer);
  return answer == expected;
}

// A list that did not reach its reader is no success.
int check_output(int code) {
  std::cout.flush();
  if (std::cout) return code;
  std::cerr << "umbra: cannot write to standard output\n";
  return code == exit_done ? exit_failed : code;
}

// What is large goes back to the system when it is freed, and costs nothing before it is touched. By itself the library learns
// from the first large block that is freed to keep such memory for good.
void keep_memory_small() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
#endif
}

}  // namespace

int with_process_context(const std::function<int(context&)>& body) {
  keep_memory_small();
  signal_watch signals;
  const auto random = system_random();
  const auto files = store::system_file_system();
  context c;
  c.out = &std::cout;
  c.err = &std::cerr;
  c.err_is_terminal = isatty(STDERR_FILENO) == 1;
  c.err_columns = terminal_columns(STDERR_FILENO);
  c.out_columns = terminal_columns(STDOUT_FILENO);
  c.utf8 = locale_is_utf8();
  c.now = system_wall_clock();
  c.random = random.get();
  c.files = files.get();
  c.stop = signals.token();
  c.host = host_name();
  c.writer_environment = writer_environment();
  if (isatty(STDIN_FILENO) == 1 && c.err_is_terminal) {
    c.confirm = [stop = c.stop](const std::string& question, const std::string& expected) {
      return ask(question, expected, stop);
    };
  }
  return check_output(body(c));
}

}  // namespace umbra::cli
