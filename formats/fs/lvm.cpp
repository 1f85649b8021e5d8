// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/lvm.h"

#include <fmt/format.h>

#include "engine/io/unaligned_reader.h"
#include "formats/fs/lvm_group.h"
#include "formats/fs/lvm_label.h"
#include "formats/fs/owner_list.h"

namespace umbra::fs {
namespace {

class lvm_physical_volume final : public plan::formatted_volume {
 public:
  explicit lvm_physical_volume(io::device& volume) : volume_(volume) {
    io::unaligned_reader reader(volume);
    facts_.kind = "LVM";
    const auto label = read_lvm_label(reader);
    if (label.has_error()) return;
    facts_.id = label.value().id;
    facts_.size = label.value().size;
  }

  plan::volume_facts facts() const override { return facts_; }

  result<plan::allocation> used_blocks(const plan::scan_options&) override {
    const auto size = volume_.geometry().size;
    const auto group = read_lvm_group(volume_);
    if (group.has_error()) {
      const auto& why = group.error();
      return plan::whole_volume(size,
                                fmt::format("LVM, copied whole: {}", why.code() == errc::decode ? why.text() : why.message()));
    }
    plan::allocation map;
    map.used = group.value().claimed;
    for (const auto& v : group.value().plain) map.used.insert(map.used.end(), v.pieces.begin(), v.pieces.end());
    normalise(map.used);
    map.notes.push_back(plan::use_note("LVM", total_size(map.used), size));
    map.notes.insert(map.notes.end(), group.value().notes.begin(), group.value().notes.end());
    return map;
  }

  result<std::vector<plan::file_data>> find_files(const plan::path_patterns&) override {
    return error(errc::unsupported, "LVM: it has no files of its own");
  }

  result<std::vector<plan::range_owner>> owners(const range_list& where) override {
    const auto group = read_lvm_group(volume_);
    if (group.has_error()) return plan::nobody_knows(where);
    owner_list list(where);
    range_list used = group.value().claimed;
    for (const auto& v : group.value().plain) {
      for (const auto& p : v.pieces) list.add(p, plan::owner_kind::unknown, "LV " + v.name);
      used.insert(used.end(), v.pieces.begin(), v.pieces.end());
    }
    normalise(used);
    for (const auto& r : group.value().claimed) list.add(r, plan::owner_kind::metadata, "LVM");
    for (const auto& r : subtract({{0, volume_.geometry().size}}, used)) list.add(r, plan::owner_kind::free_space, {});
    return list.take();
  }

 private:
  io::device& volume_;
  plan::volume_facts facts_;
};

}  // namespace

result<lvm_group> read_lvm_group(io::device& volume) {
  io::unaligned_reader reader(volume);
  TRY(const auto label, read_lvm_label(reader));
  TRY(const auto text, read_lvm_text(reader, label));
  if (text.empty()) return error(errc::decode, "it belongs to no volume group");
  TRY(const auto parsed, parse_lvm_text(text));
  return understand_group(parsed, label, reader.size());
}

result<plan::volume_ptr> recognise_lvm(io::device& volume) {
  io::unaligned_reader reader(volume);
  TRY(const auto found, has_lvm_label(reader));
  if (!found) return plan::volume_ptr();
  return plan::volume_ptr(std::make_unique<lvm_physical_volume>(volume));
}

}  // namespace umbra::fs
