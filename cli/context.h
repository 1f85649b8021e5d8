// SPDX-License-Identifier: GPL-3.0-or-later
// The whole outside world of a command: tests put their own in.
#pragma once

#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/store/file_system.h"

namespace umbra::cli {

struct context {
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool err_is_terminal = false;
  std::size_t err_columns = 80;  // of the terminal
  std::size_t out_columns = 80;  // of the terminal, if standard output is one
  bool utf8 = false;             // the locale's characters are UTF-8: lines may be drawn with more than ASCII
  wall_clock now;
  random_source* random = nullptr;
  store::file_system* files = nullptr;
  std::stop_token stop;
  std::string host;
  std::vector<std::string> writer_environment;  // "UMBRA_WRITER_…=value": settings of writers, passed on to them
  // Asks on the terminal; the answer must be the expected text. Empty when there is no terminal to ask on.
  std::function<bool(const std::string& question, const std::string& expected)> confirm;
};

// Runs `body` with the process's own world: standard streams, system clock, SIGINT and SIGTERM as the stop token.
int with_process_context(const std::function<int(context&)>& body);

}  // namespace umbra::cli
