// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/exfat.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "formats/fs/cluster_volume.h"
#include "formats/fs/exfat_bitmap.h"
#include "formats/fs/exfat_boot.h"
#include "formats/fs/exfat_directory.h"
#include "formats/fs/paged_table.h"

namespace umbra::fs {
namespace {

constexpr std::uint32_t end_of_chain = 0xffffffff;
constexpr std::size_t most_bitmaps = 2;

class exfat_chains final : public cluster_chains {
 public:
  exfat_chains(io::unaligned_reader& reader, range fat) : table_(reader, fat) {}

  result<std::uint32_t> after(std::uint32_t cluster) override {
    TRY(const auto bytes, within("FAT", table_.entry(std::uint64_t{cluster} * 4, 4)));
    const auto entry = read_struct<wire::u32>(bytes).value();
    if (entry == end_of_chain) return end;
    return entry < cluster_space::first_number ? broken : entry;
  }

 private:
  paged_table table_;
};

// The label's place is the root directory; a look at its beginning is enough, and what cannot be read has none.
std::string read_label(const exfat_geometry& g, io::unaligned_reader& reader) {
  buffer memory(std::min<std::size_t>(g.space.cluster_size, 64 << 10));
  if (reader.read(g.space.place(g.root_cluster), memory.span()).has_error()) return {};
  exfat_directory parser;
  parser.begin(true);
  for (std::size_t at = 0; at + record_size <= memory.size() && parser.label().empty(); at += record_size) {
    tree_entry ignored;
    if (parser.take(memory.view().subspan(at, record_size), ignored) == record_parser::outcome::end) break;
  }
  return parser.label();
}

class exfat_format final : public cluster_format {
 public:
  exfat_format(io::device& volume, const exfat_boot_sector& boot) : reader_(volume), boot_(boot), facts_(facts_of(boot)) {
    if (const auto geometry = check_exfat(boot_, reader_)) facts_.label = read_label(geometry.value(), reader_);
  }

  plan::volume_facts facts() const override { return facts_; }

  result<void> check() override {
    TRY(geometry_, check_exfat(boot_, reader_));
    chains_.emplace(reader_, geometry_.fat);
    parser_.emplace();
    TRY(const auto good_backup, has_good_backup(boot_, reader_));
    if (!good_backup) notes.emplace_back("the copy of its boot region is damaged");
    if (boot_.flags.value() & exfat_flags::dirty) notes.emplace_back("it was not cleanly unmounted");
    if (boot_.flags.value() & exfat_flags::media_failure) notes.emplace_back("bad sectors were met in it");
    return success();
  }

  cluster_space space() const override { return geometry_.space; }
  cluster_chains& chains() override { return *chains_; }
  record_parser& parser() override { return *parser_; }

  result<void> walk(cluster_walk& walk, const node_visitor& visit) override {
    bitmaps_.clear();
    upcase_.reset();
    structures_ = {geometry_.root_cluster};
    std::uint64_t upcase_size = 0;
    bool too_short = false;
    CHECK(walk.run({geometry_.root_cluster, {}}, [&](const visited_node& node) {
      visit(node);
      if (node.kind != node_kind::structure) return;
      if (!node.runs.empty() && structures_.size() < 8) structures_.push_back(node.runs.front().first);
      scattered_bytes bytes(reader_, places(node.runs));
      too_short = too_short || bytes.size() < node.size;
      if (node.path == exfat_upcase_name) {
        upcase_size = node.size;
        upcase_ = std::move(bytes);
      } else if (bitmaps_.size() <= most_bitmaps) {  // one too many is enough to know
        too_short = too_short || node.size < div_up(geometry_.space.count, 8);
        bitmaps_.push_back(std::move(bytes));
      }
    }));
    if (parser_->met_unknown()) return error(errc::decode, "an unknown record in a folder");
    if (bitmaps_.empty() || bitmaps_.size() > most_bitmaps) return error(errc::decode, "number of allocation bitmaps");
    if (!upcase_) return error(errc::decode, "no up-case table");
    if (too_short) return error(errc::decode, "its allocation bitmap or up-case table is too short");
    return check_upcase(*upcase_, upcase_size, parser_->upcase_checksum());
  }

  result<void> add_usage(cluster_ranges& out, const cluster_set& touched) override {
    // Bytes that are no bitmap hardly pass this.
    for (const auto cluster : structures_) CHECK(check_claimed(bitmaps_, cluster - cluster_space::first_number));
    return add_bitmaps(bitmaps_, touched, geometry_.space.count, out);
  }

  std::vector<plan::range_owner> before_clusters() const override {
    const auto fat = boot_.fat_sector.value() * (std::uint64_t{1} << boot_.sector_shift.value());
    return {{{0, fat}, plan::owner_kind::metadata, "boot regions"},
            {{fat, geometry_.space.begin - fat}, plan::owner_kind::metadata, "FAT"}};
  }

 private:
  std::vector<range> places(std::span<const cluster_run> runs) const {
    std::vector<range> list;
    for (const auto run : runs) list.push_back(place_of(geometry_.space, run));
    return list;
  }

  io::unaligned_reader reader_;
  const exfat_boot_sector boot_;
  plan::volume_facts facts_;
  exfat_geometry geometry_;
  std::optional<exfat_chains> chains_;
  std::optional<exfat_directory> parser_;
  std::vector<scattered_bytes> bitmaps_;
  std::optional<scattered_bytes> upcase_;
  std::vector<std::uint32_t> structures_;  // first clusters
};

}  // namespace

result<plan::volume_ptr> recognise_exfat(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(exfat_boot_sector)> bytes;
  if (reader.size() < bytes.size()) return plan::volume_ptr();
  CHECK(within("boot sector", reader.read(0, bytes)));
  const auto boot = read_struct<exfat_boot_sector>(bytes);
  if (!looks_like_exfat(boot)) return plan::volume_ptr();
  return make_cluster_volume(volume, std::make_unique<exfat_format>(volume, boot));
}

}  // namespace umbra::fs
