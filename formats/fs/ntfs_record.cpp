// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/ntfs_record.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

error nonsense(const char* what) { return {errc::decode, what}; }

// Little-endian, of up to 8 bytes; the highest bit is the sign.
std::int64_t signed_number(byte_view bytes) {
  std::uint64_t n = !bytes.empty() && (bytes.back() & std::byte{0x80}) != std::byte{0} ? ~std::uint64_t{0} : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) n = n << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return static_cast<std::int64_t>(n);
}

// Reads one run after the other: a byte with the lengths of two numbers, how many clusters, and how far from the last run.
class run_reader {
 public:
  run_reader(byte_view bytes, std::uint64_t vcn, std::uint64_t clusters) : bytes_(bytes), vcn_(vcn), clusters_(clusters) {}

  // Nothing at the end.
  result<std::optional<ntfs_run>> next() {
    if (at_ >= bytes_.size()) return nonsense("a list of runs has no end");
    const auto lengths = std::to_integer<std::size_t>(bytes_[at_]);
    if (lengths == 0) return std::optional<ntfs_run>();
    const auto count_size = lengths & 15;
    const auto step_size = lengths >> 4;
    if (count_size == 0 || count_size > 8 || step_size > 8 || !fits(at_ + 1, count_size + step_size, bytes_.size()))
      return nonsense("a run makes no sense");
    const auto count = signed_number(bytes_.subspan(at_ + 1, count_size));
    const auto step = bytes_.subspan(at_ + 1 + count_size, step_size);
    at_ += 1 + count_size + step_size;
    return place(count, step);
  }
  std::uint64_t vcn() const { return vcn_; }

 private:
  result<std::optional<ntfs_run>> place(std::int64_t count, byte_view step) {
    constexpr std::int64_t most = std::int64_t{1} << 42;  // times 2 MiB is what 63 bits hold
    if (count <= 0 || count > most) return nonsense("a run makes no sense");
    ntfs_run run;
    run.vcn = vcn_;
    run.count = static_cast<std::uint64_t>(count);
    const auto end = checked_add(vcn_, run.count);
    if (!end || *end > static_cast<std::uint64_t>(most)) return nonsense("a file is longer than there can be");
    vcn_ = *end;
    // Without a place, or at -1 as Windows NT 4 wrote it: a hole.
    if (step.empty() || (lcn_ == 0 && signed_number(step) == -1)) {
      run.hole = true;
      return std::optional(run);
    }
    if (__builtin_add_overflow(lcn_, signed_number(step), &lcn_) || lcn_ < 0) return nonsense("a run lies outside of the volume");
    run.lcn = static_cast<std::uint64_t>(lcn_);
    if (!fits(run.lcn, run.count, clusters_)) return nonsense("a run lies outside of the volume");
    return std::optional(run);
  }

  byte_view bytes_;
  std::size_t at_ = 0;
  std::uint64_t vcn_;
  std::uint64_t clusters_;
  std::int64_t lcn_ = 0;
};

}  // namespace

result<byte_view> ntfs_attribute::value() const {
  if (!resident() || bytes.size() < sizeof(ntfs_attribute_header) + sizeof(ntfs_resident_header))
    return nonsense("an attribute has no value");
  const auto r = read_struct<ntfs_resident_header>(bytes.subspan(sizeof(ntfs_attribute_header)));
  if (!fits(r.value_offset.value(), r.value_size.value(), bytes.size())) return nonsense("a value sticks out of its attribute");
  return bytes.subspan(r.value_offset.value(), r.value_size.value());
}

result<ntfs_non_resident_header> ntfs_attribute::placement() const {
  if (resident() || bytes.size() < sizeof(ntfs_attribute_header) + sizeof(ntfs_non_resident_header))
    return nonsense("an attribute has no clusters");
  return read_struct<ntfs_non_resident_header>(bytes.subspan(sizeof(ntfs_attribute_header)));
}

result<void> ntfs_attribute::append_runs(std::uint64_t clusters, std::vector<ntfs_run>& runs) const {
  TRY(const auto where, placement());
  const std::size_t offset = where.runs_offset.value();
  if (offset >= bytes.size()) return nonsense("a list of runs sticks out of its attribute");
  run_reader reader(bytes.subspan(offset), where.first_vcn.value(), clusters);
  while (true) {
    TRY(const auto run, reader.next());
    if (!run) break;
    runs.push_back(*run);
  }
  // The last VCN of an attribute without clusters is -1.
  if (reader.vcn() != where.last_vcn.value() + 1) return nonsense("runs do not add up");
  return success();
}

result<std::optional<ntfs_attribute>> ntfs_record::next(std::size_t& position) const {
  if (position == 0) position = header.attributes_offset.value();
  if (!fits(position, sizeof(std::uint32_t), bytes.size())) return nonsense("attributes have no end");
  if (read_struct<wire::u32>(bytes.subspan(position)).value() == static_cast<std::uint32_t>(ntfs_attribute_type::end))
    return std::optional<ntfs_attribute>();
  if (!fits(position, sizeof(ntfs_attribute_header), bytes.size())) return nonsense("attributes have no end");
  ntfs_attribute a;
  a.header = read_struct<ntfs_attribute_header>(bytes.subspan(position));
  const std::size_t size = a.header.size.value();
  if (size < sizeof(ntfs_attribute_header) || !is_aligned(size, 8) || !fits(position, size, bytes.size()))
    return nonsense("an attribute sticks out of its record");
  a.bytes = bytes.subspan(position, size);
  position += size;
  return std::optional(a);
}

result<std::optional<ntfs_attribute>> ntfs_record::find(ntfs_attribute_type type) const {
  std::size_t position = 0;
  while (true) {
    TRY(auto a, next(position));
    if (!a || a->is(type)) return a;
  }
}

result<void> undo_fixups(byte_span bytes) {
  const auto guard = read_struct<ntfs_protected>(bytes);
  const auto strides = bytes.size() / ntfs_fixup_stride;
  const std::size_t offset = guard.fixups_offset.value();
  if (guard.fixups.value() != strides + 1 || !fits(offset, 2 * (strides + 1), ntfs_fixup_stride - 2))
    return nonsense("fixups make no sense");
  const auto number = bytes.subspan(offset, 2);
  for (std::size_t i = 0; i < strides; ++i) {
    const auto end = bytes.subspan((i + 1) * ntfs_fixup_stride - 2, 2);
    if (!std::ranges::equal(end, number)) return nonsense("only part of it was written");
    std::ranges::copy(bytes.subspan(offset + 2 + 2 * i, 2), end.begin());
  }
  return success();
}

result<std::optional<ntfs_record>> open_record(std::uint64_t number, byte_span bytes) {
  ntfs_record record;
  record.number = number;
  record.header = read_struct<ntfs_record_header>(bytes);
  const auto what = fmt::runtime("file record {}: {}");
  const std::string_view magic(record.header.guard.magic, sizeof(record.header.guard.magic));
  if (magic == std::string_view("\0\0\0\0", 4)) return std::optional<ntfs_record>();
  if (magic != "FILE") return error(errc::decode, fmt::format(what, number, "is none"));
  if ((record.header.flags.value() & ntfs_record_flag::in_use) == 0) return std::optional<ntfs_record>();
  const auto whole = undo_fixups(bytes);
  if (whole.has_error()) return error(errc::decode, fmt::format(what, number, whole.error().text()));
  const std::size_t used = record.header.used.value();
  if (used > bytes.size() || record.header.attributes_offset.value() < offsetof(ntfs_record_header, next_attribute) ||
      record.header.attributes_offset.value() > used)
    return error(errc::decode, fmt::format(what, number, "its sizes make no sense"));
  record.bytes = byte_view(bytes).first(used);
  return std::optional(record);
}

}  // namespace umbra::fs
