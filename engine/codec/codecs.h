// SPDX-License-Identifier: GPL-3.0-or-later
// What each codec's file gives to codec.cpp; nobody else includes this.
#pragma once

#include "engine/base/buffer.h"
#include "engine/codec/codec.h"

struct ZSTD_DCtx_s;

namespace umbra::codec {

// The largest encoded size worth keeping: smaller than `plain_size` by at least a sixteenth, and by at least one byte.
constexpr std::size_t worthwhile(std::size_t plain_size) { return plain_size - static_cast<std::size_t>(div_up(plain_size, 16)); }

// Options are valid and of this codec.
std::unique_ptr<encoder> make_none_encoder();
std::unique_ptr<encoder> make_lz4_encoder(const encoder_options& options);
std::unique_ptr<encoder> make_zstd_encoder(const encoder_options& options);

// True if `stored` decoded to exactly `plain`.
bool decode_none(byte_view stored, byte_span plain);
bool decode_lz4(byte_view stored, byte_span plain);

// Memory of the zstd decoder, made at the first use.
class zstd_decoder {
 public:
  bool decode(byte_view stored, byte_span plain);

 private:
  struct release {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, release> context_;
};

}  // namespace umbra::codec
