// SPDX-License-Identifier: GPL-3.0-or-later
// Names as formats store them, made fit for people: UUIDs, labels of fixed length, UTF-16.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/bytes.h"

namespace umbra::fs {

// 16 bytes, from left to right: "0fc63daf-8483-4772-8e79-3d69d8477de4"; empty if all are zero.
std::string uuid_text(byte_view id);

// Up to the first NUL, without spaces at its end.
std::string label_text(std::string_view fixed);

// Little-endian UTF-16, up to the first NUL; halves of pairs that stand alone become U+FFFD, an odd last byte is left out.
std::string utf8_of_utf16(byte_view text);

}  // namespace umbra::fs
