// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/backup_shadow.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/io/overlay_device.h"
#include "engine/io/window_device.h"
#include "engine/shadow/document_json.h"
#include "engine/shadow/enum_names.h"

namespace umbra::cli {
namespace {

namespace sh = shadow;

constexpr const char* way_out = "unmount it or mount it read-only, or take it as it is with --shadow none";

bool is_failed(const sh::writer_status& w) { return w.failure != sh::result_code::s_ok; }

// It failed only when it was told that the image is complete: its data were in order at the instant.
bool is_failed_late(const sh::writer_status& w) { return is_failed(w) && w.state == sh::writer_state::failed_at_backup_complete; }
bool is_failed_in_time(const sh::writer_status& w) { return is_failed(w) && !is_failed_late(w); }

// Whether a volume that lies there can be in the part of a source that is read.
bool is_read(const sh::placed_volume& v, const source_argument& source) {
  if (!source.window || !v.offset) return true;
  return *v.offset < source.window->end() && source.window->offset < *v.offset + v.what.size;
}

bool lies_below(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder || path.starts_with(folder + "/");
}

std::string mounted_at(const std::string& source, const sh::volume& v) {
  const auto where = source == v.device ? std::string() : source + ": ";
  return fmt::format("{}{} is mounted read-write at {}", where, v.device, v.mount_point);
}

nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text, nullptr, false); }

}  // namespace

backup_shadow::backup_shadow() = default;
backup_shadow::~backup_shadow() = default;
backup_shadow::backup_shadow(backup_shadow&&) noexcept = default;
backup_shadow& backup_shadow::operator=(backup_shadow&&) noexcept = default;

result<backup_shadow> backup_shadow::make(std::span<const source_argument> sources, const std::string& provider,
                                          const shadow_service_options& service, context& c, const output_options& output) {
  backup_shadow made;
  for (const auto& s : sources) {
    if (!s.is_remote()) made.sources_.push_back(s.path);
  }
  CHECK(made.find_volumes(sources));
  made.as_it_is_ = provider == "none";
  if (made.as_it_is_) made.warn_of_writable(c, output);
  if (made.as_it_is_ || (made.volumes_.empty() && provider == "auto")) return made;
  made.session_ = sh::create_backup_components(shadow_service(service, c));
  CHECK(made.session_->initialize_for_backup());
  TRY(const auto wanted, provider_named(*made.session_, "--shadow", provider));
  if (made.volumes_.empty()) {
    made.session_.reset();
    return made;
  }
  CHECK(made.refuse_scattered());
  CHECK(made.start_set(c, output));
  CHECK(made.add_volumes(wanted));
  CHECK(finish_call(made.session_->prepare_for_backup(), c.stop));
  CHECK(finish_call(made.session_->do_snapshot_set(), c.stop));
  CHECK(made.look_at_copies());
  made.warn_of_writers(false, c, output);
  return made;
}

result<void> backup_shadow::find_volumes(std::span<const source_argument> sources) {
  for (const auto& source : sources) {
    if (source.is_remote()) continue;
    TRY(const auto placed, sh::volumes_on(source.path));
    for (const auto& p : placed) {
      if (!p.what.read_only && is_read(p, source)) volumes_.push_back({p, source.path, {}, {}});
    }
  }
  return success();
}

result<void> backup_shadow::refuse_scattered() const {
  for (const auto& v : volumes_) {
    if (v.where.offset) continue;
    return error(errc::busy, fmt::format("{}, and does not lie on this disk in one piece: image {} by itself, {}",
                                         mounted_at(v.source, v.where.what), v.where.what.device, way_out));
  }
  return success();
}

void backup_shadow::warn_of_writable(context& c, const output_options& output) const {
  for (const auto& v : volumes_) {
    warn(c, output, mounted_at(v.source, v.where.what) + "; the image may not show one instant");
  }
}

// Everything up to the set: the writers know that a backup comes, and hold nothing yet.
result<void> backup_shadow::start_set(context& c, const output_options& output) {
  CHECK(session_->set_backup_state(false, false, sh::backup_type::copy, false));
  CHECK(finish_call(session_->gather_writer_metadata(), c.stop));
  for (const auto& p : session_->writer_problems()) warn(c, output, "writer " + p);
  TRY(metadata_, session_->get_writer_metadata());
  TRY(set_, session_->start_snapshot_set());
  return success();
}

// A volume that several sources share is copied once.
result<void> backup_shadow::add_volumes(const sh::guid& provider) {
  for (auto v = volumes_.begin(); v != volumes_.end(); ++v) {
    const auto same = [&](const auto& other) { return other.where.what.device == v->where.what.device; };
    const auto known = std::find_if(volumes_.begin(), v, same);
    if (known != v) {
      v->snapshot = known->snapshot;
      continue;
    }
    auto added = session_->add_to_snapshot_set(v->where.what.name, provider);
    if (added.has_error()) {
      return error(errc::busy, mounted_at(v->source, v->where.what))
          .with_detail(added.assume_error().detail())
          .advise(fmt::format("{}; {}", added.assume_error().text(), way_out));
    }
    v->snapshot = added.assume_value();
  }
  return success();
}

result<void> backup_shadow::look_at_copies() {
  CHECK(finish_call(session_->gather_writer_status(), {}));
  TRY(writers_, session_->get_writer_status());
  TRY(const auto providers, session_->query_providers());
  for (auto& v : volumes_) {
    TRY(const auto properties, session_->get_snapshot_properties(v.snapshot));
    const auto by = std::ranges::find(providers, properties.provider_id, &sh::provider_prop::provider_id);
    if (by != providers.end()) v.provider = by->provider_name;
  }
  return success();
}

void backup_shadow::warn_of_writers(bool late, context& c, const output_options& output) const {
  for (const auto& w : writers_) {
    if (is_failed(w) && is_failed_late(w) == late) {
      warn(c, output, fmt::format("writer {}: {} ({})", w.name, w.text, sh::to_string(w.failure)));
    }
  }
}

result<std::unique_ptr<io::device>> backup_shadow::open(const source_argument& source, const io::open_options& how) {
  TRY(auto device, open_source({source.path, std::nullopt}, how));
  std::vector<io::overlay_piece> pieces;
  for (const auto& v : volumes_) {
    if (!session_ || v.source != source.path) continue;
    TRY(auto copy, session_->open_snapshot(v.snapshot));
    pieces.push_back({*v.where.offset, std::move(copy)});
  }
  const auto size = device->geometry().size;
  if (pieces.size() == 1 && pieces[0].offset == 0 && pieces[0].from->geometry().size == size) {
    device = std::move(pieces[0].from);
  } else if (!pieces.empty()) {
    TRY(device, io::make_overlay(std::move(device), std::move(pieces)));
  }
  if (!source.window) return device;
  return io::make_window(std::move(device), *source.window);
}

bool backup_shadow::is_read_live(const source_argument& source) const {
  return as_it_is_ && std::ranges::any_of(volumes_, [&](const auto& v) { return v.source == source.path; });
}

bool backup_shadow::is_copied(const std::string& device) const {
  return std::ranges::any_of(volumes_, [&](const auto& v) { return v.where.what.device == device; });
}

result<void> backup_shadow::check() {
  if (as_it_is_) return success();
  for (const auto& v : volumes_) CHECK(session_->check_snapshot(v.snapshot));
  for (const auto& source : sources_) {
    const auto now = sh::volumes_on(source);
    if (now.has_error()) continue;  // the source went away: its reads tell that
    for (const auto& p : now.assume_value()) {
      if (p.what.read_only || is_copied(p.what.device)) continue;
      return error(errc::busy, mounted_at(source, p.what) + " since the backup began: the image would not show one instant");
    }
  }
  return success();
}

void backup_shadow::finish(context& c, const output_options& output) {
  if (!session_) return;
  auto told = finish_call(session_->backup_complete(), {});
  if (told.has_value()) told = finish_call(session_->gather_writer_status(), {});
  if (told.has_error()) warn(c, output, "telling writers that the backup is complete: " + told.assume_error().message());
  if (auto states = session_->get_writer_status(); states.has_value()) writers_ = std::move(states).assume_value();
  warn_of_writers(true, c, output);
  const auto gone = session_->delete_snapshots(set_, sh::object_type::snapshot_set, true);
  if (gone.has_error()) {
    warn(c, output, "shadow copies are left behind: " + gone.assume_error().message());
  } else if (!gone.assume_value().not_deleted.is_none()) {
    warn(c, output, fmt::format("shadow copy {} is left behind", sh::to_string(gone.assume_value().not_deleted)));
  }
}

bool backup_shadow::lacks_writers() const {
  return std::ranges::any_of(writers_, is_failed_in_time) || (session_ != nullptr && !session_->writer_problems().empty());
}

bool backup_shadow::has_late_failures() const { return std::ranges::any_of(writers_, is_failed_late); }

// Application-consistent: applications with data here agreed to the instant, and none of them failed until the image was
// complete.
std::string backup_shadow::consistency_of(const shadowed_volume& v) const {
  if (as_it_is_) return "none";
  const auto is_here = [&](const sh::file_spec& f) { return lies_below(f.path, v.where.what.mount_point); };
  const auto has_data_here = [&](const sh::component_info& c) {
    return std::ranges::any_of(c.files, is_here) || std::ranges::any_of(c.database_files, is_here) ||
           std::ranges::any_of(c.log_files, is_here);
  };
  bool agreed = false;
  for (const auto& w : metadata_) {
    if (std::ranges::none_of(w.components, has_data_here)) continue;
    const auto state = std::ranges::find(writers_, w.identity.instance_id, &sh::writer_status::instance_id);
    if (state == writers_.end() || is_failed_in_time(*state)) return "crash-consistent";
    agreed = true;
  }
  return agreed ? "application-consistent" : "crash-consistent";
}

nlohmann::json backup_shadow::describe() const {
  auto volumes = nlohmann::json::array();
  for (const auto& v : volumes_) {
    nlohmann::json one{{"volume", v.where.what.name}, {"device", v.where.what.device}, {"file_system", v.where.what.file_system},
                       {"source", v.source},          {"size", v.where.what.size},     {"consistency", consistency_of(v)}};
    if (v.where.offset) one["offset"] = *v.where.offset;
    if (session_) one["provider"] = v.provider;
    if (session_) one["snapshot_id"] = sh::to_string(v.snapshot);
    volumes.push_back(std::move(one));
  }
  nlohmann::json all{{"mode", session_ ? "copies" : as_it_is_ && !volumes_.empty() ? "none" : "offline"}, {"volumes", volumes}};
  if (!session_) return all;
  auto writers = nlohmann::json::array();
  for (const auto& w : writers_) {
    nlohmann::json one{{"name", w.name}, {"class_id", sh::to_string(w.class_id)}, {"state", sh::name_of(w.state)}};
    if (is_failed(w)) one["failure"] = sh::to_string(w.failure);
    if (is_failed(w)) one["text"] = w.text;
    writers.push_back(std::move(one));
  }
  auto documents = nlohmann::json::array();
  for (const auto& m : metadata_) documents.push_back(parsed(sh::to_json(m)));
  all["held_microseconds"] = session_->held().count();
  all["writers"] = writers;
  all["writer_problems"] = session_->writer_problems();
  all["writer_metadata"] = documents;
  const auto components = session_->save_as_json();
  if (components.has_value()) all["backup_components"] = parsed(components.assume_value());
  return all;
}

}  // namespace umbra::cli
