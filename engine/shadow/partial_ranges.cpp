// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/partial_ranges.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

struct ranges_header {
  wire::u64 count;
};
struct ranges_row {
  wire::u64 offset;
  wire::u64 size;
};
static_assert(sizeof(ranges_header) == 8 && sizeof(ranges_row) == 16);

error wrong(std::string why) { return failure(result_code::e_invalidarg, "ranges: " + std::move(why)); }

result<range> checked(std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return wrong(fmt::format("the one at {} is empty", offset));
  if (!checked_add(offset, size)) return wrong(fmt::format("the one at {} ends beyond 64 bits", offset));
  return range{offset, size};
}

result<std::vector<range>> without_overlap(std::vector<range> ranges) {
  auto sorted = ranges;
  std::ranges::sort(sorted, {}, &range::offset);
  const auto overlap = [](const range& a, const range& b) { return b.offset < a.end(); };
  const auto found = std::ranges::adjacent_find(sorted, overlap);
  if (found != sorted.end()) return wrong(fmt::format("those at {} and {} overlap", found->offset, (found + 1)->offset));
  return ranges;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  text = trimmed(text);
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value, hex ? 16 : 10);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return value;
}

result<range> range_in(std::string_view text) {
  const auto colon = text.find(':');
  const auto offset = number_in(text.substr(0, colon));
  const auto size = colon == std::string_view::npos ? std::nullopt : number_in(text.substr(colon + 1));
  if (!offset || !size) return wrong(fmt::format("'{}' is not offset:length", trimmed(text.substr(0, 64))));
  return checked(*offset, *size);
}

}  // namespace

result<std::vector<range>> parse_ranges(std::string_view text) {
  std::vector<range> ranges;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    TRY(const auto one, range_in(text.substr(0, comma)));
    if (ranges.size() == ranges_limit) return wrong(fmt::format("more than {}", ranges_limit));
    ranges.push_back(one);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return without_overlap(std::move(ranges));
}

std::string to_text(std::span<const range> ranges) {
  std::string text;
  for (const auto& r : ranges) text += fmt::format("{}{}:{}", text.empty() ? "" : ", ", r.offset, r.size);
  return text;
}

result<std::vector<range>> decode_ranges(byte_view file) {
  if (file.size() < sizeof(ranges_header)) return wrong("the file is too short");
  const auto count = read_struct<ranges_header>(file).count.value();
  if (count > ranges_limit) return wrong(fmt::format("more than {}", ranges_limit));
  const auto rows = file.subspan(sizeof(ranges_header));
  if (rows.size() != count * sizeof(ranges_row))
    return wrong(fmt::format("the file has {} bytes, {} ranges take {}", file.size(), count,
                             sizeof(ranges_header) + count * sizeof(ranges_row)));
  std::vector<range> ranges;
  ranges.reserve(count);
  for (std::size_t at = 0; at < rows.size(); at += sizeof(ranges_row)) {
    const auto row = read_struct<ranges_row>(rows.subspan(at));
    TRY(const auto one, checked(row.offset.value(), row.size.value()));
    ranges.push_back(one);
  }
  return without_overlap(std::move(ranges));
}

std::vector<std::byte> encode_ranges(std::span<const range> ranges) {
  ranges_header header;
  header.count = ranges.size();
  std::vector<std::byte> file(sizeof(header) + ranges.size() * sizeof(ranges_row));
  std::memcpy(file.data(), &header, sizeof(header));
  std::size_t at = sizeof(header);
  for (const auto& r : ranges) {
    ranges_row row;
    row.offset = r.offset;
    row.size = r.size;
    std::memcpy(file.data() + at, &row, sizeof(row));
    at += sizeof(row);
  }
  return file;
}

std::optional<std::string> ranges_file_in(std::string_view text) {
  text = trimmed(text);
  constexpr std::string_view prefix = "File=";
  if (text.starts_with(prefix) && text.size() > prefix.size()) return std::string(text.substr(prefix.size()));
  if (text.starts_with('/')) return std::string(text);
  return std::nullopt;
}

result<void> check_ranges(std::span<const range> ranges, std::uint64_t size) {
  for (const auto& r : ranges) {
    if (!fits(r.offset, r.size, size))
      return wrong(fmt::format("{}:{} lies beyond the end of the file at {}", r.offset, r.size, size));
  }
  return success();
}

result<std::vector<directed_range>> pair_ranges(std::span<const range> source, std::span<const range> destination) {
  if (source.size() != destination.size())
    return wrong(fmt::format("{} of the source, {} of the destination", source.size(), destination.size()));
  std::vector<directed_range> pairs;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i].size != destination[i].size)
      return wrong(fmt::format("{}:{} of the source does not fit {}:{} of the destination", source[i].offset, source[i].size,
                               destination[i].offset, destination[i].size));
    pairs.push_back({source[i], destination[i]});
  }
  return pairs;
}

}  // namespace umbra::shadow
