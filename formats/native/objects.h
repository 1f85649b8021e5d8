// SPDX-License-Identifier: GPL-3.0-or-later
// The small write-once objects of a vault: begin, outcome, forgotten, condemned.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/image/block.h"
#include "formats/native/layout.h"

namespace umbra::native {

// Header, body, seal.
std::vector<std::byte> encode_object(object_kind kind, const image::domain_id& domain, const image::session_id& session,
                                     byte_view body);
// The body of an object of this kind, domain and session. errc::bad_magic, unsupported_version, checksum (seal), damaged.
result<std::vector<std::byte>> decode_object(byte_view bytes, object_kind kind, const image::domain_id& domain,
                                             const image::session_id& session);

struct outcome {
  verdict what = verdict::dead;
  std::uint32_t plan = 0;  // commit: k of plan-<k>
  seal plan_seal;          // commit: the manifest's
  bool operator==(const outcome&) const = default;
};
std::vector<std::byte> encode_outcome(const outcome& o);  // body
result<outcome> decode_outcome(byte_view body);
constexpr std::size_t max_condemned = std::size_t{1} << 20;                         // packs in one list
std::vector<std::byte> encode_condemned(const std::vector<image::pack_id>& packs);  // body; sorted, each once
result<std::vector<image::pack_id>> decode_condemned(byte_view body);

// Names of objects.
std::string pack_name(const image::pack_id& id);                                      // packs/<first 2 hex>/<session>-<n>
std::optional<image::pack_id> parse_pack_name(std::string_view name);                 // exactly what pack_name() writes
std::string session_object(const image::session_id& session, std::string_view what);  // sessions/<session>/<what>
std::string plan_object(const image::session_id& session, std::uint32_t plan);

}  // namespace umbra::native
