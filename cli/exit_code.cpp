// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/exit_code.h"

namespace umbra::cli {

int exit_code_for(errc code) noexcept {
  if (is_damage(code)) return exit_damaged;
  switch (code) {
    case errc::usage: return exit_usage;
    case errc::busy: return exit_busy;
    case errc::cancelled: return exit_cancelled;
    default: return exit_failed;
  }
}

const char* error_name(errc code) noexcept {
  switch (code) {
    case errc::io_read: return "io_read";
    case errc::io_write: return "io_write";
    case errc::not_found: return "not_found";
    case errc::exists: return "exists";
    case errc::no_space: return "no_space";
    case errc::denied: return "denied";
    case errc::busy: return "busy";
    case errc::cancelled: return "cancelled";
    case errc::usage: return "usage";
    case errc::out_of_range: return "out_of_range";
    case errc::geometry_mismatch: return "geometry_mismatch";
    case errc::source_changed: return "source_changed";
    case errc::bad_magic: return "bad_magic";
    case errc::unsupported_version: return "unsupported_version";
    case errc::unknown_feature: return "unknown_feature";
    case errc::checksum: return "checksum";
    case errc::decode: return "decode";
    case errc::damaged: return "damaged";
    case errc::audit: return "audit";
    case errc::shadow_copy: return "shadow_copy";
    case errc::unsupported: return "unsupported";
    case errc::internal: return "internal";
  }
  return "unknown";
}

}  // namespace umbra::cli
