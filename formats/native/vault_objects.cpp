// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/vault_objects.h"

#include <fmt/format.h>

namespace umbra::native {
namespace {

constexpr std::uint64_t small_object_limit = 1 << 20;
constexpr std::uint64_t condemned_limit = 64 << 20;

// "sessions/<id>/<what>"
std::optional<std::pair<image::session_id, std::string_view>> parse_session_name(std::string_view name) {
  constexpr std::string_view prefix = "sessions/";
  constexpr std::size_t id_digits = 2 * image::session_id::size;
  if (!name.starts_with(prefix) || name.size() < prefix.size() + id_digits + 2) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto id = id_from_hex<image::session_id>(name.substr(0, id_digits));
  if (!id || name[id_digits] != '/') return std::nullopt;
  return std::pair(*id, name.substr(id_digits + 1));
}

}  // namespace

result<std::map<image::session_id, session_names>> list_sessions(store::store& store) {
  TRY(const auto entries, store.list("sessions/"));
  std::map<image::session_id, session_names> sessions;
  for (const auto& e : entries) {
    const auto parsed = parse_session_name(e.name);
    if (!parsed) continue;
    auto& s = sessions[parsed->first];
    if (parsed->second == "begin") s.begun = true;
    if (parsed->second == "outcome") s.has_outcome = true;
    if (parsed->second == "forgotten") s.forgotten = true;
  }
  return sessions;
}

result<std::set<image::pack_id>> read_condemned(store::store& store, const image::domain_id& domain) {
  TRY(const auto entries, store.list("condemned/"));
  std::set<image::pack_id> condemned;
  for (const auto& e : entries) {
    auto bytes = store.get(e.name, condemned_limit);
    // Lists go away once none of their packs exists any more.
    if (bytes.has_error() && bytes.assume_error().code() == errc::not_found) continue;
    CHECK(bytes);
    TRY(const auto body, within(e.name, decode_object(bytes.assume_value(), object_kind::condemned, domain, {})));
    TRY(const auto packs, within(e.name, decode_condemned(body)));
    condemned.insert(packs.begin(), packs.end());
  }
  return condemned;
}

result<std::map<image::pack_id, std::uint64_t>> list_packs(store::store& store) {
  TRY(const auto entries, store.list("packs/"));
  std::map<image::pack_id, std::uint64_t> packs;
  for (const auto& e : entries) {
    if (const auto id = parse_pack_name(e.name)) packs[*id] = e.size;
  }
  return packs;
}

result<std::optional<outcome>> read_outcome(store::store& store, const image::domain_id& domain,
                                            const image::session_id& session) {
  const auto name = session_object(session, "outcome");
  auto bytes = store.get(name, small_object_limit);
  if (bytes.has_error() && bytes.assume_error().code() == errc::not_found) return std::optional<outcome>();
  CHECK(bytes);
  TRY(const auto body, within(name, decode_object(bytes.assume_value(), object_kind::outcome, domain, session)));
  TRY(const auto decided, within(name, decode_outcome(body)));
  return std::optional<outcome>(decided);
}

result<manifest> read_committed(store::store& store, const image::domain_id& domain, const image::session_id& session) {
  TRY(const auto decided, read_outcome(store, domain, session));
  if (!decided || decided->what != verdict::commit) {
    return error(errc::not_found, fmt::format("image {} in {}", to_hex(session.view()), store.location()));
  }
  const auto name = plan_object(session, decided->plan);
  auto bytes = store.get(name, max_manifest);
  if (bytes.has_error() && bytes.assume_error().code() == errc::not_found) {
    return error(errc::damaged, fmt::format("{}: missing, but the image was committed", name));
  }
  CHECK(bytes);
  TRY(auto m, within(name, decode_manifest(bytes.assume_value())));
  if (manifest_seal(bytes.assume_value()) != decided->plan_seal || m.info.id != session || m.info.domain != domain) {
    return error(errc::damaged, fmt::format("{}: is not the plan that was committed", name));
  }
  return m;
}

}  // namespace umbra::native
