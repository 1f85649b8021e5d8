// SPDX-License-Identifier: GPL-3.0-or-later
// LZ4 blocks without a frame. The library's state is cleared before each block (its "fastReset" calls keep the old table,
// and then the same block may encode differently: no clearing is saved from 4 KiB on anyway). The output's room is limited
// to what is worth keeping, so the library stops as soon as a block cannot get there; on random 64 KiB the fast compressor
// runs at 16 GB/s, so a test of its own for incompressible blocks would save nothing.
#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>
#include <limits>

#include "engine/codec/codecs.h"

namespace umbra::codec {
namespace {

const char* chars(byte_view bytes) { return reinterpret_cast<const char*>(bytes.data()); }
char* chars(byte_span bytes) { return reinterpret_cast<char*>(bytes.data()); }

// The HC encoder probes with the fast one, in the same memory.
int state_size(int level) { return level == 0 ? LZ4_sizeofState() : std::max(LZ4_sizeofState(), LZ4_sizeofStateHC()); }

class lz4_encoder final : public encoder {
 public:
  explicit lz4_encoder(const encoder_options& options)
      : level_(options.level), acceleration_(options.acceleration), state_(static_cast<std::size_t>(state_size(level_))) {}

  codec_id id() const noexcept override { return codec_id::lz4; }

  std::size_t encode(byte_view plain, byte_span out) override {
    if (plain.empty() || plain.size() > LZ4_MAX_INPUT_SIZE) return 0;
    const int size = static_cast<int>(plain.size());
    const int room = static_cast<int>(worthwhile(plain.size()));
    const int encoded = level_ == 0 ? fast(plain, out, size, room, acceleration_) : high(plain, out, size, room);
    return encoded > 0 ? static_cast<std::size_t>(encoded) : 0;
  }

 private:
  int fast(byte_view plain, byte_span out, int size, int room, int acceleration) {
    return LZ4_compress_fast_extState(state_.data(), chars(plain), chars(out), size, room, acceleration);
  }

  // HC searches random bytes as long as it searches text: at 64 KiB hundreds of times as long as the fast compressor needs to
  // see that there is nothing to find. What that one cannot shrink by a single byte is not worth a search. On text this costs
  // 2 % of HC's own work at 64 KiB and 12 % at 4 KiB.
  int high(byte_view plain, byte_span out, int size, int room) {
    if (size >= 4096 && fast(plain, out, size, size - 1, 1) == 0) return 0;
    return LZ4_compress_HC_extStateHC(state_.data(), chars(plain), chars(out), size, room, level_);
  }

  int level_;
  int acceleration_;
  buffer state_;
};

}  // namespace

std::unique_ptr<encoder> make_lz4_encoder(const encoder_options& options) { return std::make_unique<lz4_encoder>(options); }

bool decode_lz4(byte_view stored, byte_span plain) {
  constexpr std::size_t limit = std::numeric_limits<int>::max();
  if (stored.empty() || stored.size() > limit || plain.size() > limit) return false;
  const int want = static_cast<int>(plain.size());
  return LZ4_decompress_safe(chars(stored), chars(plain), static_cast<int>(stored.size()), want) == want;
}

}  // namespace umbra::codec
