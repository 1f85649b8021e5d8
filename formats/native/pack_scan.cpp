// SPDX-License-Identifier: GPL-3.0-or-later
// A header is bound to its pack and offset by its CRC, so whatever decodes is a record that was written here: neither foreign
// bytes nor a pack that lies inside a payload can be taken for one. That makes the search after damage safe.
#include "formats/native/pack_scan.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/block/zero.h"
#include "formats/native/byte_window.h"

namespace umbra::native {
namespace {

class scanner {
 public:
  scanner(const scan_source& source, scan_visitor& visitor)
      : source_(source), visitor_(visitor), window_(source.file, source.size) {}

  result<void> run() {
    while (offset_ < source_.size) {
      if (left() < sizeof(record_header)) return cut_off("record header");
      const auto head = window_.at(offset_, sizeof(record_header));
      if (head.has_error()) {
        CHECK(lose(align_down(offset_, page_size) + page_size, head.assume_error()));
      } else if (stands_at_footer(head.assume_value())) {
        CHECK(meet_footer());
      } else {
        CHECK(meet_record(head.assume_value()));
      }
    }
    return success();
  }

 private:
  std::uint64_t left() const { return source_.size - offset_; }

  bool stands_at_footer(byte_view head) const {
    return is_aligned(offset_, page_size) && left() >= sizeof(footer) && has_footer_magic(head);
  }

  result<void> cut_off(std::string_view what) {
    const auto from = std::exchange(offset_, source_.size);
    return visitor_.on_loss(from, source_.size, error(errc::damaged, fmt::format("{} is cut off by the file's end", what)));
  }

  // Reports the loss and goes on at the next thing that is right, not before `from`.
  result<void> lose(std::uint64_t from, const error& why) {
    const auto lost_from = offset_;
    offset_ = find_next(from);
    return visitor_.on_loss(lost_from, offset_, why);
  }

  result<footer_info> footer_at(std::uint64_t offset) {
    TRY(const auto bytes, window_.at(offset, sizeof(footer)));
    return decode_footer(bytes, source_.pack, source_.words, offset);
  }

  result<void> meet_footer() {
    const auto info = footer_at(offset_);
    if (info.has_error()) return lose(offset_ + record_alignment, info.assume_error());
    CHECK(visitor_.on_footer(info.assume_value(), offset_));
    offset_ += sizeof(footer);
    if (left() == 0) return success();
    const auto from = std::exchange(offset_, source_.size);
    return visitor_.on_flaw(from, error(errc::damaged, fmt::format("{} bytes after the footer", source_.size - from)));
  }

  result<void> meet_record(byte_view head) {
    const auto decoded = decode_header(head, source_.pack, offset_);
    if (decoded.has_error()) return lose(offset_ + record_alignment, decoded.assume_error());
    const auto& info = decoded.assume_value();
    const auto framed = std::uint64_t{info.header_size} + info.stored_size;
    if (framed > left()) {
      const error why(errc::damaged, fmt::format("record of {} bytes is cut off by the file's end", framed));
      return lose(offset_ + record_alignment, why);
    }
    const auto whole = window_.at(offset_, static_cast<std::size_t>(std::min(info.extent(), left())));
    if (whole.has_error()) return lose(offset_ + info.extent(), whole.assume_error());
    return pass_record(info, whole.assume_value());
  }

  result<void> pass_record(const record_info& info, byte_view whole) {
    const auto stored = whole.subspan(info.header_size, info.stored_size);
    const auto gap = whole.subspan(info.header_size + info.stored_size);
    const bool ok = checksum(stored) == info.checksum;
    const bool gap_ok = is_zero(gap);
    const bool gap_whole = whole.size() == info.extent();
    const auto at = std::exchange(offset_, offset_ + whole.size());
    CHECK(visitor_.on_record(info, at, stored, ok));
    if (!ok) CHECK(visitor_.on_flaw(at, error(errc::checksum, "record's stored bytes")));
    if (!gap_ok) CHECK(visitor_.on_flaw(at, error(errc::damaged, "bytes other than zero behind a record")));
    if (!gap_whole) CHECK(visitor_.on_flaw(at, error(errc::damaged, "gap behind a record is cut off by the file's end")));
    return success();
  }

  // A cheap look; only what passes it is decoded.
  bool looks_right(std::uint64_t offset, byte_view bytes) const {
    return has_record_magic(bytes) || (is_aligned(offset, page_size) && has_footer_magic(bytes));
  }

  bool is_right(std::uint64_t offset) {
    const auto bytes = window_.at(offset, sizeof(record_header));
    if (bytes.has_error()) return false;
    if (has_record_magic(bytes.assume_value())) return decode_header(bytes.assume_value(), source_.pack, offset).has_value();
    return source_.size - offset >= sizeof(footer) && footer_at(offset).has_value();
  }

  // The first place from `from` on, up to `end`, that looks right; `end` if there is none or it cannot be read.
  std::uint64_t find_candidate(std::uint64_t from, std::uint64_t end) {
    const auto view_end = std::min(end + sizeof(record_header), source_.size);
    const auto bytes = window_.at(from, static_cast<std::size_t>(view_end - from));
    if (bytes.has_error()) return end;
    for (auto at = from; at < end && view_end - at >= sizeof(record_header); at += record_alignment)
      if (looks_right(at, bytes.assume_value().subspan(static_cast<std::size_t>(at - from)))) return at;
    return end;
  }

  // The next record header or footer from `from` on that is right where it is; the file's end if there is none. Pages that cannot
  // be read are passed over.
  std::uint64_t find_next(std::uint64_t from) {
    auto at = from;
    while (at < source_.size && source_.size - at >= sizeof(record_header)) {
      const auto page_end = align_down(at, page_size) + page_size;
      at = find_candidate(at, page_end);
      if (at == page_end) continue;
      if (is_right(at)) return at;
      at += record_alignment;
    }
    return source_.size;
  }

  const scan_source& source_;
  scan_visitor& visitor_;
  byte_window window_;
  std::uint64_t offset_ = page_size;
};

}  // namespace

result<void> scan_pack(const scan_source& source, scan_visitor& visitor) { return scanner(source, visitor).run(); }

}  // namespace umbra::native
