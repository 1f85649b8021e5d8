// SPDX-License-Identifier: GPL-3.0-or-later
// The kinds of failure the engine reports. Small on purpose: a kind decides what a caller does and which
// exit code the command line answers (docs/errors.md); the words beside it say what happened.
#pragma once

#include <string_view>

namespace umbra {

enum class errc {
  io_read = 1,          // the operating system failed to read
  io_write,             // the operating system failed to write, sync or link
  not_found,            // a file, object, image or parent does not exist
  exists,               // put-if-absent found the name taken
  no_space,             // the file system or the target is full
  denied,               // permission, read-only medium
  busy,                 // somebody else uses it: a mounted target, a running backup of the same name
  cancelled,            // a stop was requested
  usage,                // the caller asked for something that cannot be
  out_of_range,         // an offset, size or count outside its bounds
  geometry_mismatch,    // two things that must have the same size or belong to the same disk do not
  source_changed,       // the source changed its size, or went away, while it was read
  bad_magic,            // these bytes are not what they should be at all
  unsupported_version,  // a newer major version
  unknown_feature,      // feature bits that this build does not know
  checksum,             // stored bytes are damaged
  decode,               // a structure or payload does not decode
  damaged,              // an image cannot be read as a whole: something it needs is missing or wrong
  audit,                // a block claimed unchanged did change: the cheap hash lied
  shadow_copy,          // a shadow copy could not be made, or was lost
  unsupported,          // the system or medium lacks an ability
  internal,             // a bug
};

// One line of meaning, lower case, no full stop.
std::string_view meaning(errc code) noexcept;

// True for kinds that mean "the bytes of an image are wrong" (exit code 6).
bool is_damage(errc code) noexcept;

}  // namespace umbra
