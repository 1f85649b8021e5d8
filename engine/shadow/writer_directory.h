// SPDX-License-Identifier: GPL-3.0-or-later
// Finds and starts the writers of a machine. In folders called writers.d lie
//
//   NAME          an executable that speaks writer_protocol.h
//   NAME.json     an express writer: its metadata document
//   NAME.hook     a freeze hook as of qemu-guest-agent; also every executable in a subfolder hooks.d
//
// A name in an earlier folder hides the same name in later ones; a link to /dev/null hides it and is nothing itself. Names that
// begin with a dot, and leftovers of editors and package managers (NAME~, NAME.bak, NAME.dpkg-old …), are passed over.
// Refused, because Umbra runs as root: what is not owned by root or by the caller, or can be written to by others, or lies in a
// folder of that sort.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/shadow/process_writer.h"
#include "engine/shadow/writer.h"

namespace umbra::shadow {

struct writer_folder {
  std::string path;
  bool required = false;  // that it is missing is a problem
};
// /etc/umbra/writers.d, /usr/local/lib/umbra/writers.d, /usr/lib/umbra/writers.d
std::vector<writer_folder> standard_writer_folders();

struct found_writer {
  enum class kind : std::uint8_t { program, express, hook };
  kind what = kind::program;
  std::string name;  // "postgresql", "inventory.json", "hooks.d/mysql"
  std::string path;
  bool operator==(const found_writer&) const = default;
};

// One line: which file or folder, what is wrong with it, what to do.
using problem_sink = std::function<void(std::string)>;

// Sorted by name. Starts nothing.
std::vector<found_writer> find_writers(const std::vector<writer_folder>& folders, const problem_sink& problem);

struct writer_start {
  std::vector<std::string> environment;  // "NAME=value" for programs and hooks
  process_writer_limits limits;          // of programs
  random_source* random = nullptr;       // instance ids
};
// Programs start side by side. What cannot be started is told and left out; programs that have nothing to do on this machine are
// left out silently.
std::vector<std::shared_ptr<writer>> start_writers(const std::vector<found_writer>& found, const writer_start& how,
                                                   const problem_sink& problem);

}  // namespace umbra::shadow
