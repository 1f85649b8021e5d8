// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/session_begin.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "formats/native/label.h"
#include "formats/native/vault_objects.h"
#include "formats/native/vault_session.h"

namespace umbra::native {
namespace {

constexpr std::uint64_t begin_limit = 1 << 20;

// One process at a time looks around and begins; the lock goes with the process.
result<std::unique_ptr<store::file_lock>> doorway(store::store& store) {
  constexpr int tries = 500;
  constexpr auto pause = std::chrono::milliseconds(20);
  for (int i = 0; i < tries; ++i) {
    auto lock = store.lock("vault");
    if (lock.has_value() || lock.assume_error().code() != errc::busy) return lock;
    std::this_thread::sleep_for(pause);
  }
  return error(errc::busy, store.location() + ": another process keeps the vault's door shut");
}

result<void> check_name_is_free(store::store& store, const image::domain_id& domain, const std::string& name) {
  if (name.empty()) return success();
  TRY(const auto sessions, list_sessions(store));
  for (const auto& [id, has] : sessions) {
    if (!has.begun || has.has_outcome || begin_name(store, domain, id) != name) continue;
    const auto lock = store.lock(session_object(id, "begin"));
    if (lock.has_error() && lock.assume_error().code() == errc::busy) {
      return error(errc::busy, fmt::format("image name '{}' in {}", name, store.location()))
          .advise(fmt::format("session {} is a backup of that name that is still running", to_hex(id.view())));
    }
  }
  return success();
}

}  // namespace

std::string begin_name(store::store& store, const image::domain_id& domain, const image::session_id& session) {
  auto bytes = store.get(session_object(session, "begin"), begin_limit);
  if (bytes.has_error()) return {};
  auto body = decode_object(bytes.assume_value(), object_kind::begin, domain, session);
  if (body.has_error()) return {};
  return metadata_name(std::string(as_text(body.assume_value())));
}

result<std::unique_ptr<store::file_lock>> begin_session(store::store& store, const image::domain_id& domain,
                                                        const image::session_id& id, const session_start& start) {
  auto document = nlohmann::json::parse(start.note, nullptr, false);
  if (!document.is_object()) document = nlohmann::json::object();
  document["name"] = start.name;
  const auto body = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);

  TRY(const auto door, doorway(store));
  CHECK(check_name_is_free(store, domain, start.name));
  const auto object = encode_object(object_kind::begin, domain, id, as_bytes(body));
  CHECK(store.put_if_absent(session_object(id, "begin"), object));
  return store.lock(session_object(id, "begin"));
}

}  // namespace umbra::native
