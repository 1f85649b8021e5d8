// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/restore_target.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "engine/io/file_device.h"
#include "engine/io/probe.h"
#include "formats/native/pack_reader.h"
#include "formats/registry/open_image.h"

namespace umbra::cli {
namespace {

result<void> check_not_in_use(const std::string& path) {
  TRY(const auto uses, io::mounts_of(path));
  if (uses.empty()) return success();
  const auto& u = uses.front();
  if (u.mount_point == "swap") return error(errc::busy, fmt::format("{}: {} is swap space in use", path, u.device));
  return error(errc::busy, fmt::format("{}: {} is mounted at {}; unmount it first", path, u.device, u.mount_point));
}

bool is_inside(const std::string& path, const std::string& folder) {
  std::error_code ignored;
  const auto whole = std::filesystem::weakly_canonical(path, ignored);
  const auto outer = std::filesystem::weakly_canonical(folder, ignored);
  return std::mismatch(outer.begin(), outer.end(), whole.begin(), whole.end()).first == outer.end();
}

// The image itself, a parent of it, a pack of a vault: not a disk's bytes but an image's. A damaged one may still be mended.
bool holds_an_image(const std::string& path, context& c) {
  auto file = c.files->open(path);
  if (file.has_error()) return false;
  const auto pack = native::pack_reader::open(std::move(file).assume_value(), path, std::nullopt);
  return pack.has_value() || pack.assume_error().code() != errc::bad_magic;
}

// Neither an image, nor a place in the vault, nor the disk that holds either.
result<void> check_not_origin(const std::string& path, const std::string& image, context& c) {
  TRY(const auto name, registry::parse_image_name(image));
  if (!name.in_vault && io::same_file(path, name.path)) return error(errc::usage, fmt::format("{} is the image itself", path));
  if (name.in_vault && is_inside(path, name.path)) return error(errc::usage, fmt::format("{} lies inside the vault", path));
  if (holds_an_image(path, c)) return error(errc::usage, path + " is an Umbra image: it would be destroyed");
  TRY(const auto below, io::lies_on(name.path, path));
  if (below) return error(errc::usage, fmt::format("{}: the image to restore lies on it", path));
  return success();
}

// What can be said of a target that is not there yet.
result<void> check_new(const std::string& path, const std::string& image) {
  std::error_code ignored;
  if (std::filesystem::is_symlink(path, ignored)) {
    return error(errc::usage, fmt::format("{} is a symbolic link to nothing", path));
  }
  TRY(const auto name, registry::parse_image_name(image));
  if (name.in_vault && is_inside(path, name.path)) return error(errc::usage, fmt::format("{} lies inside the vault", path));
  return success();
}

result<void> check_size(const restore_plan& plan, const std::string& path, std::uint64_t needed) {
  if (plan.target_size >= needed) return success();
  return error(errc::geometry_mismatch,
               fmt::format("{} is too small: {} bytes, the image needs {}", path, plan.target_size, needed));
}

}  // namespace

restore_plan plan_restore(const restore_target_options& target, const std::string& image, const image::image_info& info,
                          std::size_t source, context& c) {
  restore_plan plan;
  const auto present = io::open_device(target.path, {});
  if (present.has_error()) {
    auto possible =
        present.assume_error().code() == errc::not_found ? check_new(target.path, image) : result<void>(present.assume_error());
    if (possible.has_error()) plan.problem = std::move(possible).assume_error();
    return plan;
  }
  plan.exists = true;
  plan.target_size = present.assume_value()->geometry().size;
  const auto needed = info.sources[source].size;
  // An empty regular file is as good as a new one.
  const bool grows = plan.target_size == 0 && !present.assume_value()->geometry().block_device;
  if (grows) plan.target_size = needed;
  for (auto check :
       {check_not_in_use(target.path), check_not_origin(target.path, image, c), check_size(plan, target.path, needed)}) {
    if (check.has_error() && !plan.problem) plan.problem = check.assume_error();
  }
  return plan;
}

result<void> confirm_target(const restore_target_options& target, const std::string& image, context& c) {
  const auto present = io::open_device(target.path, {});
  if (present.has_error() || target.yes || present.assume_value()->geometry().size == 0) return success();
  if (!c.confirm) {
    return error(errc::usage, fmt::format("{} exists and would be overwritten", target.path))
        .advise("say --yes, or run this on a terminal");
  }
  const auto question = fmt::format("This overwrites {} with {}.\nType the target's path to go on:", target.path, image);
  if (c.confirm(question, target.path)) return success();
  return error(errc::cancelled, "restore: not confirmed");
}

result<std::unique_ptr<io::device>> open_restore_target(const restore_target_options& target, std::uint64_t size) {
  io::open_options how;
  how.mode = io::open_options::access::read_write;
  how.exclusive = true;
  auto opened = io::open_device(target.path, how);
  const bool missing = opened.has_error() && opened.assume_error().code() == errc::not_found;
  const bool empty = opened.has_value() && opened.assume_value()->geometry().size == 0;
  if (!missing && !empty) return opened;
  how.mode = missing ? io::open_options::access::create : io::open_options::access::create_or_replace;
  how.size = size;
  return io::open_device(target.path, how);
}

}  // namespace umbra::cli
