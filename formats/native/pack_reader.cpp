// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_reader.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/pack_index.h"
#include "formats/native/pack_scan.h"
#include "formats/native/pack_walk.h"

namespace umbra::native {

struct pack_reader::state {
  std::unique_ptr<store::input_file> file;
  std::string name;
  std::uint64_t size = 0;
  superblock_info super;
  std::once_flag footer_read;
  std::optional<result<footer_info>> footer;

  std::string place(std::uint64_t offset) const { return fmt::format("{} at {}", name, offset); }
  scan_source scanned() const { return {*file, size, super.pack, super.words}; }

  error damage(std::uint64_t offset, std::string_view what) const {
    return error(errc::damaged, fmt::format("{}: {}", place(offset), what));
  }

  // Records lie between superblock and file end, on multiples of 16.
  result<void> check_range(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset >= page_size && is_aligned(offset, record_alignment) && fits(offset, bytes, size)) return success();
    return damage(offset, fmt::format("{} bytes of a record do not lie inside the pack of {} bytes", bytes, size));
  }

  result<footer_info> find_footer() const {
    const auto at_end = fmt::format("{}: end", name);
    if (size < page_size + sizeof(native::footer) || !is_aligned(size, page_size))
      return error(errc::damaged,
                   fmt::format("{}: a pack of {} bytes has no footer: it was cut off or never finished", at_end, size));
    std::array<std::byte, sizeof(native::footer)> bytes{};
    const auto offset = size - bytes.size();
    CHECK(within(at_end, file->read(offset, bytes)));
    if (!has_footer_magic(bytes)) return error(errc::damaged, at_end + ": no footer: the pack was cut off or never finished");
    return within(at_end, decode_footer(bytes, super.pack, super.words, offset));
  }
};

pack_reader::pack_reader() = default;
pack_reader::~pack_reader() = default;

result<std::unique_ptr<pack_reader>> pack_reader::open(std::unique_ptr<store::input_file> file, std::string name,
                                                       std::optional<image::pack_id> expected) {
  std::unique_ptr<pack_reader> reader(new pack_reader);
  reader->state_ = std::make_unique<state>();
  auto& s = *reader->state_;
  s.size = file->size();
  std::vector<std::byte> first(static_cast<std::size_t>(std::min<std::uint64_t>(s.size, sizeof(superblock))));
  CHECK(within(name, file->read(0, first)));
  TRY(s.super, within(name, decode_superblock(first, superblock_kind::pack)));
  CHECK(within(name, check_features(s.super.words, intent::read, first)));
  if (expected && *expected != s.super.pack)
    return error(errc::damaged,
                 fmt::format("{}: holds pack {} instead of {}", name, to_string(s.super.pack), to_string(*expected)));
  s.file = std::move(file);
  s.name = std::move(name);
  return reader;
}

const superblock_info& pack_reader::super() const { return state_->super; }
const std::string& pack_reader::name() const { return state_->name; }
std::uint64_t pack_reader::file_size() const { return state_->size; }

result<footer_info> pack_reader::footer_at_end() const {
  auto& s = *state_;
  std::call_once(s.footer_read, [&] { s.footer.emplace(s.find_footer()); });
  return *s.footer;
}

result<void> pack_reader::footer_state() const {
  CHECK(footer_at_end());
  return success();
}

result<std::vector<pack_section>> pack_reader::sections() const {
  TRY(auto info, footer_at_end());
  return std::move(info.sections);
}

result<void> pack_reader::read_header(std::uint64_t offset, byte_span out) const {
  const auto& s = *state_;
  CHECK(s.check_range(offset, out.size()));
  auto read = s.file->read(offset, out);
  if (read.has_error()) return within(s.place(offset), std::move(read));
  return success();
}

result<record_info> pack_reader::header_at(std::uint64_t offset) const {
  std::array<std::byte, sizeof(record_header)> head{};
  CHECK(read_header(offset, head));
  auto info = decode_header(head, state_->super.pack, offset);
  if (info.has_error()) return within(state_->place(offset), std::move(info));
  return info;
}

result<void> pack_reader::read_record(const image::location& where, record_type type, const content_id& id,
                                      codec::decoder& decoder, std::vector<std::byte>& scratch, byte_span plain) const {
  const auto& s = *state_;
  if (where.pack != s.super.pack)
    return error(errc::internal, fmt::format("{}: asked for a record of pack {}", s.name, to_string(where.pack)));
  if (where.stored_size > max_plain) return s.damage(where.offset, fmt::format("a record of {} bytes", where.stored_size));
  const auto size = sizeof(record_header) + where.stored_size;
  if (scratch.size() < size) scratch.resize(size);
  CHECK(read_header(where.offset, byte_span(scratch).first(size)));

  const auto decoded = decode_header(scratch, s.super.pack, where.offset);
  if (decoded.has_error()) return error(decoded.assume_error()).within(s.place(where.offset));
  const auto& info = decoded.assume_value();
  if (info.type != type || info.id != id || info.stored_size != where.stored_size || info.plain_size != plain.size())
    return s.damage(where.offset, "not the record that was looked for");
  if (type != record_type::data && info.codec != codec::codec_id::none)
    return s.damage(where.offset, "a record that must be stored plain is encoded");

  byte_view stored = byte_view(scratch).subspan(sizeof(record_header), info.stored_size);
  if (info.header_size != sizeof(record_header)) {  // a later version's longer header: the payload stands further on
    const auto payload = where.offset + info.header_size;
    CHECK(s.check_range(payload, info.stored_size));
    const auto out = byte_span(scratch).first(info.stored_size);
    CHECK(within(s.place(where.offset), s.file->read(payload, out)));
    stored = out;
  }
  if (checksum(stored) != info.checksum) return error(errc::checksum, s.place(where.offset));
  auto plainly = decoder.decode(info.codec, stored, plain);
  if (plainly.has_error()) return within(s.place(where.offset), std::move(plainly));
  return success();
}

result<std::vector<std::byte>> pack_reader::read_plain(std::uint64_t offset, record_type type, std::uint32_t limit) const {
  const auto& s = *state_;
  TRY(const auto info, header_at(offset));
  if (info.type != type || info.codec != codec::codec_id::none) return s.damage(offset, "not the record that was looked for");
  if (info.stored_size > limit)
    return s.damage(offset, fmt::format("a record of {} bytes where at most {} are expected", info.stored_size, limit));
  CHECK(s.check_range(offset + info.header_size, info.stored_size));
  std::vector<std::byte> plain(info.stored_size);
  CHECK(within(s.place(offset), s.file->read(offset + info.header_size, plain)));
  if (checksum(plain) != info.checksum) return error(errc::checksum, s.place(offset));
  return plain;
}

result<void> pack_reader::for_each_indexed(const std::function<result<void>(const std::vector<indexed_record>&)>& visit) const {
  const auto info = footer_at_end();
  if (info.has_value()) return visit_indexed(*this, info.assume_value(), visit);
  if (!is_damage(info.assume_error().code())) return info.assume_error();
  return visit_scanned(state_->scanned(), visit);
}

result<pack_reader::walk_report> pack_reader::walk(const std::function<result<void>(const walked_record&)>& visit) const {
  return walk_pack(state_->scanned(), state_->name, state_->super, visit);
}

std::string to_string(const image::pack_id& id) { return fmt::format("{}-{}", to_hex(id.session.view()), id.number); }

}  // namespace umbra::native
