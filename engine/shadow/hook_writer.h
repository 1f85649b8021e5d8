// SPDX-License-Identifier: GPL-3.0-or-later
// An adapter for freeze hooks as qemu-guest-agent has them: a program that is run with the argument "freeze", and later with
// "thaw". Once "freeze" was run it gets its "thaw", whatever became of the freeze, of the session, or of this process: the
// program that runs the hook is a process of its own, and goes on when its input ends.
#pragma once

#include <memory>
#include <string>

#include "engine/shadow/process_writer.h"

namespace umbra::shadow {

struct hook_program {
  std::string path;  // absolute
  std::string name;  // of the writer, as people see it
  std::vector<std::string> environment;
};

// More patient than a writer of its own would need: the hook's thaw must not be cut short.
process_writer_limits hook_limits();
// Starts the adapter and greets it; the hook itself is not run before freeze. Its class follows from its name.
result<std::shared_ptr<writer>> make_hook_writer(const hook_program& hook, const guid& instance,
                                                 const process_writer_limits& limits = hook_limits());

}  // namespace umbra::shadow
