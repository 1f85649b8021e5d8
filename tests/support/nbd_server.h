// SPDX-License-Identifier: GPL-3.0-or-later
// nbdkit behind a socket in a folder of its own, for as long as this lives.
#pragma once

#include <string>

#include "tests/support/shell.h"
#include "tests/support/temp_dir.h"

namespace umbra::test {

class nbd_server {
 public:
  // Why there is none; empty if there is.
  static std::string unavailable() {
    return shell("command -v nbdkit || true").empty() ? "nbdkit is not installed" : std::string();
  }

  // `arguments`: options, plugin and its parameters. When nbdkit comes back from starting the socket is there, the file with its
  // number not always.
  explicit nbd_server(const std::string& arguments) {
    shell("cd '" + dir_.string() + "' && nbdkit -U \"$PWD/socket\" -P \"$PWD/pid\" " + arguments +
          " && while ! [ -s pid ]; do sleep 0.02; done");
  }
  ~nbd_server() { stop(); }
  nbd_server(const nbd_server&) = delete;
  nbd_server& operator=(const nbd_server&) = delete;

  std::string uri() const { return "nbd+unix:///?socket=" + dir_.at("socket"); }

  // Ends the server, whatever it is doing, and waits until it is gone.
  void stop() {
    if (stopped_) return;
    stopped_ = true;
    shell("pid=$(cat '" + dir_.at("pid") +
          "') && kill -9 $pid && while kill -0 $pid && ! grep -q '^State:.Z' /proc/$pid/status; do"
          " sleep 0.02; done; true");
  }

 private:
  temp_dir dir_;
  bool stopped_ = false;
};

}  // namespace umbra::test
