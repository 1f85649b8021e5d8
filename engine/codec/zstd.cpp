// SPDX-License-Identifier: GPL-3.0-or-later
// One zstd frame a block, decodable by the zstd tool. The size written in a frame is never believed: the caller's is.
#include <zstd.h>

#include <new>

#include "engine/codec/codecs.h"

namespace umbra::codec {
namespace {

constexpr int default_level = 3;

class zstd_encoder final : public encoder {
 public:
  explicit zstd_encoder(const encoder_options& options) : context_(ZSTD_createCCtx()) {
    if (!context_) throw std::bad_alloc();
    const int level = options.level == 0 ? default_level : options.level;
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 0);  // a record has its own
  }

  codec_id id() const noexcept override { return codec_id::zstd; }

  std::size_t encode(byte_view plain, byte_span out) override {
    if (plain.empty()) return 0;
    const auto encoded = ZSTD_compress2(context_.get(), out.data(), worthwhile(plain.size()), plain.data(), plain.size());
    return ZSTD_isError(encoded) != 0 ? 0 : encoded;
  }

 private:
  struct release {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, release> context_;
};

}  // namespace

std::unique_ptr<encoder> make_zstd_encoder(const encoder_options& options) { return std::make_unique<zstd_encoder>(options); }

void zstd_decoder::release::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

bool zstd_decoder::decode(byte_view stored, byte_span plain) {
  if (!context_) context_.reset(ZSTD_createDCtx());
  if (!context_) throw std::bad_alloc();
  // The library would go on through a chain of frames; a record holds one.
  if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size()) return false;
  const auto size = ZSTD_decompressDCtx(context_.get(), plain.data(), plain.size(), stored.data(), stored.size());
  return ZSTD_isError(size) == 0 && size == plain.size();
}

}  // namespace umbra::codec
