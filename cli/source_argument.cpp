// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/source_argument.h"

#include <filesystem>

#include <fmt/format.h>

#include "cli/size_text.h"
#include "engine/base/units.h"
#include "engine/io/nbd_device.h"
#include "engine/io/window_device.h"

namespace umbra::cli {
namespace {

error with_hint(error e, const source_argument& source) {
  if (e.code() != errc::not_found || source.path.find('@') == std::string::npos) return e;
  return std::move(e).advise("a part of a source is named as in disk.raw@1M+512M");
}

result<void> check_window(const range& window, const io::device& whole) {
  const auto size = whole.geometry().size;
  if (fits(window.offset, window.size, size)) return success();
  return error(errc::usage, fmt::format("{}@{}+{} reaches beyond the end: {} has {} bytes", whole.name(), window.offset,
                                        window.size, whole.name(), size));
}

result<std::unique_ptr<io::device>> open_whole(const source_argument& source, const io::open_options& options) {
  if (source.is_remote()) return io::open_nbd(source.path);
  auto opened = io::open_device(source.path, options);
  if (opened.has_error()) return with_hint(std::move(opened).assume_error(), source);
  return opened;
}

}  // namespace

bool source_argument::is_remote() const { return io::is_nbd_uri(path); }
std::string source_argument::name() const { return is_remote() ? io::public_nbd_uri(path) : path; }

result<source_argument> parse_source(const std::string& text) {
  const auto at = text.rfind('@');
  if (at == std::string::npos) return source_argument{text, std::nullopt};
  const auto plus = text.find('+', at);
  std::error_code ignored;
  if (plus == std::string::npos || std::filesystem::exists(text, ignored)) return source_argument{text, std::nullopt};
  const auto offset = parse_size(text.substr(at + 1, plus - at - 1));
  const auto length = parse_size(text.substr(plus + 1));
  if (offset.has_error() || length.has_error()) {
    return error(errc::usage, fmt::format("'{}': behind '@' stand an offset and a length, as in disk.raw@1M+512M", text));
  }
  if (offset.assume_value() % 512 != 0)
    return error(errc::usage, fmt::format("'{}': the offset must be a multiple of 512", text));
  return source_argument{text.substr(0, at), range{offset.assume_value(), length.assume_value()}};
}

result<std::unique_ptr<io::device>> open_source(const source_argument& source, const io::open_options& options) {
  TRY(auto device, open_whole(source, options));
  if (source.window) {
    CHECK(check_window(*source.window, *device));
    TRY(device, io::make_window(std::move(device), *source.window));
  }
  if (device->geometry().size == 0)
    return error(errc::usage, fmt::format("{} is empty: there is nothing to image", device->name()));
  return device;
}

}  // namespace umbra::cli
