// SPDX-License-Identifier: GPL-3.0-or-later
// An index run from anywhere: as it is, and once more with its seals and checksums made to fit, so that what stands behind them
// is reached. Inputs are whole run objects.
#include <cstdint>
#include <cstdlib>

#include "engine/base/units.h"
#include "formats/native/index_merge.h"
#include "formats/native/index_run.h"

namespace {

using namespace umbra;
using namespace umbra::native;

class fuzz_file final : public store::input_file {
 public:
  explicit fuzz_file(byte_view data, bool maps) : data_(data), maps_(maps) {}
  std::uint64_t size() const override { return data_.size(); }
  result<void> read(std::uint64_t offset, byte_span out) override {
    if (!fits(offset, out.size(), data_.size())) return error(errc::damaged, "ends too early");
    std::memcpy(out.data(), data_.data() + offset, out.size());
    return success();
  }
  byte_view map() override { return maps_ ? data_ : byte_view{}; }

 private:
  byte_view data_;
  bool maps_;
};

template <class T>
void put(std::vector<std::byte>& data, std::uint64_t at, const T& value) {
  if (fits(at, sizeof(T), data.size())) std::memcpy(data.data() + at, &value, sizeof(T));
}

byte_view part(const std::vector<std::byte>& data, std::uint64_t at, std::uint64_t size) {
  if (!fits(at, size, data.size())) return {};
  return byte_view(data).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
}

void mend(std::vector<std::byte>& data) {
  if (data.size() < sizeof(index_header)) return;
  auto header = read_struct<index_header>(data);
  header.magic_ = index_magic;
  header.version = index_version;
  const std::uint64_t table = std::uint64_t{header.pack_count.value()} * sizeof(pack_ref);
  put(data, page_size + table, u64(checksum(part(data, page_size, table))));
  for (std::uint64_t n = 0; n < header.page_count.value() && n < data.size() / page_size; ++n) {
    const auto at = header.entries_offset.value() + n * page_size;
    const auto page = part(data, at, page_size);
    if (page.empty()) break;
    put(data, at, u64(checksum(page.subspan(offsetof(index_page, count)), header.page_seed.value() + n)));
  }
  header.filter_checksum = checksum(part(data, header.filter_offset.value(), header.filter_size.value()));
  header.seal_ = seal_of(bytes_of(header).first(offsetof(index_header, seal_))).bytes;
  put(data, 0, header);
}

void use(byte_view data, bool maps) {
  image::domain_id domain;
  if (data.size() >= sizeof(index_header)) domain.bytes = read_struct<index_header>(data).domain;
  const auto opened = index_run::open(std::make_unique<fuzz_file>(data, maps), "index/fuzz", domain);
  if (opened.has_error()) return;
  const auto& run = opened.assume_value();
  for (std::uint32_t i = 0; i < run->pack_count(); ++i) (void)run->pack(i);
  const bool is_sound = run->verify().has_value();
  run_cursor cursor(*run);
  run_entry entry;
  for (;;) {
    const auto more = cursor.next(entry);
    if (more.has_error() || !more.assume_value()) break;
    // What a sound run lists, it finds; an unsound one may find anything, but inside its table.
    const auto found = run->find(entry.id);
    if (found && found->pack >= run->pack_count()) std::abort();
    if (is_sound && found && found->offset != entry.offset) std::abort();
  }
  merged_entries merged({run, run}, [](const image::pack_id& id) { return id.number % 2 == 0; });
  for (;;) {
    const auto more = merged.next(entry);
    if (more.has_error() || !more.assume_value()) break;
    if (entry.pack >= merged.packs().ids.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  std::vector<std::byte> data(size);
  if (size != 0) std::memcpy(data.data(), input, size);
  use(data, true);
  mend(data);
  use(data, true);
  use(data, false);
  return 0;
}
