// SPDX-License-Identifier: GPL-3.0-or-later
// A line that a writer printed, taken for the answer to everything.
#include <cstdlib>

#include "engine/shadow/writer_protocol.h"

using namespace umbra;
using namespace umbra::shadow;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto answer = parse_answer({reinterpret_cast<const char*>(data), size});
  if (answer.has_error()) return 0;
  const auto& a = answer.assume_value();
  if (a.failure.text.size() > 700) std::abort();
  (void)hello_in(a).has_error();
  writer_identity self;
  self.name = "W";
  self.class_id.bytes[0] = std::byte{1};
  const auto metadata = metadata_in(a, self);
  if (metadata.has_value() && metadata.assume_value().identity != self) std::abort();
  for (const auto what : {event::prepare_backup, event::freeze, event::post_snapshot, event::pre_restore}) {
    writer_components components;
    components.components.emplace_back().name = "data";
    const auto before = components;
    const auto edited = apply_edits(a, what, {}, components);
    if (edited.has_error() && components != before) std::abort();
    (void)event_request(what, {}, &components);
  }
  return 0;
}
