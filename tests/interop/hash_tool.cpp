// SPDX-License-Identifier: GPL-3.0-or-later
// Shows the engine's hashes and codecs to hash_codec_crosscheck.py, which holds them against independent tools.
#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "engine/block/hash.h"
#include "engine/codec/codec.h"

namespace {

using namespace umbra;
using bytes = std::vector<std::byte>;

constexpr const char* usage_text =
    "usage: hash_tool change SECRET FILE | content KEY FILE | checksum SEED FILE | seal FILE | crc32c FILE\n"
    "       hash_tool encode CODEC LEVEL FILE OUT      prints the encoded size, 0 if the block stays raw\n"
    "       hash_tool decode CODEC SIZE FILE OUT\n";

bytes read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto view = as_bytes(text);
  return {view.begin(), view.end()};
}

int write_file(const char* path, byte_view content) {
  std::ofstream out(path, std::ios::binary);
  out.write(as_text(content).data(), static_cast<std::streamsize>(content.size()));
  return out.good() ? 0 : 1;
}

int fail(std::string_view why) {
  fmt::print(stderr, "hash_tool: {}\n", why);
  return 1;
}

int print(byte_view hash) {
  fmt::print("{}\n", to_hex(hash));
  return 0;
}

int encode(char** arg) {
  const auto id = codec::codec_named(arg[0]);
  if (!id) return fail("no such codec");
  auto made = codec::make_encoder({*id, std::atoi(arg[1]), 1});
  if (made.has_error()) return fail(made.error().message());
  const auto plain = read_file(arg[2]);
  bytes out(plain.size());
  out.resize(made.value()->encode(plain, out));
  fmt::print("{}\n", out.size());
  return write_file(arg[3], out);
}

int decode(char** arg) {
  const auto id = codec::codec_named(arg[0]);
  if (!id) return fail("no such codec");
  bytes plain(std::strtoull(arg[1], nullptr, 10));
  const auto done = codec::decoder().decode(*id, read_file(arg[2]), plain);
  if (done.has_error()) return fail(done.error().message());
  return write_file(arg[3], plain);
}

int hash(std::string_view verb, int count, char** arg) {
  const auto data = read_file(arg[count - 1]);
  if (verb == "seal" && count == 1) return print(seal_of(data).view());
  if (verb == "crc32c" && count == 1) return fmt::print("{:08x}\n", crc32c(data)), 0;
  if (verb == "checksum" && count == 2) return fmt::print("{:016x}\n", checksum(data, std::strtoull(arg[0], nullptr, 10))), 0;
  if (verb == "change" && count == 2) {
    const auto secret = id_from_hex<change_secret>(arg[0]);
    return secret ? print(change_hasher(*secret)(data).view()) : fail("the secret is not 192 bytes of hex");
  }
  if (verb == "content" && count == 2) {
    const auto key = id_from_hex<content_key>(arg[0]);
    return key ? print(content_hasher(*key)(data).view()) : fail("the key is not 32 bytes of hex");
  }
  return fail(usage_text);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fail(usage_text);
  const std::string_view verb = argv[1];
  if (verb == "encode" && argc == 6) return encode(argv + 2);
  if (verb == "decode" && argc == 6) return decode(argv + 2);
  return hash(verb, argc - 2, argv + 2);
}
