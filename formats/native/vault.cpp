// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/vault.h"

#include <algorithm>

#include <fmt/format.h>

#include "formats/native/label.h"
#include "formats/native/pack_cache.h"
#include "formats/native/session_order.h"
#include "formats/native/stored_image.h"
#include "formats/native/vault_objects.h"
#include "formats/native/vault_session.h"

namespace umbra::native {
namespace {

constexpr const char* superblock_object = "vault";

error missing_superblock(store::store& store) {
  const auto sessions = store.list("sessions/");
  if (sessions.has_value() && !sessions.assume_value().empty()) {
    return {errc::damaged,
            fmt::format("{}: the vault's superblock is gone (its file '{}')", store.location(), superblock_object)};
  }
  return error(errc::not_found, "vault in " + store.location()).advise("'umbra init' makes one");
}

result<superblock_info> read_superblock(store::store& store, std::vector<std::byte>& bytes) {
  auto read = store.get(superblock_object, 2 * page_size);
  if (read.has_error() && read.assume_error().code() == errc::not_found) {
    return missing_superblock(store);
  }
  CHECK(read);
  bytes = std::move(read).assume_value();
  return within(fmt::format("{}: vault superblock", store.location()), decode_superblock(bytes, superblock_kind::vault));
}

}  // namespace

struct vault::state {
  store::store* store = nullptr;
  superblock_info super;
  std::shared_ptr<pack_cache> packs;
};

vault::vault() : state_(std::make_unique<state>()) {}
vault::~vault() = default;

result<void> vault::create(store::store& store, std::uint32_t block_size, random_source& random) {
  TRY(const auto present, store.list(""));
  for (const auto& e : present) {
    if (e.name == superblock_object) return error(errc::exists, "vault " + store.location());
  }
  if (!present.empty()) {
    return error(errc::usage,
                 fmt::format("{}: not empty ({}); a vault wants a folder of its own", store.location(), present.front().name));
  }
  superblock_info info;
  info.kind = superblock_kind::vault;
  info.domain = {random.make<image::domain_id>(), random.make<content_key>(), random.make<change_secret>(), block_size};
  const auto bytes = encode(info);
  return store.put_if_absent(superblock_object, bytes_of(bytes));
}

result<std::unique_ptr<vault>> vault::open(store::store& store, intent what) {
  std::unique_ptr<vault> v(new vault);
  std::vector<std::byte> bytes;
  TRY(v->state_->super, read_superblock(store, bytes));
  CHECK(within(store.location(), check_features(v->state_->super.words, what, bytes)));
  v->state_->store = &store;
  v->state_->packs = std::make_shared<pack_cache>(store);
  return v;
}

store::store& vault::objects() { return *state_->store; }
const superblock_info& vault::super() const { return state_->super; }
const image::domain& vault::keys() const { return state_->super.domain; }
pack_source& vault::packs() { return *state_->packs; }

result<manifest> vault::manifest_of(const image::session_id& id) { return read_committed(*state_->store, keys().id, id); }

result<std::vector<session_state>> vault::sessions() {
  TRY(const auto names, list_sessions(*state_->store));
  std::vector<session_state> all;
  for (const auto& [id, has] : names) {
    session_state s;
    s.id = id;
    s.forgotten = has.forgotten;
    auto decided = read_outcome(*state_->store, keys().id, id);
    if (decided.has_value() && !decided.assume_value()) {
      s.state = session_state::what::undecided;
    } else if (decided.has_value() && decided.assume_value()->what == verdict::dead) {
      s.state = session_state::what::dead;
    } else {
      auto m = manifest_of(id);
      s.state = m.has_value() ? session_state::what::committed : session_state::what::damaged;
      if (m.has_value()) {
        s.info = std::move(m).assume_value().info;
        s.name = metadata_name(s.info.metadata);
      } else {
        s.problem = decided.has_error() ? decided.assume_error().message() : m.assume_error().message();
      }
    }
    if (s.state != session_state::what::committed) s.name = begin_name(*state_->store, keys().id, id);
    all.push_back(std::move(s));
  }
  order_by_age(all);
  return all;
}

result<std::unique_ptr<image::image_reader>> vault::open_image(const image::session_id& id) {
  TRY(auto m, manifest_of(id));
  CHECK(check_features(m.words, intent::read));
  TRY(auto image, stored_image::open(std::move(m), keys(), state_->packs));
  return std::unique_ptr<image::image_reader>(std::move(image));
}

result<std::unique_ptr<image::image_writer>> vault::new_image(const new_image_options& options, random_source& random) {
  std::unique_ptr<stored_image> parent;
  if (options.parent) {
    TRY(auto m, within("parent image", manifest_of(*options.parent)));
    CHECK(check_features(m.words, intent::read));
    TRY(parent, within("parent image", stored_image::open(std::move(m), keys(), state_->packs)));
  }
  return start_vault_session(*state_->store, state_->super, state_->packs, std::move(parent), options, random);
}

}  // namespace umbra::native
