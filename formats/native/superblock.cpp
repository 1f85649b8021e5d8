// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/superblock.h"

#include <vector>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/text.h"

namespace umbra::native {
namespace {

constexpr std::uint8_t id_keyed_blake3 = 1;
constexpr std::uint8_t change_xxh3_128 = 1;
constexpr std::uint8_t checksum_xxh3_64 = 1;
constexpr std::string_view specification =
    "Umbra image format, version 1. Specification: docs/formats/native-v1.md of the Umbra sources.\n";
static_assert(specification.size() < sizeof(superblock::pointer));

constexpr auto sealed_bytes = offsetof(superblock, seal_);

const magic& magic_of(superblock_kind kind) { return kind == superblock_kind::vault ? vault_magic : pack_magic; }
std::string_view noun_of(superblock_kind kind) { return kind == superblock_kind::vault ? "vault" : "pack"; }

bool starts_with(byte_view bytes, const std::vector<std::uint8_t>& wanted) {
  return bytes.size() >= wanted.size() && std::memcmp(bytes.data(), wanted.data(), wanted.size()) == 0;
}

// What the usual mishaps of text transfers make of a magic: the eighth bit cut off, CR LF to LF, LF to CR LF.
std::string_view hint_for(byte_view bytes, const magic& wanted) {
  std::vector<std::uint8_t> seven_bit(wanted.begin(), wanted.end());
  for (auto& byte : seven_bit) byte &= 0x7f;
  if (starts_with(bytes, seven_bit)) return "; the eighth bit was cut off on the way";
  const std::vector<std::uint8_t> to_unix{wanted[0], wanted[1], wanted[2], wanted[3], '\n', 0x1a, '\n'};
  const std::vector<std::uint8_t> to_dos{wanted[0], wanted[1], wanted[2], wanted[3], '\r', '\r', '\n'};
  const std::vector<std::uint8_t> to_dos_late{wanted[0], wanted[1], wanted[2], wanted[3], '\r', '\n', 0x1a, '\r', '\n'};
  if (starts_with(bytes, to_unix) || starts_with(bytes, to_dos) || starts_with(bytes, to_dos_late))
    return "; it was transferred as text, which changed line ends";
  return {};
}

result<void> check_magic(byte_view bytes, superblock_kind expected) {
  const auto& wanted = magic_of(expected);
  if (bytes.size() >= wanted.size() && std::memcmp(bytes.data(), wanted.data(), wanted.size()) == 0) return success();
  const auto other = expected == superblock_kind::vault ? superblock_kind::pack : superblock_kind::vault;
  if (bytes.size() >= wanted.size() && std::memcmp(bytes.data(), magic_of(other).data(), wanted.size()) == 0)
    return error(errc::bad_magic, fmt::format("superblock of a {}, not of a {}", noun_of(other), noun_of(expected)));
  const auto* what = expected == superblock_kind::vault ? "vault" : "image or pack";
  return error(errc::bad_magic, fmt::format("not an Umbra {}{}", what, hint_for(bytes, wanted)));
}

result<void> check_seal(byte_view bytes, const superblock& s) {
  if (seal_of(bytes.first(sealed_bytes)).bytes == s.seal_) return success();
  const auto major = s.version_major_.value();
  if (major == version_major) return error(errc::checksum, "superblock's seal");
  return error(errc::checksum, fmt::format("superblock's seal (it names format version {})", major));
}

result<void> check_version(const superblock& s) {
  if (s.version_major_.value() != version_major)
    return error(errc::unsupported_version, fmt::format("format version {}.{}; this build reads version {}",
                                                        s.version_major_.value(), s.version_minor_.value(), version_major));
  if (s.id_algorithm.value() != id_keyed_blake3 || s.change_algorithm.value() != change_xxh3_128 ||
      s.checksum_algorithm.value() != checksum_xxh3_64)
    return error(errc::unsupported_version,
                 fmt::format("hash algorithms {}, {}, {}; this build has 1, 1, 1", s.id_algorithm.value(),
                             s.change_algorithm.value(), s.checksum_algorithm.value()));
  return success();
}

result<void> check_fields(const superblock& s, superblock_kind expected) {
  const auto bad = [](std::string_view what, std::uint64_t value) {
    return error(errc::decode, fmt::format("superblock's {} is {}", what, value));
  };
  if (s.size.value() != sizeof(superblock)) return bad("size", s.size.value());
  if (s.kind.value() != static_cast<std::uint32_t>(expected)) return bad("kind", s.kind.value());
  const auto block_size = s.block_size.value();
  if (block_size < min_block_size || block_size > max_block_size || !is_aligned(block_size, min_block_size))
    return bad("block size", block_size);
  if (s.max_plain_.value() < block_size || s.max_plain_.value() > max_plain) return bad("largest record", s.max_plain_.value());
  const bool has_session = !image::session_id{s.session}.is_none();
  if (has_session != (expected == superblock_kind::pack)) return error(errc::decode, "superblock's session");
  if (!has_session && s.pack_number.value() != 0) return bad("pack number", s.pack_number.value());
  return success();
}

}  // namespace

superblock encode(const superblock_info& info) {
  superblock s{};
  s.magic_ = magic_of(info.kind);
  s.version_major_ = version_major;
  s.version_minor_ = version_minor;
  s.size = static_cast<std::uint32_t>(sizeof(superblock));
  s.kind = static_cast<std::uint32_t>(info.kind);
  s.writer_build_ = info.writer_build_ != 0 ? info.writer_build_ : writer_build;
  put_text(s.writer, info.writer.empty() ? "umbra" : info.writer);
  s.incompat = info.words.incompat;
  s.ro_compat = info.words.ro_compat;
  s.gc_incompat = info.words.gc_incompat;
  s.compat = info.words.compat;
  s.domain = info.domain.id.bytes;
  if (info.kind == superblock_kind::pack) {
    s.session = info.pack.session.bytes;
    s.pack_number = info.pack.number;
  }
  s.block_size = info.domain.block_size;
  s.max_plain_ = max_plain;
  s.id_algorithm = id_keyed_blake3;
  s.change_algorithm = change_xxh3_128;
  s.checksum_algorithm = checksum_xxh3_64;
  s.id_key = info.domain.id_key.bytes;
  s.change_secret = info.domain.secret.bytes;
  name_features(info.words, s);
  std::memcpy(s.pointer, specification.data(), specification.size());
  s.seal_ = seal_of(bytes_of(s).first(sealed_bytes)).bytes;
  return s;
}

result<superblock_info> decode_superblock(byte_view bytes, superblock_kind expected) {
  CHECK(check_magic(bytes, expected));
  if (bytes.size() < sizeof(superblock))
    return error(errc::damaged, fmt::format("cut off: {} bytes of a superblock of {}", bytes.size(), sizeof(superblock)));
  const auto s = read_struct<superblock>(bytes);
  CHECK(check_seal(bytes, s));
  CHECK(check_version(s));
  CHECK(check_fields(s, expected));

  superblock_info info;
  info.kind = expected;
  info.domain.id.bytes = s.domain;
  info.domain.id_key.bytes = s.id_key;
  info.domain.secret.bytes = s.change_secret;
  info.domain.block_size = s.block_size.value();
  info.pack.session.bytes = s.session;
  info.pack.number = s.pack_number.value();
  info.words = {s.incompat.value(), s.ro_compat.value(), s.gc_incompat.value(), s.compat.value()};
  info.writer_build_ = s.writer_build_.value();
  info.writer = text_field(s.writer);
  return info;
}

}  // namespace umbra::native
