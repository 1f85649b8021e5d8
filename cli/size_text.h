// SPDX-License-Identifier: GPL-3.0-or-later
// Sizes, rates and times as people write and read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace umbra::cli {

// "4096", "64K", "64KiB", "1.5G": powers of 1024; letters of either case. errc::usage otherwise, also when it overflows or is no
// whole number of bytes.
result<std::uint64_t> parse_size(const std::string& text);
// "90", "90s", "10m", "2h", "1d": seconds without a letter. errc::usage otherwise, and beyond ten years.
result<std::chrono::milliseconds> parse_time(const std::string& text);
// "512 B", "5.9 GiB"
std::string size_text(std::uint64_t bytes);
// "1.3 GiB/s"
std::string rate_text(std::uint64_t bytes, double seconds);
// "0:42", "1:02:03"
std::string duration_text(double seconds);
// "1 image", "2 images"
std::string counted(std::uint64_t count, std::string_view noun);
// "12.3 %"
std::string share_text(std::uint64_t part, std::uint64_t whole);

}  // namespace umbra::cli
