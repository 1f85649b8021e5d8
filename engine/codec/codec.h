// SPDX-License-Identifier: GPL-3.0-or-later
// One block's payload in, stored bytes out, and back. Pure functions with scratch memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace umbra::codec {

// Registry numbers of the format (docs/formats/native-v1.md). Never reused.
enum class codec_id : std::uint8_t { none = 0, lz4 = 1, zstd = 2 };

std::string_view name_of(codec_id id) noexcept;
// Empty result for names and numbers not in the registry.
std::optional<codec_id> codec_named(std::string_view name) noexcept;
bool is_known(std::uint8_t number) noexcept;

struct encoder_options {
  codec_id id = codec_id::lz4;
  int level = 0;         // 0: the codec's fast default; lz4 3..12 is the HC compressor; zstd 1..19
  int acceleration = 1;  // lz4 at level 0: 1 (best) .. 65537 (fastest)
};

// errc::usage if level or acceleration lie outside the codec's range.
result<void> validate(const encoder_options& options);

// Not thread-safe: one a thread. Output is a function of input and options alone.
class encoder {
 public:
  virtual ~encoder() = default;
  virtual codec_id id() const noexcept = 0;
  // Writes the encoded form of `plain` to the front of `out` and returns its size, or 0 if it is not smaller than
  // `plain` by at least 1/16 (then the caller stores it raw). out.size() >= plain.size(). Gives up early where it can.
  virtual std::size_t encode(byte_view plain, byte_span out) = 0;
};

result<std::unique_ptr<encoder>> make_encoder(const encoder_options& options);

// Not thread-safe: one a thread. Handles every registered codec.
class decoder {
 public:
  decoder();
  ~decoder();
  decoder(decoder&&) noexcept;
  decoder& operator=(decoder&&) noexcept;
  // Fills exactly `plain` from `stored`, whatever the bytes are; errc::decode if they do not give exactly that size.
  // Never reads or writes outside the two spans.
  result<void> decode(codec_id id, byte_view stored, byte_span plain);

 private:
  struct scratch;
  std::unique_ptr<scratch> scratch_;
};

}  // namespace umbra::codec
