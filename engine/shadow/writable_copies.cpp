// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/writable_copies.h"

namespace umbra::shadow {

writable_copies::place writable_copies::open(const set_member& member) {
  if (!member.what.is_mounted() || member.what.read_only) return {};
  auto opened = try_to_open(member);
  trace_.add(trace_entry::side::file_system, member.what.name, "show_copy",
             opened.has_value() ? result<void>(success()) : result<void>(opened.assume_error()));
  return opened.has_value() ? std::move(opened).assume_value() : place();
}

result<writable_copies::place> writable_copies::try_to_open(const set_member& member) {
  place p;
  TRY(p.device, member.by->node_of(member.snapshot));
  TRY(p.folder, world_.mount_for_writers(p.device, member.what.file_system, folders_.size()));
  folders_.push_back(p.folder);
  return p;
}

result<void> writable_copies::close() {
  result<void> outcome = success();
  for (const auto& folder : folders_) {
    auto gone = world_.unmount_from_writers(folder);
    if (outcome.has_value()) outcome = std::move(gone);
  }
  folders_.clear();
  return outcome;
}

}  // namespace umbra::shadow
