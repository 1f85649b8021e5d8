// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/codec/codecs.h"

namespace umbra::codec {
namespace {

class none_encoder final : public encoder {
 public:
  codec_id id() const noexcept override { return codec_id::none; }
  std::size_t encode(byte_view, byte_span) override { return 0; }
};

}  // namespace

std::unique_ptr<encoder> make_none_encoder() { return std::make_unique<none_encoder>(); }

bool decode_none(byte_view stored, byte_span plain) {
  if (stored.size() != plain.size()) return false;
  if (!stored.empty()) std::memcpy(plain.data(), stored.data(), stored.size());
  return true;
}

}  // namespace umbra::codec
