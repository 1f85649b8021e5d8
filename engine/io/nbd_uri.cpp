// SPDX-License-Identifier: GPL-3.0-or-later
// The forms are those of the NBD project's doc/uri.md.
#include <algorithm>

#include "engine/io/nbd_device.h"

namespace umbra::io {
namespace {

std::string_view part_after(std::string_view text, std::string_view mark) {
  const auto at = text.find(mark);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

std::string_view last_name(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

bool is_nbd_uri(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  const auto scheme = text.substr(0, colon);
  return scheme == "nbd" || scheme == "nbds" || scheme.starts_with("nbd+") || scheme.starts_with("nbds+");
}

// The user's part is all that may name somebody; keys are never in a URI, only their files.
std::string public_nbd_uri(std::string_view uri) {
  const auto host = uri.find("://");
  if (host == std::string_view::npos) return std::string(uri);
  const auto start = host + 3;
  const auto end = std::min(uri.find_first_of("/?#", start), uri.size());
  const auto at = uri.substr(start, end - start).rfind('@');
  if (at == std::string_view::npos) return std::string(uri);
  return std::string(uri.substr(0, start)) + std::string(uri.substr(start + at + 1));
}

std::string short_nbd_name(std::string_view uri) {
  const auto rest = part_after(uri, "://");
  const auto query = std::min(rest.find('?'), rest.size());
  const auto place = rest.substr(0, query);
  const auto slash = std::min(place.find('/'), place.size());
  if (const auto name = last_name(place.substr(slash)); !name.empty()) return std::string(name);
  if (slash > 0) {
    const auto host = public_nbd_uri("nbd://" + std::string(place.substr(0, slash))).substr(6);
    const auto port = host.rfind(':');
    return port == std::string::npos || host.ends_with(']') ? host : host.substr(0, port);
  }
  const auto socket = part_after(rest.substr(query), "socket=");
  return std::string(last_name(socket.substr(0, socket.find('&'))));
}

}  // namespace umbra::io
