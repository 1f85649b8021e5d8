// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/record.h"

#include <algorithm>

#include <fmt/format.h>

namespace umbra::native {
namespace {

constexpr std::uint8_t id_keyed_blake3 = 1;
// Later minor versions may append fields to a header; what they add is skipped.
constexpr std::uint32_t max_header_size = page_size;

constexpr std::size_t crc_begin = offsetof(record_header, header_crc);
constexpr std::size_t crc_end = crc_begin + sizeof(record_header::header_crc);

// What the CRC covers, gathered: the place first, so that a header is right nowhere but where it was written.
struct crc_input {
  std::array<std::byte, 16> session;
  u32 pack_number;
  u64 offset;
  std::array<std::byte, crc_begin> front;
  std::array<std::byte, sizeof(record_header) - crc_end> back;
};
static_assert(sizeof(crc_input) == 28 + 60 + 32);

std::uint32_t crc_at_place(byte_view header, const image::pack_id& pack, std::uint64_t offset) {
  crc_input input;
  input.session = pack.session.bytes;
  input.pack_number = pack.number;
  input.offset = offset;
  std::memcpy(input.front.data(), header.data(), input.front.size());
  std::memcpy(input.back.data(), header.data() + crc_end, input.back.size());
  return crc32c(bytes_of(input));
}

// First 8 bytes of the session.
std::uint64_t tag_of(const image::pack_id& pack) { return read_struct<u64>(pack.session.view()).value(); }

bool has_magic(byte_view bytes, const magic& wanted) { return std::memcmp(bytes.data(), wanted.data(), wanted.size()) == 0; }

result<void> check_use(const record_header& h) {
  if (h.flags_required.value() != 0)
    return error(errc::unknown_feature, fmt::format("record needs flags {:#06x}", h.flags_required.value()));
  if (h.cipher.value() != 0) return error(errc::unknown_feature, fmt::format("record's cipher {}", h.cipher.value()));
  if (h.id_algorithm.value() != id_keyed_blake3)
    return error(errc::unknown_feature, fmt::format("record's id algorithm {}", h.id_algorithm.value()));
  if (!codec::is_known(h.codec.value())) return error(errc::unknown_feature, fmt::format("record's codec {}", h.codec.value()));
  return success();
}

result<void> check_sizes(const record_header& h) {
  const auto bad = [](std::string_view what, std::uint64_t value) {
    return error(errc::decode, fmt::format("record's {} is {}", what, value));
  };
  const auto header_size = h.header_size.value();
  if (header_size < sizeof(record_header) || header_size > max_header_size || !is_aligned(header_size, record_alignment))
    return bad("header size", header_size);
  if (h.stored_size.value() > max_plain) return bad("stored size", h.stored_size.value());
  if (h.plain_size.value() > max_plain) return bad("plain size", h.plain_size.value());
  const bool raw = h.codec.value() == static_cast<std::uint8_t>(codec::codec_id::none);
  if (raw && h.stored_size.value() != h.plain_size.value()) return bad("plain size", h.plain_size.value());
  if (h.session_index.value() != 0) return bad("session index", h.session_index.value());
  return success();
}

}  // namespace

record plain_record(record_type type, const content_hasher& hasher, byte_view plain) {
  record r;
  r.type = type;
  r.id = hasher(plain);
  r.plain_size = static_cast<std::uint32_t>(plain.size());
  r.checksum = checksum(plain);
  r.stored = plain;
  return r;
}

record_header encode_header(const record& r, const image::pack_id& pack, std::uint64_t offset, std::uint64_t sequence) {
  record_header h{};
  h.magic_ = r.type == record_type::data ? data_magic : meta_magic;
  h.type = static_cast<std::uint16_t>(r.type);
  h.header_size = static_cast<std::uint16_t>(sizeof(record_header));
  h.sequence = sequence;
  h.stored_size = static_cast<std::uint32_t>(r.stored.size());
  h.plain_size = r.plain_size;
  h.codec = static_cast<std::uint8_t>(r.codec);
  h.id_algorithm = id_keyed_blake3;
  h.stored_checksum = r.checksum;
  h.pack_tag = tag_of(pack);
  h.content_id = r.id.bytes;
  h.header_crc = crc_at_place(bytes_of(h), pack, offset);
  return h;
}

result<record_info> decode_header(byte_view bytes, const image::pack_id& pack, std::uint64_t offset) {
  if (!has_record_magic(bytes)) return error(errc::bad_magic, "no record");
  const auto h = read_struct<record_header>(bytes);
  if (h.header_crc.value() != crc_at_place(bytes, pack, offset)) {
    const bool foreign = h.pack_tag.value() != tag_of(pack);
    return error(errc::checksum, foreign ? "record header, perhaps of another pack" : "record header");
  }
  const bool is_data = h.type.value() == static_cast<std::uint16_t>(record_type::data);
  if (h.type.value() == 0 || is_data != has_magic(bytes, data_magic) || h.pack_tag.value() != tag_of(pack))
    return error(errc::decode, fmt::format("record of type {} under another type's magic", h.type.value()));
  CHECK(check_use(h));
  CHECK(check_sizes(h));

  record_info info;
  info.type = static_cast<record_type>(h.type.value());
  info.id.bytes = h.content_id;
  info.sequence = h.sequence.value();
  info.header_size = h.header_size.value();
  info.stored_size = h.stored_size.value();
  info.plain_size = h.plain_size.value();
  info.codec = static_cast<codec::codec_id>(h.codec.value());
  info.checksum = h.stored_checksum.value();
  return info;
}

bool has_record_magic(byte_view bytes) { return has_magic(bytes, data_magic) || has_magic(bytes, meta_magic); }

}  // namespace umbra::native
