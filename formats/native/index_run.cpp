// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/index_run.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <boost/endian/conversion.hpp>

#include "engine/base/units.h"
#include "formats/native/filter.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

// What a run that cannot be mapped may cost in memory, table and filter each.
constexpr std::uint64_t max_owned_part = 64_MiB;
// After so many interpolated guesses plain halving takes over: ids are evenly spread unless somebody made them up.
constexpr int interpolated_guesses = 6;

error wrong(const std::string& name, errc code, std::string_view why) {
  return {code, fmt::format("index run {}: {}", name, why)};
}

// The sort key's first eight bytes as a number of the same order.
std::uint64_t leading(const content_id& id) {
  return boost::endian::load_big_u64(reinterpret_cast<const unsigned char*>(id.bytes.data()));
}

content_id id_of(const index_entry& entry) {
  content_id id;
  id.bytes = entry.content_id;
  return id;
}

// The piece of the search that is left: pages [first, last], whose ids have leading numbers in [low, high].
struct search_window {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t low = 0;
  std::uint64_t high = ~std::uint64_t{0};

  std::uint64_t guess(std::uint64_t key, int tries) const {
    const std::uint64_t width = last - first;
    if (tries >= interpolated_guesses || key <= low || key >= high) return first + width / 2;
    const double share = static_cast<double>(key - low) / static_cast<double>(high - low);
    return first + std::min(width, static_cast<std::uint64_t>(share * static_cast<double>(width)));
  }
};

}  // namespace

index_entry encode(const run_entry& entry) {
  index_entry out{};
  out.content_id = entry.id.bytes;
  out.offset = entry.offset;
  out.stored_size = entry.stored_size;
  out.plain_size = entry.plain_size;
  out.pack = entry.pack;
  return out;
}

run_entry decode(const index_entry& entry) {
  run_entry out;
  out.id.bytes = entry.content_id;
  out.offset = entry.offset.value();
  out.stored_size = entry.stored_size.value();
  out.plain_size = entry.plain_size.value();
  out.pack = entry.pack.value();
  return out;
}

void exclusive_or(content_id& into, const content_id& id) {
  for (std::size_t i = 0; i < content_id::size; ++i) into.bytes[i] ^= id.bytes[i];
}

void run_tally::take(const run_entry& entry) {
  ++entries;
  exclusive_or(fingerprint, entry.id);
  seed = checksum(bytes_of(encode(entry)), seed);
}

bool run_tally::matches(const index_header& header) const {
  return entries == header.entry_count.value() && fingerprint.bytes == header.fingerprint && seed == header.page_seed.value();
}

result<std::shared_ptr<const index_run>> index_run::open(std::unique_ptr<store::input_file> file, std::string name,
                                                         const image::domain_id& domain) {
  const std::shared_ptr<index_run> run(new index_run);
  run->file_ = std::move(file);
  run->name_ = std::move(name);
  CHECK(run->read_header(domain));
  run->map_ = run->file_->map();
  if (run->map_.size() != run->file_->size()) run->map_ = {};
  CHECK(run->read_pack_table());
  run->read_filter();
  return std::shared_ptr<const index_run>(run);
}

// The layout leaves no freedom: every offset follows from three counts, so the header is held to exactly that.
result<void> index_run::read_header(const image::domain_id& domain) {
  const std::uint64_t size = file_->size();
  if (size < sizeof(index_header)) return wrong(name_, errc::bad_magic, "too short");
  CHECK(within(name_, file_->read(0, {reinterpret_cast<std::byte*>(&header_), sizeof header_})));
  if (header_.magic_ != index_magic) return wrong(name_, errc::bad_magic, "not an index run");
  if (header_.version.value() != index_version) return wrong(name_, errc::unsupported_version, "of another version");
  if (seal_of(bytes_of(header_).first(offsetof(index_header, seal_))).bytes != header_.seal_)
    return wrong(name_, errc::checksum, "header");
  if (header_.domain != domain.bytes) return wrong(name_, errc::usage, "of another vault");

  const std::uint64_t packs = header_.pack_count.value();
  const std::uint64_t pages = header_.page_count.value();
  const std::uint64_t filter = header_.filter_size.value();
  const bool sane = packs <= size / sizeof(pack_ref) && header_.partial_count.value() <= packs && pages <= size / page_size &&
                    pages == div_up(header_.entry_count.value(), index_page_entries) && filter <= size && filter != 0 &&
                    is_aligned(filter, filter_block_bytes);
  if (!sane) return wrong(name_, errc::damaged, "counts do not fit");
  const std::uint64_t table_bytes = packs * sizeof(pack_ref) + sizeof(std::uint64_t);
  const std::uint64_t entries_at = page_size + align_up(table_bytes, page_size);
  const std::uint64_t filter_at = entries_at + pages * page_size;
  const bool placed = header_.pack_table_offset.value() == page_size && header_.entries_offset.value() == entries_at &&
                      header_.filter_offset.value() == filter_at && size == filter_at + align_up(filter, page_size);
  if (!placed) return wrong(name_, errc::damaged, "its parts do not lie where they must");
  return success();
}

result<void> index_run::read_pack_table() {
  const std::uint64_t table = std::uint64_t{pack_count()} * sizeof(pack_ref);
  const byte_view bytes = part(page_size, table + sizeof(u64), owned_table_);
  if (bytes.empty()) return wrong(name_, errc::io_read, "pack table cannot be read");
  pack_table_ = bytes.first(static_cast<std::size_t>(table));
  if (checksum(pack_table_) != read_struct<u64>(bytes.last(sizeof(u64))).value())
    return wrong(name_, errc::checksum, "pack table");
  return success();
}

void index_run::read_filter() {
  filter_ = part(header_.filter_offset.value(), header_.filter_size.value(), owned_filter_);
  if (checksum(filter_) == header_.filter_checksum.value()) return;
  filter_ = {};
  owned_filter_ = {};
}

byte_view index_run::part(std::uint64_t offset, std::uint64_t size, std::vector<std::byte>& owned) const {
  if (!map_.empty()) return map_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  if (size > max_owned_part) return {};
  owned.resize(static_cast<std::size_t>(size));
  if (file_->read(offset, owned).has_error()) return {};
  return owned;
}

image::pack_id index_run::pack(std::uint32_t index) const { return native::decode(struct_at<pack_ref>(pack_table_, index)); }

std::uint32_t index_run::entries_on(std::uint64_t page_number) const {
  const std::uint64_t left = entry_count() - page_number * index_page_entries;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, index_page_entries));
}

const index_page* index_run::page(std::uint64_t number, index_page& scratch) const {
  assert(number < header_.page_count.value());
  const std::uint64_t offset = header_.entries_offset.value() + number * page_size;
  const index_page* found = &scratch;
  if (!map_.empty()) {
    found = reinterpret_cast<const index_page*>(map_.data() + offset);
  } else if (file_->read(offset, {reinterpret_cast<std::byte*>(&scratch), sizeof scratch}).has_error()) {
    return nullptr;
  }
  const byte_view summed = bytes_of(*found).subspan(offsetof(index_page, count));
  if (checksum(summed, header_.page_seed.value() + number) != found->checksum.value()) return nullptr;
  return found->count.value() == entries_on(number) ? found : nullptr;
}

std::optional<run_entry> index_run::find_on(const index_page& page, const content_id& id) const {
  const auto* end = page.entries + page.count.value();
  const auto* at =
      std::lower_bound(page.entries, end, id, [](const index_entry& e, const content_id& key) { return id_of(e) < key; });
  if (at == end || id_of(*at) != id || at->pack.value() >= pack_count()) return std::nullopt;
  return native::decode(*at);
}

std::optional<run_entry> index_run::find(const content_id& id) const {
  if (header_.page_count.value() == 0 || (has_filter() && !filter_may_hold(filter_, id))) return std::nullopt;
  index_page scratch;
  const std::uint64_t key = leading(id);
  search_window window;
  window.last = header_.page_count.value() - 1;
  for (int tries = 0;; ++tries) {
    const std::uint64_t number = window.guess(key, tries);
    const index_page* here = page(number, scratch);
    if (here == nullptr) return std::nullopt;
    const content_id first = id_of(here->entries[0]);
    const content_id last = id_of(here->entries[here->count.value() - 1]);
    if (id < first) {
      if (number == window.first) return std::nullopt;
      window.last = number - 1;
      window.high = leading(first);
    } else if (last < id) {
      if (number == window.last) return std::nullopt;
      window.first = number + 1;
      window.low = leading(last);
    } else {
      return find_on(*here, id);
    }
  }
}

result<void> index_run::verify() const {
  run_tally seen;
  seen.seed = checksum(pack_table_);
  run_cursor cursor(*this);
  run_entry entry;
  for (;;) {
    TRY(const bool more, cursor.next(entry));
    if (!more) break;
    seen.take(entry);
  }
  if (!seen.matches(header_)) return wrong(name_, errc::damaged, "entries are not those the header counted");
  if (!has_filter()) return wrong(name_, errc::checksum, "filter");
  return success();
}

void run_cursor::rewind() {
  next_page_ = 0;
  next_entry_ = 0;
  page_ = nullptr;
  any_ = false;
}

result<bool> run_cursor::next(run_entry& out) {
  while (page_ == nullptr || next_entry_ == page_->count.value()) {
    if (next_page_ == run_->header().page_count.value()) return false;
    page_ = run_->page(next_page_, *scratch_);
    if (page_ == nullptr) return wrong(run_->name(), errc::checksum, fmt::format("page {}", next_page_));
    ++next_page_;
    next_entry_ = 0;
  }
  out = decode(page_->entries[next_entry_++]);
  if (out.pack >= run_->pack_count()) return wrong(run_->name(), errc::damaged, "an entry names no pack");
  if (any_ && !(last_ < out.id)) return wrong(run_->name(), errc::damaged, "entries are not in order");
  last_ = out.id;
  any_ = true;
  return true;
}

}  // namespace umbra::native
