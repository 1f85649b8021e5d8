// SPDX-License-Identifier: GPL-3.0-or-later
// A part of a file as a block node that the kernel can mount. Linux only.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/block/extent.h"
#include "engine/io/unique_fd.h"

namespace umbra::io {

// Owns the node: when this dies, the kernel takes the node away as soon as nobody uses it any longer; a mount of it goes on
// until it is unmounted. So nothing is left behind, not even by a process that is killed.
class loop_device {
 public:
  const std::string& node() const { return node_; }

 private:
  friend result<loop_device> attach_loop(int, range, bool);
  loop_device(std::string node, unique_fd fd) : node_(std::move(node)), fd_(std::move(fd)) {}

  std::string node_;
  unique_fd fd_;
};

// `window`: bytes of the file; size 0: from the offset to its end. The descriptor may be closed afterwards.
// errc::unsupported where there are no loop devices (a container, mostly).
result<loop_device> attach_loop(int file, range window, bool read_only);

}  // namespace umbra::io
