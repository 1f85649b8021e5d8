// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/errc.h"

namespace umbra {

std::string_view meaning(errc code) noexcept {
  switch (code) {
    case errc::io_read: return "cannot be read";
    case errc::io_write: return "cannot be written";
    case errc::not_found: return "not found";
    case errc::exists: return "already exists";
    case errc::no_space: return "no space left";
    case errc::denied: return "not permitted";
    case errc::busy: return "in use";
    case errc::cancelled: return "cancelled";
    case errc::usage: return "cannot be asked for";
    case errc::out_of_range: return "out of range";
    case errc::geometry_mismatch: return "does not fit";
    case errc::source_changed: return "changed while it was read";
    case errc::bad_magic: return "not recognised";
    case errc::unsupported_version: return "made by a newer version";
    case errc::unknown_feature: return "uses features this version does not know";
    case errc::checksum: return "damaged: checksum does not match";
    case errc::decode: return "damaged: does not decode";
    case errc::damaged: return "damaged";
    case errc::audit: return "audit failed: a block claimed unchanged had changed";
    case errc::shadow_copy: return "no shadow copy";
    case errc::unsupported: return "not supported here";
    case errc::internal: return "internal error, please report it";
  }
  return "unknown error";
}

bool is_damage(errc code) noexcept {
  return code == errc::checksum || code == errc::decode || code == errc::damaged || code == errc::bad_magic;
}

}  // namespace umbra
