// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/fat.h"

#include <array>
#include <memory>
#include <optional>

#include "formats/fs/cluster_volume.h"
#include "formats/fs/fat_boot.h"
#include "formats/fs/fat_directory.h"
#include "formats/fs/fat_table.h"

namespace umbra::fs {
namespace {

class fat_format final : public cluster_format {
 public:
  fat_format(io::device& volume, const fat_boot_sector& boot) : reader_(volume), boot_(boot) {}

  plan::volume_facts facts() const override { return facts_of(boot_); }

  result<void> check() override {
    TRY(geometry_, check_fat(boot_, reader_.size()));
    table_.emplace(reader_, geometry_);
    parser_.emplace(geometry_.bits == 32);
    TRY(const auto clean, table_->is_clean());
    if (!clean || is_marked_mounted(boot_)) notes.emplace_back("it was not cleanly unmounted");
    return success();
  }

  cluster_space space() const override { return geometry_.space; }
  cluster_chains& chains() override { return *table_; }
  record_parser& parser() override { return *parser_; }

  result<void> walk(cluster_walk& walk, const node_visitor& visit) override {
    return walk.run({geometry_.root_cluster, geometry_.root}, visit);
  }

  result<void> add_usage(cluster_ranges& out, const cluster_set& touched) override {
    CHECK(table_->add_usage(out, touched));
    if (!table_->copies_differ()) return success();
    notes.emplace_back("the copies of its FAT differ: what any of them calls used is copied");
    if (geometry_.mirrored) mistrust = "the copies of its FAT differ";
    return success();
  }

  std::vector<plan::range_owner> before_clusters() const override {
    const auto& g = geometry_;
    const auto root = g.fat + g.fat_count * g.fat_size;
    std::vector<plan::range_owner> list{{{0, g.fat}, plan::owner_kind::metadata, "boot sectors"},
                                        {{g.fat, root - g.fat}, plan::owner_kind::metadata, "FAT"}};
    if (g.root.size != 0) list.push_back({{root, g.space.begin - root}, plan::owner_kind::directory, "/"});
    return list;
  }

 private:
  io::unaligned_reader reader_;
  const fat_boot_sector boot_;
  fat_geometry geometry_;
  std::optional<fat_table> table_;
  std::optional<fat_directory> parser_;
};

}  // namespace

result<plan::volume_ptr> recognise_fat(io::device& volume) {
  io::unaligned_reader reader(volume);
  std::array<std::byte, sizeof(fat_boot_sector)> bytes;
  if (reader.size() < bytes.size()) return plan::volume_ptr();
  CHECK(within("boot sector", reader.read(0, bytes)));
  const auto boot = read_struct<fat_boot_sector>(bytes);
  if (!looks_like_fat(boot)) return plan::volume_ptr();
  return make_cluster_volume(volume, std::make_unique<fat_format>(volume, boot));
}

}  // namespace umbra::fs
