// SPDX-License-Identifier: GPL-3.0-or-later
// Entries of a large table in any order, a few pages of which are kept in memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/buffer.h"
#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::fs {

class paged_table {
 public:
  // Entries of 12 bits, two in 3 bytes, and of 16 and 32 bits do not cross the end of a page.
  static constexpr std::uint64_t page_size = 48 << 10;

  // `where` is the table's place; `reader` outlives the table.
  paged_table(io::unaligned_reader& reader, range where) : reader_(reader), where_(where) {}

  // The bytes of an entry, valid until the next call. They lie inside the table, and inside one page of it.
  result<byte_view> entry(std::uint64_t offset, std::size_t size) {
    const auto number = offset / page_size;
    auto& p = pages_[static_cast<std::size_t>(number % pages_.size())];
    if (p.number != number) CHECK(fill(p, number));
    return p.memory.view().subspan(static_cast<std::size_t>(offset % page_size), size);
  }

 private:
  struct page {
    std::uint64_t number = ~0ull;
    buffer memory;
  };

  result<void> fill(page& p, std::uint64_t number) {
    const auto begin = number * page_size;
    p.number = ~0ull;
    p.memory = buffer(static_cast<std::size_t>(std::min(page_size, where_.size - begin)));
    CHECK(reader_.read(where_.offset + begin, p.memory.span()));
    p.number = number;
    return success();
  }

  io::unaligned_reader& reader_;
  const range where_;
  std::array<page, 64> pages_;
};

}  // namespace umbra::fs
