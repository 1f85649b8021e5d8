// SPDX-License-Identifier: GPL-3.0-or-later
// Integers of on-disk structures, little-endian unless the name says be: alignment 1, trivially copyable, no implicit conversion.
// Read with .value(), write by assignment.
#pragma once

#include <boost/endian/buffers.hpp>

namespace umbra::wire {

using u8 = boost::endian::little_uint8_buf_t;
using u16 = boost::endian::little_uint16_buf_t;
using u32 = boost::endian::little_uint32_buf_t;
using u64 = boost::endian::little_uint64_buf_t;
using i64 = boost::endian::little_int64_buf_t;

using be16 = boost::endian::big_uint16_buf_t;
using be32 = boost::endian::big_uint32_buf_t;
using be64 = boost::endian::big_uint64_buf_t;

}  // namespace umbra::wire
