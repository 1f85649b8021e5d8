// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a small object, as an outcome, as a condemned list and as a pack's name.
#include <cstdlib>

#include "formats/native/objects.h"
#include "formats/native/page_bytes.h"

namespace {

using namespace umbra;

void check_object(byte_view bytes) {
  image::domain_id domain;
  image::session_id session;
  auto kind = native::object_kind::begin;
  if (bytes.size() >= sizeof(native::object_header)) {
    const auto header = read_struct<native::object_header>(bytes);
    kind = static_cast<native::object_kind>(header.kind.value());
    domain.bytes = header.domain;
    session.bytes = header.session;
  }
  const auto body = native::decode_object(bytes, kind, domain, session);
  if (body && native::encode_object(kind, domain, session, body.value()).size() != bytes.size()) std::abort();
}

void check_bodies(byte_view bytes) {
  const auto o = native::decode_outcome(bytes);
  if (o && native::decode_outcome(native::encode_outcome(o.value())).value() != o.value()) std::abort();
  const auto packs = native::decode_condemned(bytes);
  if (packs && native::decode_condemned(native::encode_condemned(packs.value())).value() != packs.value()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view bytes{reinterpret_cast<const std::byte*>(data), size};
  check_object(bytes);
  check_bodies(bytes);
  // The body of an object without a look at its seal.
  if (size > sizeof(native::object_header) + seal::size)
    check_bodies(bytes.subspan(sizeof(native::object_header), size - sizeof(native::object_header) - seal::size));
  const std::string_view name = as_text(bytes);
  const auto id = native::parse_pack_name(name);
  if (id && native::pack_name(*id) != name) std::abort();
  return 0;
}
