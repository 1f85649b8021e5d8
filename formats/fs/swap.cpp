// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/swap.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/names.h"
#include "formats/fs/owner_list.h"

namespace umbra::fs {
namespace {

using namespace std::literals;

struct swap_header {
  wire::u32 version;
  wire::u32 last_page;
  wire::u32 bad_pages;
  wire::u8 id[16];
  char label[16];
};
static_assert(sizeof(swap_header) == 44);

constexpr std::uint64_t header_offset = 1024;
constexpr std::uint32_t smallest_page = 4096, largest_page = 65536;
constexpr std::size_t signature_size = 10;  // the end of the first page
constexpr std::uint32_t known_version = 1;

enum class swap_kind : std::uint8_t { none, space, old_space, hibernated };

// While a system sleeps its kernel, or one of two other programs, has its own words at the signature's place.
swap_kind kind_of_signature(std::string_view s) {
  if (s == "SWAPSPACE2"sv) return swap_kind::space;
  if (s == "SWAP-SPACE"sv) return swap_kind::old_space;
  constexpr std::string_view hibernated[] = {"S1SUSPEND"sv, "S2SUSPEND"sv, "ULSUSPEND"sv, "LINHIB0001"sv,
                                             "\xed\xc3\x02\xe9\x98\x56\xe5\x0c"sv};
  const auto matches = [&](std::string_view word) { return s.starts_with(word); };
  return std::ranges::any_of(hibernated, matches) ? swap_kind::hibernated : swap_kind::none;
}

class swap_volume final : public plan::formatted_volume {
 public:
  swap_volume(std::uint64_t size, std::uint32_t page, swap_kind kind, const swap_header& header)
      : size_(size), page_(page), kind_(kind), header_(header) {}

  plan::volume_facts facts() const override {
    plan::volume_facts facts;
    facts.kind = "swap";
    facts.cluster = page_;
    if (kind_ != swap_kind::space) return facts;
    facts.label = label_text({header_.label, sizeof(header_.label)});
    facts.id = uuid_text(bytes_of(header_.id));
    facts.size = area();
    return facts;
  }

  result<plan::allocation> used_blocks(const plan::scan_options&) override {
    if (kind_ == swap_kind::hibernated) return whole("a hibernated system is in it");
    if (kind_ == swap_kind::old_space) return whole("of a kind not made since 1998");
    if (header_.version.value() != known_version) return whole("unknown version");
    if (area() > size_) return whole("it is larger than its volume");
    plan::allocation map;
    map.used = {{0, page_}, {area(), size_ - area()}};
    normalise(map.used);
    map.notes = {plan::use_note("swap", total_size(map.used), size_), "what was swapped out is not copied"};
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns&) override {
    return error(errc::unsupported, "swap: it has no files");
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    owner_list list(where);
    list.add({0, page_}, plan::owner_kind::metadata, "swap header");
    list.add({page_, size_ - page_}, plan::owner_kind::unknown, "swapped out");
    return list.take();
  }

 private:
  plan::allocation whole(const char* why) const { return plan::whole_volume(size_, "swap, copied whole: "s + why); }
  std::uint64_t area() const { return (std::uint64_t{header_.last_page.value()} + 1) * page_; }

  const std::uint64_t size_;
  const std::uint32_t page_;
  const swap_kind kind_;
  const swap_header header_;
};

}  // namespace

result<plan::volume_ptr> recognise_swap(io::device& volume) {
  io::unaligned_reader reader(volume);
  for (auto page = smallest_page; page <= largest_page && page <= reader.size(); page *= 2) {
    std::array<std::byte, signature_size> signature;
    CHECK(within("swap signature", reader.read(page - signature_size, signature)));
    const auto kind = kind_of_signature(as_text(signature));
    if (kind == swap_kind::none) continue;
    std::array<std::byte, sizeof(swap_header)> header;
    CHECK(within("swap header", reader.read(header_offset, header)));
    return plan::volume_ptr(std::make_unique<swap_volume>(reader.size(), page, kind, read_struct<swap_header>(header)));
  }
  return plan::volume_ptr();
}

}  // namespace umbra::fs
