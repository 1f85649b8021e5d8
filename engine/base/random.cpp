// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/base/random.h"

#include <algorithm>
#include <random>

namespace umbra {
namespace {

class system_source final : public random_source {
 public:
  void fill(byte_span out) override {
    // std::random_device is getrandom or RDRAND on libstdc++; one 32-bit word a call is plenty for identifiers.
    for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint32_t)) {
      const std::uint32_t word = device_();
      std::memcpy(&out[i], &word, std::min(sizeof(word), out.size() - i));
    }
  }

 private:
  std::random_device device_;
};

class seeded_source final : public random_source {
 public:
  explicit seeded_source(std::uint64_t seed) : engine_(seed) {}
  void fill(byte_span out) override {
    for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint64_t)) {
      const std::uint64_t word = engine_();
      std::memcpy(&out[i], &word, std::min(sizeof(word), out.size() - i));
    }
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

std::unique_ptr<random_source> system_random() { return std::make_unique<system_source>(); }
std::unique_ptr<random_source> seeded_random(std::uint64_t seed) { return std::make_unique<seeded_source>(seed); }

}  // namespace umbra
