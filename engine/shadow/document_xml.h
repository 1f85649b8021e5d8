// SPDX-License-Identifier: GPL-3.0-or-later
// The two documents as XML with the documented names, for people and tools that know the original's. Umbra never reads it back.
// docs/shadow-documents.md lists the names, and which of them are Umbra's own because no public page gives one.
#pragma once

#include <string>

#include "engine/shadow/backup_document.h"
#include "engine/shadow/writer_metadata.h"

namespace umbra::shadow {

// Root element WRITER_METADATA.
std::string to_xml(const writer_metadata& metadata);
// Root element BACKUP_COMPONENTS.
std::string to_xml(const backup_document& document);

}  // namespace umbra::shadow
