// SPDX-License-Identifier: GPL-3.0-or-later
// The header comes first in the file and counts what follows, and objects are only ever appended to: hence two passes over the
// entries, one that counts and fills the filter and one that writes.
#include "formats/native/index_run_writer.h"

#include <fmt/format.h>

#include "engine/base/units.h"
#include "formats/native/filter.h"
#include "formats/native/page_bytes.h"

namespace umbra::native {
namespace {

// Runs of one content that a crash may have left unfinished, before writing it is given up.
constexpr int name_attempts = 16;
constexpr std::size_t append_bytes_at_once = 256 << 10;
constexpr std::size_t name_digits = 32;

std::vector<std::byte> encode_table(const run_packs& packs) {
  std::vector<std::byte> table;
  table.reserve(packs.ids.size() * sizeof(pack_ref));
  for (const auto& id : packs.ids) append_struct(table, encode(id));
  return table;
}

// What the first pass learns.
struct survey {
  run_tally tally;
  std::vector<std::byte> filter;
};

result<survey> survey_of(entry_stream& entries, byte_view table) {
  survey found;
  found.tally.seed = checksum(table);
  found.filter.resize(static_cast<std::size_t>(filter_bytes(entries.at_most())));
  entries.rewind();
  run_entry entry;
  for (;;) {
    TRY(const bool more, entries.next(entry));
    if (!more) return found;
    found.tally.take(entry);
    filter_add(found.filter, entry.id);
  }
}

index_header header_of(const survey& found, const run_packs& packs, std::size_t table_bytes, const image::domain_id& domain) {
  index_header header{};
  header.magic_ = index_magic;
  header.version = index_version;
  header.pack_count = static_cast<std::uint32_t>(packs.ids.size());
  header.entry_count = found.tally.entries;
  const std::uint64_t pages = div_up(found.tally.entries, index_page_entries);
  const std::uint64_t entries_at = page_size + align_up(table_bytes + sizeof(u64), page_size);
  header.pack_table_offset = page_size;
  header.entries_offset = entries_at;
  header.page_count = pages;
  header.filter_offset = entries_at + pages * page_size;
  header.filter_size = found.filter.size();
  header.domain = domain.bytes;
  header.fingerprint = found.tally.fingerprint.bytes;
  header.filter_checksum = checksum(found.filter);
  header.page_seed = found.tally.seed;
  header.partial_count = packs.partial;
  header.seal_ = seal_of(bytes_of(header).first(offsetof(index_header, seal_))).bytes;
  return header;
}

result<void> append(store::object_writer& out, byte_view bytes) { return out.append({&bytes, 1}); }

// Both pieces, then zeros to the end of the page.
result<void> append_padded(store::object_writer& out, byte_view bytes, byte_view more = {}) {
  static constexpr std::array<std::byte, page_size> zeros{};
  const std::uint64_t size = bytes.size() + more.size();
  const byte_view pieces[] = {bytes, more, byte_view(zeros).first(align_up(size, page_size) - size)};
  return out.append(pieces);
}

// Gathers entries into pages and pages into larger writes.
class page_output {
 public:
  page_output(store::object_writer& out, std::uint64_t seed) : out_(out), seed_(seed) { pending_.reserve(append_bytes_at_once); }

  result<void> put(const run_entry& entry) {
    page_.entries[count_++] = encode(entry);
    return count_ == index_page_entries ? close_page() : success();
  }
  result<void> finish() {
    if (count_ != 0) CHECK(close_page());
    return append(out_, pending_);
  }

 private:
  result<void> close_page() {
    page_.count = count_;
    page_.checksum = checksum(bytes_of(page_).subspan(offsetof(index_page, count)), seed_ + number_);
    append_struct(pending_, page_);
    page_ = {};
    count_ = 0;
    ++number_;
    if (pending_.size() < append_bytes_at_once) return success();
    CHECK(append(out_, pending_));
    pending_.clear();
    return success();
  }

  store::object_writer& out_;
  std::uint64_t seed_;
  std::vector<std::byte> pending_;
  index_page page_{};
  std::uint32_t count_ = 0;
  std::uint64_t number_ = 0;
};

result<void> write_parts(store::object_writer& out, const index_header& header, byte_view table, byte_view filter,
                         entry_stream& entries) {
  CHECK(append(out, bytes_of(header)));
  const u64 sum(checksum(table));
  CHECK(append_padded(out, table, bytes_of(sum)));
  page_output pages(out, header.page_seed.value());
  entries.rewind();
  run_entry entry;
  for (;;) {
    TRY(const bool more, entries.next(entry));
    if (!more) break;
    CHECK(pages.put(entry));
  }
  CHECK(pages.finish());
  return append_padded(out, filter);
}

// errc::exists: the name is taken, by a run that is whole or not.
result<void> write_object(store::store& store, const std::string& name, const index_header& header, byte_view table,
                          byte_view filter, entry_stream& entries) {
  TRY(auto out, store.create(name));
  auto written = write_parts(*out, header, table, filter, entries);
  if (written.has_value()) return out->finish();
  out.reset();
  (void)store.remove(name);  // ours, and never finished
  return written;
}

// Opens `name` and holds it to the header that was meant to be written.
result<std::shared_ptr<const index_run>> open_written(store::store& store, const std::string& name,
                                                      const image::domain_id& domain, const index_header& header) {
  TRY(auto file, store.open(name));
  TRY(auto run, index_run::open(std::move(file), name, domain));
  if (run->header().seal_ != header.seal_) return error(errc::exists, name + ": another run");
  CHECK(run->verify());
  return run;
}

}  // namespace

bool is_run_name(std::string_view object_name) {
  if (!object_name.starts_with(index_folder)) return false;
  const auto rest = object_name.substr(index_folder.size());
  std::array<std::byte, name_digits / 2> ignored{};
  if (!from_hex(rest.substr(0, name_digits), ignored)) return false;
  return rest.size() == name_digits || rest[name_digits] == '-';
}

result<std::shared_ptr<const index_run>> write_run(store::store& store, const image::domain_id& domain, const run_packs& packs,
                                                   entry_stream& entries) {
  const std::vector<std::byte> table = encode_table(packs);
  TRY(const survey found, survey_of(entries, table));
  const index_header header = header_of(found, packs, table.size(), domain);
  const std::string base = std::string(index_folder) + to_hex(byte_view(header.seal_)).substr(0, name_digits);
  for (int attempt = 0; attempt < name_attempts; ++attempt) {
    const std::string name = attempt == 0 ? base : fmt::format("{}-{}", base, attempt);
    auto written = write_object(store, name, header, table, found.filter, entries);
    const bool taken = written.has_error() && written.assume_error().code() == errc::exists;
    if (written.has_error() && !taken) return std::move(written).assume_error();
    auto run = open_written(store, name, domain, header);
    // A taken name: whole and the same if somebody was faster; left by a crash, or being written right now, if not.
    if (run.has_value() || !taken) return run;
  }
  return error(errc::exists, base + ": every name is taken by an unfinished run");
}

}  // namespace umbra::native
