// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/footer.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/record.h"

namespace umbra::native {
namespace {

constexpr auto sealed_bytes = offsetof(footer, seal_);

// Numbers of `f` that cannot be, whatever the file: nothing read later may rely on them.
result<void> check_numbers(const footer& f, std::uint64_t offset) {
  const auto bad = [](std::string_view what, std::uint64_t value) {
    return error(errc::decode, fmt::format("footer's {} is {}", what, value));
  };
  if (f.size.value() != sizeof(footer)) return bad("size", f.size.value());
  if (f.section_count.value() > max_sections) return bad("section count", f.section_count.value());
  if (f.segment_count.value() > offset / page_size) return bad("segment count", f.segment_count.value());
  if (f.record_count.value() > offset / sizeof(record_header)) return bad("record count", f.record_count.value());
  const auto last = f.last_checkpoint.value();
  const bool inside = last >= page_size && is_aligned(last, page_size) && fits(last, sizeof(record_header), offset);
  if (f.segment_count.value() == 0 ? last != 0 : !inside) return bad("last checkpoint", last);
  return success();
}

result<void> check_place(const footer& f, const image::pack_id& pack, const features& words, std::uint64_t offset) {
  const image::pack_id named{image::session_id{f.session}, f.pack_number.value()};
  if (named != pack) return error(errc::damaged, "footer of another pack");
  if (f.pack_size.value() != offset + sizeof(footer))
    return error(errc::damaged, fmt::format("footer of a pack of {} bytes", f.pack_size.value()));
  const features own{f.incompat.value(), f.ro_compat.value(), f.gc_incompat.value(), f.compat.value()};
  if (own != words) return error(errc::damaged, "footer's feature words are not the superblock's");
  return success();
}

result<pack_section> decode_section(const footer_section& s, std::uint64_t offset) {
  const pack_section section{static_cast<section_type>(s.type.value()), s.copy.value(), s.offset.value(), s.stored_size.value(),
                             s.plain_size.value()};
  if (section.offset < page_size || !is_aligned(section.offset, record_alignment) || section.stored_size > max_plain ||
      section.plain_size > max_plain || !fits(section.offset, record_extent(section.stored_size), offset))
    return error(errc::decode, fmt::format("footer names a section at {} outside the pack", section.offset));
  return section;
}

bool is_known(section_type type) {
  return type == section_type::manifest || type == section_type::key_slots || type == section_type::parity;
}

footer_section to_wire(const pack_section& section) {
  footer_section s{};
  s.type = static_cast<std::uint32_t>(section.type);
  s.copy = section.copy;
  s.offset = section.offset;
  s.stored_size = section.stored_size;
  s.plain_size = section.plain_size;
  return s;
}

}  // namespace

footer encode(const footer_info& info) {
  footer f{};
  f.magic_ = footer_magic;
  f.version_major_ = version_major;
  f.version_minor_ = version_minor;
  f.size = static_cast<std::uint32_t>(sizeof(footer));
  f.session = info.pack.session.bytes;
  f.pack_number = info.pack.number;
  f.section_count = static_cast<std::uint32_t>(info.sections.size());
  f.pack_size = info.pack_size;
  f.record_count = info.record_count;
  f.segment_count = info.segment_count;
  f.last_checkpoint = info.last_checkpoint;
  f.incompat = info.words.incompat;
  f.ro_compat = info.words.ro_compat;
  f.gc_incompat = info.words.gc_incompat;
  f.compat = info.words.compat;
  for (std::size_t i = 0; i < info.sections.size(); ++i) f.sections[i] = to_wire(info.sections[i]);
  f.seal_ = seal_of(bytes_of(f).first(sealed_bytes)).bytes;
  return f;
}

result<footer_info> decode_footer(byte_view bytes, const image::pack_id& pack, const features& words, std::uint64_t offset) {
  if (!has_footer_magic(bytes)) return error(errc::bad_magic, "no footer");
  const auto f = read_struct<footer>(bytes);
  if (seal_of(bytes.first(sealed_bytes)).bytes != f.seal_) return error(errc::checksum, "footer's seal");
  if (f.version_major_.value() != version_major)
    return error(errc::unsupported_version, fmt::format("footer of format version {}", f.version_major_.value()));
  CHECK(check_place(f, pack, words, offset));
  CHECK(check_numbers(f, offset));

  footer_info info;
  info.pack = pack;
  info.pack_size = f.pack_size.value();
  info.record_count = f.record_count.value();
  info.segment_count = f.segment_count.value();
  info.last_checkpoint = f.last_checkpoint.value();
  info.words = words;
  for (std::size_t i = 0; i < f.section_count.value(); ++i) {
    TRY(const auto section, decode_section(f.sections[i], offset));
    if (is_known(section.type)) info.sections.push_back(section);
  }
  return info;
}

bool has_footer_magic(byte_view bytes) { return std::memcmp(bytes.data(), footer_magic.data(), footer_magic.size()) == 0; }

}  // namespace umbra::native
