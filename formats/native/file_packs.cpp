// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/file_packs.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::native {

std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

file_packs::file_packs(store::file_system& files, std::vector<std::string> places) : files_(files), places_(std::move(places)) {}

void file_packs::add(std::shared_ptr<const pack_reader> pack) {
  const std::scoped_lock lock(mutex_);
  open_[pack->super().pack] = std::move(pack);
}

result<std::shared_ptr<const pack_reader>> file_packs::pack(const image::pack_id& id) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = open_.find(id); known != open_.end()) return known->second;
  if (!searched_) search();
  const auto found = found_.find(id);
  if (found == found_.end()) {
    const auto needed = fmt::format("parent image {}, looked for in {}", to_hex(id.session.view()), fmt::join(places_, ", "));
    if (unread_) return error(*unread_).within(needed);
    return error(errc::not_found, needed).advise("name its file or folder with --parent");
  }
  TRY(auto file, files_.open(found->second));
  TRY(std::shared_ptr<const pack_reader> reader, pack_reader::open(std::move(file), found->second, id));
  open_[id] = reader;
  return reader;
}

void file_packs::search() {
  searched_ = true;
  for (const auto& place : places_) {
    const auto entries = files_.list(place);
    if (entries.has_error()) {
      look_at(place);
      continue;
    }
    for (const auto& e : entries.assume_value()) {
      if (!e.is_directory && e.name.ends_with(".umbra")) look_at(place + "/" + e.name);
    }
  }
}

// Files that are no packs are passed over: a folder may hold anything. One that cannot be read may be the one that is needed.
void file_packs::look_at(const std::string& path) {
  auto file = files_.open(path);
  if (file.has_error()) return note_unread(std::move(file).assume_error());
  auto reader = pack_reader::open(std::move(file).assume_value(), path, std::nullopt);
  if (reader.has_error()) return note_unread(std::move(reader).assume_error());
  found_.try_emplace(reader.assume_value()->super().pack, path);
}

void file_packs::note_unread(error why) {
  const bool is_no_pack = is_damage(why.code()) || why.code() == errc::not_found || why.code() == errc::usage;
  if (!is_no_pack && !unread_) unread_ = std::move(why);
}

}  // namespace umbra::native
