// SPDX-License-Identifier: GPL-3.0-or-later
// A copy that lies in a file, with or without a name: reading it, a node for it, recovery in it. Linux only.
#pragma once

#include <optional>
#include <string>

#include "engine/io/loop_device_linux.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/staged_provider.h"

namespace umbra::shadow {

// What went wrong in a provider, with a documented code: no space, or an unexpected failure.
error copy_failure(std::string text, int os_error);

class file_copy : public volume_copy {
 public:
  // The journal of its file system is replayed, unless the attributes forbid it. The copy is writable from here ...
  result<void> pre_final_commit() override;
  // ... to here.
  result<void> post_final_commit(const snapshot_prop& made) override;
  result<std::unique_ptr<io::device>> open() override;
  result<void> check() override;
  result<std::string> node() override;
  result<void> release_node() override;

  const std::string& volume_name() const { return volume_name_; }

 protected:
  // The volume is `window` of the file.
  file_copy(std::string volume_name, std::string file_system, range window, volume_snapshot_attributes attributes)
      : volume_name_(std::move(volume_name)), file_system_(std::move(file_system)), window_(window), attributes_(attributes) {}

  const range& window() const { return window_; }
  // What must stay as it is once the copy is made.
  result<std::string> present_seal() const;

  unique_fd file_;    // for reading and writing while it is made
  std::string seal_;  // present_seal() at the end of its making

 private:
  bool may_recover() const { return !has(attributes_, volume_snapshot_attributes::no_autorecovery); }

  const std::string volume_name_;
  const std::string file_system_;
  const range window_;
  const volume_snapshot_attributes attributes_;
  std::optional<io::loop_device> node_;
  bool is_writable_ = false;
};

}  // namespace umbra::shadow
