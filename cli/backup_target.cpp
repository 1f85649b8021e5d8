// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/backup_target.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/image_text.h"
#include "cli/size_text.h"
#include "formats/native/image_file.h"
#include "formats/native/layout.h"

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

result<std::optional<image::session_id>> parent_in_vault(const target_options& options, native::vault& vault,
                                                         const backup_sources& sources, context& c,
                                                         const output_options& output) {
  if (options.parent == "none") return std::optional<image::session_id>();
  if (options.parent != "auto") {
    const auto whole = options.parent.find("::") == std::string::npos ? options.to + "::" + options.parent : options.parent;
    TRY(const auto name, registry::parse_image_name(whole));
    TRY(const auto id, registry::select_image(vault, name));
    TRY(const auto m, vault.manifest_of(id));
    CHECK(within("--parent " + options.parent, check_fits(m.info, sources)));
    return std::optional(id);
  }
  const auto id = registry::select_image(vault, {true, options.to, options.name, 0});
  if (id.has_error()) {
    if (id.assume_error().code() == errc::not_found) return std::optional<image::session_id>();
    return id.assume_error();
  }
  TRY(const auto m, vault.manifest_of(id.assume_value()));
  const auto fits = check_fits(m.info, sources);
  if (fits.has_value()) return std::optional(id.assume_value());
  warn(c, output, fits.assume_error().text() + ": taking a full image");
  return std::optional<image::session_id>();
}

result<backup_target> open_vault_target(const target_options& options, const backup_sources& sources, context& c,
                                        const output_options& output) {
  backup_target target;
  TRY(target.vault, registry::open_vault_at(*c.files, options.to, native::intent::add));
  if (!options.block_size.empty()) return error(errc::usage, "--block-size is for single files; a vault has its own");
  auto& vault = *target.vault.vault;
  native::new_image_options how;
  how.name = options.name;
  TRY(how.parent, parent_in_vault(options, vault, sources, c, output));
  how.begin_note = nlohmann::json{{"host", c.host}}.dump();
  if (how.parent) {
    TRY(target.parent_reader, vault.open_image(*how.parent));
    CHECK(within("parent image", target.parent_reader->check_packs()));
  }
  TRY(target.writer, vault.new_image(how, *c.random));
  return target;
}

result<backup_target> open_file_target(const target_options& options, const backup_sources& sources, context& c) {
  backup_target target;
  native::image_file_options how;
  if (!options.block_size.empty()) {
    TRY(const auto size, parse_size(options.block_size));
    const bool power = size != 0 && (size & (size - 1)) == 0;
    if (!power || size < native::min_block_size || size > native::max_block_size) {
      return error(errc::usage, fmt::format("block size {}: must be a power of two from 4K to 4M", options.block_size));
    }
    how.block_size = static_cast<std::uint32_t>(size);
  }
  if (options.parent != "auto" && options.parent != "none") {
    TRY(target.parent, registry::open_image_at(*c.files, options.parent, {}));
    CHECK(within("--parent " + options.parent, check_fits(target.parent.reader->info(), sources)));
    CHECK(within("--parent " + options.parent, target.parent.reader->check_packs()));
    how.parent = target.parent.reader.get();
  }
  TRY(target.writer, native::create_image_file(*c.files, options.to, how, *c.random));
  return target;
}

}  // namespace

bool is_image_file(const std::string& to) { return to.ends_with(".umbra"); }

result<backup_target> open_target(const target_options& options, const backup_sources& sources, context& c,
                                  const output_options& output) {
  return is_image_file(options.to) ? open_file_target(options, sources, c) : open_vault_target(options, sources, c, output);
}

}  // namespace umbra::cli
