// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/source_argument.h"

#include <fmt/format.h>

#include "cli/size_text.h"
#include "engine/io/window_device.h"

namespace umbra::cli {

result<source_argument> parse_source(const std::string& text) {
  const auto at = text.rfind('@');
  if (at == std::string::npos) return source_argument{text, std::nullopt};
  const auto plus = text.find('+', at);
  if (plus == std::string::npos) return source_argument{text, std::nullopt};
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
  TRY(auto device, io::open_device(source.path, options));
  if (source.window) {
    TRY(device, io::make_window(std::move(device), *source.window));
  }
  if (device->geometry().size == 0)
    return error(errc::usage, fmt::format("{}: is empty, there is nothing to image", source.path));
  return device;
}

}  // namespace umbra::cli
