// SPDX-License-Identifier: GPL-3.0-or-later
// CreateVssExpressWriter: an application whose files need no care while they are copied. It has metadata and nothing else: no
// code of it runs, it never fails, it is never waited for.
#pragma once

#include <memory>
#include <string_view>

#include "engine/shadow/writer.h"

namespace umbra::shadow {

// `document`: a writer metadata document (document_json.h). `instance` is its instance id if the document names none.
result<std::shared_ptr<writer>> make_express_writer(std::string_view document, const guid& instance);

}  // namespace umbra::shadow
