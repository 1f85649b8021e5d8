// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/features.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "formats/native/text.h"

namespace umbra::native {
namespace {

// Bits with a name. A name does not make a bit known: that is what `known` says, and version 1.0 knows none.
struct named_bit {
  feature_word word;
  std::uint8_t bit;
  std::string_view name;
};
constexpr named_bit reserved_names[] = {
    {feature_word::incompat, 0, "encryption"},
    {feature_word::gc_incompat, 0, "parity-packs"},
    {feature_word::compat, 0, "resume-notes"},
};
constexpr features known{};

constexpr std::array<std::string_view, 4> word_names{"incompat", "ro_compat", "gc_incompat", "compat"};

std::uint64_t word_of(const features& words, feature_word word) {
  switch (word) {
    case feature_word::incompat: return words.incompat;
    case feature_word::ro_compat: return words.ro_compat;
    case feature_word::gc_incompat: return words.gc_incompat;
    case feature_word::compat: return words.compat;
  }
  return 0;
}

std::string name_in_block(feature_word word, unsigned bit, byte_view block) {
  if (block.size() < sizeof(superblock)) return {};
  const auto names = block.subspan(offsetof(superblock, features), sizeof(superblock::features));
  for (std::size_t at = 0; at < names.size(); at += sizeof(feature_name)) {
    const auto entry = read_struct<feature_name>(names.subspan(at));
    if (entry.name[0] == '\0') break;
    if (entry.word.value() == static_cast<std::uint8_t>(word) && entry.bit.value() == bit) return text_field(entry.name);
  }
  return {};
}

std::string name_of(feature_word word, unsigned bit, byte_view block) {
  const auto number = fmt::format("{} bit {}", word_names[static_cast<std::size_t>(word)], bit);
  const auto told = name_in_block(word, bit, block);
  if (!told.empty()) return fmt::format("{} ({})", told, number);
  for (const auto& entry : reserved_names)
    if (entry.word == word && entry.bit == bit) return fmt::format("{} ({})", entry.name, number);
  return number;
}

}  // namespace

result<void> check_features(const features& words, intent what, byte_view superblock_bytes) {
  std::string lacking;
  const auto judge = [&](feature_word word) {
    const auto unknown = word_of(words, word) & ~word_of(known, word);
    for (unsigned bit = 0; bit < 64; ++bit) {
      if ((unknown >> bit & 1) == 0) continue;
      if (!lacking.empty()) lacking += ", ";
      lacking += name_of(word, bit, superblock_bytes);
    }
  };
  judge(feature_word::incompat);
  if (what != intent::read) judge(feature_word::ro_compat);
  if (what == intent::collect) judge(feature_word::gc_incompat);
  if (lacking.empty()) return success();
  return error(errc::unknown_feature, "needs " + lacking);
}

void name_features(const features& words, superblock& block) {
  std::size_t used = 0;
  for (const auto& entry : reserved_names) {
    if ((word_of(words, entry.word) >> entry.bit & 1) == 0 || used == std::size(block.features)) continue;
    auto& slot = block.features[used++];
    slot.word = static_cast<std::uint8_t>(entry.word);
    slot.bit = entry.bit;
    put_text(slot.name, entry.name);
  }
}

}  // namespace umbra::native
