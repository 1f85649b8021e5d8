// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/objects.h"

#include <charconv>

#include <fmt/format.h>

#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

error damaged(std::string_view why) { return {errc::damaged, "object: " + std::string(why)}; }

}  // namespace

std::vector<std::byte> encode_object(object_kind kind, const image::domain_id& domain, const image::session_id& session,
                                     byte_view body) {
  object_header header{};
  header.magic_ = object_magic;
  header.version_major_ = version_major;
  header.version_minor_ = version_minor;
  header.kind = static_cast<std::uint32_t>(kind);
  header.body_size = static_cast<std::uint32_t>(body.size());
  header.domain = domain.bytes;
  header.session = session.bytes;

  std::vector<std::byte> out;
  out.reserve(sizeof(header) + body.size() + seal::size);
  append_struct(out, header);
  append_bytes(out, body);
  append_bytes(out, seal_of(out).view());
  return out;
}

result<std::vector<std::byte>> decode_object(byte_view bytes, object_kind kind, const image::domain_id& domain,
                                             const image::session_id& session) {
  if (bytes.size() < sizeof(object_header) + seal::size) return damaged("cut off");
  const auto header = read_struct<object_header>(bytes);
  if (header.magic_ != object_magic) return error(errc::bad_magic, "object");
  const std::size_t body_size = header.body_size.value();
  if (body_size != bytes.size() - sizeof(object_header) - seal::size) return damaged("its length is not what it says");
  // Before the version: a flipped bit there is damage, not a newer format.
  const byte_view sealed = bytes.first(bytes.size() - seal::size);
  if (seal_of(sealed) != read_struct<seal>(bytes.last(seal::size))) return error(errc::checksum, "object: seal");
  if (header.version_major_.value() != version_major)
    return error(errc::unsupported_version, fmt::format("object: version {}", header.version_major_.value()));
  if (header.kind.value() != static_cast<std::uint32_t>(kind)) return damaged("of another kind");
  if (header.domain != domain.bytes) return damaged("of another vault");
  if (header.session != session.bytes) return damaged("of another session");
  const byte_view body = sealed.subspan(sizeof(object_header));
  return std::vector<std::byte>(body.begin(), body.end());
}

std::vector<std::byte> encode_outcome(const outcome& o) {
  outcome_body body{};
  body.verdict_ = static_cast<std::uint32_t>(o.what);
  if (o.what == verdict::commit) {
    body.plan = o.plan;
    body.plan_seal = o.plan_seal.bytes;
  }
  std::vector<std::byte> out;
  append_struct(out, body);
  return out;
}

result<outcome> decode_outcome(byte_view body) {
  if (body.size() != sizeof(outcome_body)) return damaged("outcome has a wrong length");
  const auto raw = read_struct<outcome_body>(body);
  outcome o;
  o.what = static_cast<verdict>(raw.verdict_.value());
  o.plan = raw.plan.value();
  o.plan_seal.bytes = raw.plan_seal;
  if (o.what != verdict::commit && o.what != verdict::dead) return damaged("unknown verdict");
  if (o.what == verdict::commit && o.plan_seal.is_none()) return damaged("commit without a plan's seal");
  if (o.what == verdict::dead && (o.plan != 0 || !o.plan_seal.is_none())) return damaged("dead session with a plan");
  return o;
}

std::vector<std::byte> encode_condemned(const std::vector<image::pack_id>& packs) {
  std::vector<std::byte> out;
  pack_table(packs).append_to(out);
  return out;
}

result<std::vector<image::pack_id>> decode_condemned(byte_view body) {
  if (body.size() % sizeof(pack_ref) != 0) return damaged("condemned list has a wrong length");
  if (body.size() / sizeof(pack_ref) > max_condemned) return damaged("condemned list is too long");
  TRY(const pack_table packs, within("object: condemned list", pack_table::decode(body)));
  return packs.ids();
}

std::string pack_name(const image::pack_id& id) {
  const std::string session = to_hex(id.session.view());
  return fmt::format("packs/{}/{}-{}", session.substr(0, 2), session, id.number);
}

// The spelling is unique: whatever reads as a name must also be how the name is written.
std::optional<image::pack_id> parse_pack_name(std::string_view name) {
  constexpr std::size_t session_at = std::string_view("packs/xx/").size();
  constexpr std::size_t dash_at = session_at + 2 * image::session_id::size;
  if (name.size() <= dash_at || name[dash_at] != '-') return std::nullopt;
  const auto session = id_from_hex<image::session_id>(name.substr(session_at, dash_at - session_at));
  if (!session) return std::nullopt;
  image::pack_id id{*session, 0};
  const std::string_view digits = name.substr(dash_at + 1);
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), id.number);
  if (parsed.ec != std::errc()) return std::nullopt;
  if (pack_name(id) != name) return std::nullopt;
  return id;
}

std::string session_object(const image::session_id& session, std::string_view what) {
  return fmt::format("sessions/{}/{}", to_hex(session.view()), what);
}

std::string plan_object(const image::session_id& session, std::uint32_t plan) {
  return session_object(session, fmt::format("plan-{}", plan));
}

}  // namespace umbra::native
