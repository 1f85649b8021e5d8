// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/context.h"
#include "cli/exit_code.h"

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return umbra::cli::with_process_context([&](umbra::cli::context& c) { return umbra::cli::run_app(arguments, c); });
  } catch (const std::exception& e) {
    std::fprintf(stderr, "umbra: %s\n", e.what());
    return umbra::cli::exit_failed;
  }
}
