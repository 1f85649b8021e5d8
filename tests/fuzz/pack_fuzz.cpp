// SPDX-License-Identifier: GPL-3.0-or-later
// Whole packs: open, footer, indexes, every record, walk. Each input is taken raw and once more with all seals, CRCs and
// checksums made right, so that the fuzzer sees behind them.
#include <cstdlib>
#include <vector>

#include "formats/native/pack_reader.h"
#include "tests/support/byte_file.h"
#include "tests/support/mend_pack.h"

namespace {

using umbra::result;
using umbra::success;
using namespace umbra::native;

void require(bool held) {
  if (!held) std::abort();
}

// Records that the walk saw are read again one by one, by the other road: both must agree.
void read_again(const pack_reader& pack, const pack_reader::walked_record& seen) {
  umbra::codec::decoder decoder;
  std::vector<std::byte> scratch, plain(seen.info.plain_size);
  const umbra::image::location where{pack.super().pack, seen.offset, seen.info.stored_size};
  const auto read = pack.read_record(where, seen.info.type, seen.info.id, decoder, scratch, plain);
  require(seen.checksum_ok || read.has_error());
  const bool raw = seen.info.codec == umbra::codec::codec_id::none;
  if (seen.checksum_ok && raw) require(read.has_value() && std::equal(plain.begin(), plain.end(), seen.stored.begin()));
}

void try_pack(umbra::byte_view bytes) {
  const auto opened = pack_reader::open(std::make_unique<umbra::test::byte_file>(bytes), "pack", std::nullopt);
  if (opened.has_error()) return;
  const auto& pack = *opened.assume_value();

  std::uint64_t records = 0, data_records = 0;
  const auto report = pack.walk([&](const pack_reader::walked_record& seen) -> result<void> {
    ++records;
    if (seen.info.type == record_type::data && seen.checksum_ok) ++data_records;
    if (records <= 64) read_again(pack, seen);
    return success();
  });
  require(report.has_value() && report.assume_value().records == records);
  const bool sound = report.assume_value().damage_count == 0;

  std::uint64_t told = 0;
  const auto indexed = pack.for_each_indexed([&](const std::vector<indexed_record>& segment) -> result<void> {
    told += segment.size();
    for (const auto& r : segment) require(umbra::fits(r.offset, record_extent(r.stored_size), bytes.size() + 16));
    return success();
  });
  require(!sound || (indexed.has_value() && told == data_records && pack.footer_state().has_value()));

  const auto sections = pack.sections();
  if (sections.has_error()) return;
  for (const auto& s : sections.assume_value()) {
    const auto plain = pack.read_plain(s.offset, record_type::manifest, max_plain);
    require(!sound || s.type != section_type::manifest || plain.has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  try_pack(bytes);
  umbra::test::mend_pack(bytes);
  try_pack(bytes);
  return 0;
}
