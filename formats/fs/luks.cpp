// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/luks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/base/wire.h"
#include "engine/io/unaligned_reader.h"
#include "formats/fs/names.h"
#include "formats/fs/owner_list.h"

namespace umbra::fs {
namespace {

using namespace std::literals;

struct luks1_fields {
  char cipher[32];
  char mode[32];
  char hash[32];
  wire::be32 data_sector;
  wire::u8 key[60];
};
struct luks2_fields {
  wire::be64 size;  // of the header, one of two
  wire::be64 sequence;
  char label[48];
  char checksum_algorithm[32];
  wire::u8 salt[64];
};

// Both versions have their UUID at the same place; what lies before it differs.
struct luks_header {
  char magic[6];
  wire::be16 version;
  union {
    luks1_fields one;
    luks2_fields two;
  };
  char id[40];
};
static_assert(sizeof(luks_header) == 208);
static_assert(offsetof(luks_header, one.data_sector) == 104);
static_assert(offsetof(luks_header, two.label) == 24);
static_assert(offsetof(luks_header, id) == 168);

constexpr auto luks_magic = "LUKS\xba\xbe"sv;
constexpr std::uint64_t sector_size = 512;

class luks_volume final : public plan::formatted_volume {
 public:
  luks_volume(std::uint64_t size, const luks_header& header) : size_(size), header_(header) {}

  plan::volume_facts facts() const override {
    plan::volume_facts facts;
    facts.kind = "LUKS";
    facts.id = label_text({header_.id, sizeof(header_.id)});
    if (version() == 2) facts.label = label_text({header_.two.label, sizeof(header_.two.label)});
    return facts;
  }

  result<plan::allocation> used_blocks(const plan::scan_options&) override {
    return plan::whole_volume(size_, fmt::format("LUKS {}, encrypted: copied whole", version()));
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns&) override {
    return error(errc::unsupported, "LUKS: it is encrypted");
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    owner_list list(where);
    const auto end = std::min(header_end(), size_);
    list.add({0, end}, plan::owner_kind::metadata, "LUKS header");
    list.add({end, size_ - end}, plan::owner_kind::unknown, "encrypted");
    return list.take();
  }

 private:
  unsigned version() const { return header_.version.value(); }

  // 0 where nothing is known of it.
  std::uint64_t header_end() const {
    if (version() == 1) return header_.one.data_sector.value() * sector_size;
    return version() == 2 ? checked_mul(header_.two.size.value(), 2).value_or(0) : 0;
  }

  const std::uint64_t size_;
  const luks_header header_;
};

}  // namespace

result<plan::volume_ptr> recognise_luks(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(luks_header)> bytes;
  if (reader.size() < bytes.size()) return plan::volume_ptr();
  CHECK(within("LUKS header", reader.read(0, bytes)));
  if (!as_text(bytes).starts_with(luks_magic)) return plan::volume_ptr();
  return plan::volume_ptr(std::make_unique<luks_volume>(reader.size(), read_struct<luks_header>(bytes)));
}

}  // namespace umbra::fs
