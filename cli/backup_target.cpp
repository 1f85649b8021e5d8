// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/backup_target.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/image_text.h"
#include "cli/option_checks.h"
#include "engine/io/probe.h"
#include "formats/native/image_file.h"

namespace umbra::cli {
namespace {

std::string identity_in(const image::image_info& parent, std::size_t number) {
  const auto metadata = metadata_of(parent);
  const auto sources = metadata.find("sources");
  if (sources == metadata.end() || !sources->is_array() || number >= sources->size()) return {};
  const auto& one = (*sources)[number];
  return one.is_object() && one.contains("identity") && one["identity"].is_string() ? one["identity"].get<std::string>() : "";
}

// Sizes, and that the disks are the same as far as they can be known again.
result<void> check_fits(const image::image_info& parent, const backup_sources& sources) {
  const auto all = sources.all();
  if (parent.sources.size() != all.size()) {
    return error(errc::geometry_mismatch,
                 fmt::format("the parent image has {} sources, this backup {}", parent.sources.size(), all.size()));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& s = *all[i];
    if (s.device->geometry().size != parent.sources[i].size) {
      return error(errc::geometry_mismatch, fmt::format("{} has {} bytes, in the parent image it has {}", s.argument.path,
                                                        s.device->geometry().size, parent.sources[i].size));
    }
    const auto before = identity_in(parent, i);
    if (!before.empty() && !s.identity.empty() && before != s.identity) {
      return error(errc::geometry_mismatch,
                   fmt::format("{} is another disk ({}) than the parent image's ({})", s.argument.path, s.identity, before));
    }
  }
  return success();
}

std::string parent_of(const target_options& options) { return options.parents.empty() ? "auto" : options.parents.front(); }

// VAULT::NAME@N must lead back to it, and lists and messages show it on one line.
result<void> check_name(const std::string& name) {
  constexpr std::size_t longest = 200;
  const bool can_be_asked_for = name.find("::") == std::string::npos && name.find('@') == std::string::npos;
  if (can_be_asked_for && !name.empty() && name.size() <= longest && is_printable(name)) return success();
  return error(errc::usage, fmt::format("'{}' cannot name an image: 1 to {} bytes, neither '@' nor '::' nor control characters",
                                        name, longest))
      .advise("choose one with --name");
}

// What a user can do whose parent image is damaged or missing.
template <class T>
result<T> or_take_a_full(const std::string& what, result<T> parent) {
  if (parent.has_value()) return parent;
  auto e = std::move(parent).assume_error().within(what);
  if (!is_damage(e.code()) && e.code() != errc::not_found) return e;
  return std::move(e).advise("'--parent none' takes a full image");
}

result<image::session_id> named_parent(const target_options& options, native::vault& vault, const backup_sources& sources,
                                       context& c) {
  const auto text = parent_of(options);
  const bool whole = text.find("::") != std::string::npos;
  const auto what = "--parent " + text;
  if (!whole && c.files->open(text).has_value()) {
    return error(errc::usage, fmt::format("{} is a file: the parent must be an image in {}", what, options.to));
  }
  TRY(const auto name, registry::parse_image_name(whole ? text : options.to + "::" + text));
  if (!name.in_vault || !io::same_file(name.path, options.to)) {
    return error(errc::usage, fmt::format("{} lies elsewhere: the parent must be an image in {}", what, options.to));
  }
  TRY(const auto id, within("--parent", registry::select_image(vault, name)));
  TRY(const auto m, vault.manifest_of(id));
  CHECK(within(what, check_fits(m.info, sources)));
  return id;
}

// The newest image of the name, if it can be built on.
result<std::optional<image::session_id>> automatic_parent(const target_options& options, native::vault& vault,
                                                          const backup_sources& sources, context& c,
                                                          const output_options& output) {
  const auto id = registry::select_image(vault, {true, options.to, options.name, 0});
  if (id.has_error()) {
    const auto& e = id.assume_error();
    if (e.code() == errc::not_found) return std::optional<image::session_id>();
    if (!is_damage(e.code())) return e;
    warn(c, output, e.message() + ": taking a full image");
    return std::optional<image::session_id>();
  }
  TRY(const auto m, vault.manifest_of(id.assume_value()));
  const auto fits = check_fits(m.info, sources);
  if (fits.has_value()) return std::optional(id.assume_value());
  warn(c, output, fits.assume_error().text() + ": taking a full image");
  return std::optional<image::session_id>();
}

result<std::optional<image::session_id>> parent_in_vault(const target_options& options, native::vault& vault,
                                                         const backup_sources& sources, context& c,
                                                         const output_options& output) {
  if (options.parents.size() > 1)
    return error(errc::usage, "several --parent are for single files: a vault knows where its images lie");
  if (parent_of(options) == "none") return std::optional<image::session_id>();
  if (parent_of(options) == "auto") return automatic_parent(options, vault, sources, c, output);
  TRY(const auto id, named_parent(options, vault, sources, c));
  return std::optional(id);
}

result<registry::open_vault> open_destination(const target_options& options, context& c) {
  auto opened = registry::open_vault_at(*c.files, options.to, native::intent::add);
  if (opened.has_value() || opened.assume_error().code() != errc::not_found) return opened;
  if (options.to.find("::") != std::string::npos) return opened;
  return std::move(opened).assume_error().advise("'umbra init' makes one; the name of a single-file image ends in .umbra");
}

result<backup_target> open_vault_target(const target_options& options, const backup_sources& sources, context& c,
                                        const output_options& output) {
  backup_target target;
  TRY(target.vault, open_destination(options, c));
  if (!options.block_size.empty()) return error(errc::usage, "--block-size is for single files: a vault has its own");
  CHECK(check_name(options.name));
  auto& vault = *target.vault.vault;
  native::new_image_options how;
  how.name = options.name;
  TRY(how.parent, parent_in_vault(options, vault, sources, c, output));
  how.begin_note = nlohmann::json{{"host", c.host}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (how.parent) {
    TRY(target.parent_reader, or_take_a_full("parent image", vault.open_image(*how.parent)));
    CHECK(or_take_a_full("parent image", target.parent_reader->check_packs()));
  }
  TRY(target.writer, vault.new_image(how, *c.random));
  return target;
}

result<registry::open_image> open_parent_file(const target_options& options, const backup_sources& sources, context& c) {
  const auto what = "--parent " + options.parents.front();
  TRY(const auto name, registry::parse_image_name(options.parents.front()));
  if (name.in_vault) {
    // The vault would not know that the file needs its packs, and might one day remove them.
    return error(errc::usage, fmt::format("{} lies in a vault: the parent of a single file must be a file, too", what));
  }
  const std::vector<std::string> places(options.parents.begin() + 1, options.parents.end());
  TRY(auto parent, within("--parent", registry::open_image_at(*c.files, options.parents.front(), places)));
  CHECK(within(what, check_fits(parent.reader->info(), sources)));
  auto complete = parent.reader->check_packs();
  if (complete.has_value()) return parent;
  auto e = std::move(complete).assume_error().within(what);
  if (e.code() == errc::not_found) return std::move(e).advise("name its file or folder with one more --parent");
  return e;
}

result<backup_target> open_file_target(const target_options& options, const backup_sources& sources, context& c) {
  backup_target target;
  native::image_file_options how;
  if (!options.block_size.empty()) {
    TRY(how.block_size, parse_block_size(options.block_size));
  }
  if (parent_of(options) != "auto" && parent_of(options) != "none") {
    if (!options.block_size.empty()) return error(errc::usage, "--block-size: an incremental image has its parent's");
    TRY(target.parent, open_parent_file(options, sources, c));
    how.parent = target.parent.reader.get();
  }
  TRY(target.writer, native::create_image_file(*c.files, options.to, how, *c.random));
  return target;
}

}  // namespace

bool is_image_file(const std::string& to, context& c) { return to.ends_with(".umbra") && !c.files->list(to).has_value(); }

result<backup_target> open_target(const target_options& options, const backup_sources& sources, context& c,
                                  const output_options& output) {
  return is_image_file(options.to, c) ? open_file_target(options, sources, c) : open_vault_target(options, sources, c, output);
}

}  // namespace umbra::cli
