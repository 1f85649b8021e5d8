// SPDX-License-Identifier: GPL-3.0-or-later
// Documents of the shadow service for tests.
#pragma once

#include <string>

#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::test {

// An identifier that ends in `n`.
shadow::guid numbered_guid(std::uint8_t n);

// Every member of every structure differs from its default.
shadow::writer_metadata full_metadata();
shadow::backup_document full_document();

// The example of the reference's page on logical pathing: 17 components of MyWriter.
shadow::writer_metadata my_writer();

// What a writer must say at least.
constexpr const char* least_metadata = R"({"name": "Small Writer", "class_id": "{75dfb225-e2e4-4d39-9ac9-ffaff65ddf06}"})";

}  // namespace umbra::test
