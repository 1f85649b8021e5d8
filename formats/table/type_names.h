// SPDX-License-Identifier: GPL-3.0-or-later
// What types of partitions are called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace umbra::table {

// "EFI system"; "type 0fc63daf-..." for one that is not in the list. Lower case, as to_text(gpt_guid) spells it.
std::string name_of_gpt_type(std::string_view guid);
// "Linux swap"; "type 0x42".
std::string name_of_mbr_type(std::uint8_t type);

}  // namespace umbra::table
