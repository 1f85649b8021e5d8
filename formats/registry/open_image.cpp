// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/registry/open_image.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "formats/native/image_file.h"

namespace umbra::registry {
namespace {

constexpr std::size_t shortest_id = 6;

using native::session_state;

std::vector<session_state> committed_images(std::vector<session_state> sessions) {
  std::erase_if(sessions, [](const auto& s) { return s.state != session_state::what::committed || s.forgotten; });
  return sessions;
}

std::string names_of(const std::vector<session_state>& images) {
  constexpr std::size_t shown = 8;
  std::set<std::string> names;
  for (const auto& s : images) {
    if (!s.name.empty()) names.insert(s.name);
  }
  if (names.empty()) return "it holds no image";
  const bool more = names.size() > shown;
  const auto end = more ? std::next(names.begin(), shown) : names.end();
  return fmt::format("it has {}{}", fmt::join(names.begin(), end, ", "),
                     more ? fmt::format(" and {} more", names.size() - shown) : "");
}

error nothing_selected(const std::vector<session_state>& images, const image_name& name) {
  const auto wanted = name.back == 0 ? name.selector : fmt::format("{}@{}", name.selector, name.back);
  const auto count = std::ranges::count(images, name.selector, &session_state::name);
  return error(errc::not_found, fmt::format("image '{}' in {}", wanted, name.path))
      .advise(count == 0 ? names_of(images) : fmt::format("there are {} of that name, {} the newest", count, name.selector));
}

// Nobody knows how old an image is whose manifest cannot be read: it may be the one that is meant.
result<void> check_whole(const std::vector<session_state>& sessions, const image_name& name) {
  for (const auto& s : sessions) {
    if (s.state != session_state::what::damaged || s.forgotten) continue;
    const bool meant = s.name == name.selector || to_hex(s.id.view()) == name.selector;
    if (!meant) continue;
    return error(errc::damaged, fmt::format("image {} ('{}') in {}", to_hex(s.id.view()), s.name, name.path))
        .advise("'umbra list' tells what is wrong; choose another one by its id");
  }
  return success();
}

}  // namespace

result<open_vault> open_vault_at(store::file_system& files, const std::string& path, native::intent what) {
  // Asked first, so that a missing folder is not called an empty vault.
  const auto there = files.list(path);
  if (there.has_error()) {
    const auto& e = there.assume_error();
    return error(e.code(), "vault " + path, e.os_error())
        .advise(path.find("::") != std::string::npos ? "the vault's folder is meant, without an image"
                                                     : "'umbra init' makes one");
  }
  open_vault v;
  v.objects = store::make_local_store(files, path);
  TRY(v.vault, native::vault::open(*v.objects, what));
  return v;
}

result<image_name> parse_image_name(const std::string& text) {
  image_name name;
  const auto split = text.rfind("::");
  if (split == std::string::npos) {
    if (text.empty())
      return error(errc::usage, "an image is named as VAULT::ID, VAULT::NAME, VAULT::NAME@N, or by its .umbra file");
    name.path = text;
    return name;
  }
  name.in_vault = true;
  name.path = text.substr(0, split);
  name.selector = text.substr(split + 2);
  if (const auto at = name.selector.rfind('@'); at != std::string::npos) {
    const auto* first = name.selector.data() + at + 1;
    const auto* last = name.selector.data() + name.selector.size();
    const auto [end, problem] = std::from_chars(first, last, name.back);
    if (problem != std::errc() || end != last) {
      return error(errc::usage, fmt::format("'{}': after @ stands how many images to go back, a number", text));
    }
    name.selector.resize(at);
  }
  if (name.path.empty() || name.selector.empty()) {
    return error(errc::usage, fmt::format("'{}': an image in a vault is named as VAULT::ID, VAULT::NAME or VAULT::NAME@N", text));
  }
  return name;
}

result<image::session_id> select_image(native::vault& vault, const image_name& name) {
  // A whole id needs no look at the other images.
  if (const auto id = id_from_hex<image::session_id>(name.selector); id && name.back == 0) {
    if (vault.manifest_of(*id).has_value()) return *id;
  }
  TRY(auto sessions, vault.sessions());
  CHECK(check_whole(sessions, name));
  const auto images = committed_images(std::move(sessions));
  unsigned to_go = name.back;
  for (auto s = images.rbegin(); s != images.rend(); ++s) {
    if (s->name == name.selector && to_go-- == 0) return s->id;
  }
  std::vector<image::session_id> begins;
  for (const auto& s : images) {
    if (name.back == 0 && name.selector.size() >= shortest_id && to_hex(s.id.view()).starts_with(name.selector))
      begins.push_back(s.id);
  }
  if (begins.size() == 1) return begins.front();
  if (begins.size() > 1) {
    return error(errc::usage, fmt::format("'{}' begins the ids of {} images in {}; more digits, please", name.selector,
                                          begins.size(), name.path));
  }
  return nothing_selected(images, name);
}

result<open_image> open_image_at(store::file_system& files, const std::string& text, const std::vector<std::string>& others) {
  TRY(const auto name, parse_image_name(text));
  open_image image;
  if (!name.in_vault) {
    if (files.list(name.path).has_value()) {
      return error(errc::usage, fmt::format("{} is a folder, not an image", name.path))
          .advise(fmt::format("one in a vault is named {}::NAME ('umbra list' shows them)", name.path));
    }
    TRY(image.reader, native::open_image_file(files, name.path, others));
    return image;
  }
  TRY(image.home, open_vault_at(files, name.path, native::intent::read));
  TRY(const auto id, select_image(*image.home.vault, name));
  TRY(image.reader, image.home.vault->open_image(id));
  return image;
}

}  // namespace umbra::registry
