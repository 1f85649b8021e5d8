// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/codec/codec.h"

#include <fmt/format.h>

#include "engine/codec/codecs.h"

namespace umbra::codec {
namespace {

struct entry {
  codec_id id;
  std::string_view name;
  int min_level;  // levels besides 0
  int max_level;
};

constexpr entry registry[] = {
    {codec_id::none, "none", 0, 0},
    {codec_id::lz4, "lz4", 3, 12},
    {codec_id::zstd, "zstd", 1, 19},
};

constexpr int max_acceleration = 65537;

const entry* find(codec_id id) noexcept {
  for (const auto& e : registry) {
    if (e.id == id) return &e;
  }
  return nullptr;
}

error no_such_level(const entry& e, int level) {
  if (e.max_level == 0) return {errc::usage, fmt::format("codec {}: has no levels, not even {}", e.name, level)};
  return {errc::usage, fmt::format("codec {}: level {} is not 0 or {} to {}", e.name, level, e.min_level, e.max_level)};
}

}  // namespace

std::string_view name_of(codec_id id) noexcept {
  const auto* e = find(id);
  return e != nullptr ? e->name : "unknown";
}

std::optional<codec_id> codec_named(std::string_view name) noexcept {
  for (const auto& e : registry) {
    if (e.name == name) return e.id;
  }
  return std::nullopt;
}

bool is_known(std::uint8_t number) noexcept { return find(static_cast<codec_id>(number)) != nullptr; }

result<void> validate(const encoder_options& options) {
  const auto* e = find(options.id);
  if (e == nullptr) return error{errc::usage, fmt::format("codec {}: not known", static_cast<int>(options.id))};
  if (options.level != 0 && (options.level < e->min_level || options.level > e->max_level)) {
    return no_such_level(*e, options.level);
  }
  if (options.acceleration < 1 || options.acceleration > max_acceleration) {
    return error{errc::usage,
                 fmt::format("codec {}: acceleration {} is not 1 to {}", e->name, options.acceleration, max_acceleration)};
  }
  return success();
}

result<std::unique_ptr<encoder>> make_encoder(const encoder_options& options) {
  CHECK(validate(options));
  switch (options.id) {
    case codec_id::none: return make_none_encoder();
    case codec_id::lz4: return make_lz4_encoder(options);
    case codec_id::zstd: return make_zstd_encoder(options);
  }
  return error{errc::internal, "codec registry and factory disagree"};
}

struct decoder::scratch {
  zstd_decoder zstd;
};

decoder::decoder() : scratch_(std::make_unique<scratch>()) {}
decoder::~decoder() = default;
decoder::decoder(decoder&&) noexcept = default;
decoder& decoder::operator=(decoder&&) noexcept = default;

result<void> decoder::decode(codec_id id, byte_view stored, byte_span plain) {
  bool exact = false;
  switch (id) {
    case codec_id::none: exact = decode_none(stored, plain); break;
    case codec_id::lz4: exact = decode_lz4(stored, plain); break;
    case codec_id::zstd: exact = scratch_->zstd.decode(stored, plain); break;
  }
  if (exact) return success();
  return error{errc::decode, fmt::format("codec {}: {} stored bytes for {}", name_of(id), stored.size(), plain.size())};
}

}  // namespace umbra::codec
