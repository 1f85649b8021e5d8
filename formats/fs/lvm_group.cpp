// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/fs/lvm_group.h"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/units.h"

namespace umbra::fs {
namespace {

constexpr std::uint64_t sector_size = 512;

// Types of segments that LVM has; each names the places and volumes it is made of in lists of its own.
constexpr std::string_view known_types[] = {"striped", "mirror",   "snapshot",   "thin",  "thin-pool", "cache",    "cache-pool",
                                            "vdo",     "vdo-pool", "writecache", "error", "zero",      "integrity"};

error doubt(std::string why) { return {errc::decode, std::move(why)}; }

// "striped+CACHE_VOL": what stands behind '+' are flags.
bool is_known(std::string_view type) {
  type = type.substr(0, type.find('+'));
  return type.starts_with("raid") || std::ranges::find(known_types, type) != std::end(known_types);
}

struct physical {
  std::string name;  // "pv0", as segments call it
  std::uint64_t begin = 0;
  std::uint64_t extent_size = 0;
  std::uint64_t extents = 0;
  std::uint64_t end() const { return begin + extents * extent_size; }
  range place(std::uint64_t extent, std::uint64_t count) const { return {begin + extent * extent_size, count * extent_size}; }
};

// A segment whose extents of this volume are known.
struct segment {
  std::uint64_t start = 0;  // extent of the logical volume
  std::uint64_t count = 0;
  std::string type;
  std::vector<range> here;
  bool plain = false;  // one piece, here
};

class group_reader {
 public:
  group_reader(const lvm_section& group, const lvm_label& label, std::uint64_t size)
      : group_(group), label_(label), size_(size) {}

  result<lvm_group> run() {
    CHECK(find_physical());
    out_.name = group_.name;
    out_.extent_size = physical_.extent_size;
    out_.claimed = {{0, physical_.begin}, {physical_.end(), size_ - physical_.end()}};
    if (const auto* volumes = group_.section("logical_volumes")) {
      for (const auto& v : volumes->sections) note_parts(v);
      for (const auto& v : volumes->sections) CHECK(within("LV " + v.name, add_volume(v)));
    }
    if (is_shared(places_)) return doubt("two logical volumes lie in the same place");
    normalise(out_.claimed);
    return std::move(out_);
  }

 private:
  result<void> find_physical() {
    const auto* all = group_.section("physical_volumes");
    if (!all) return doubt("its group has no physical volumes");
    const auto found = std::ranges::find_if(all->sections, [&](const auto& pv) { return pv.text("id") == label_.id; });
    if (found == all->sections.end()) return doubt("its group does not know it");
    if (found->has_word("flags", "MISSING")) return doubt("its group goes on without it");
    const auto extent = group_.number("extent_size");
    const auto start = found->number("pe_start");
    const auto count = found->number("pe_count");
    if (!extent || !start || !count || *extent == 0) return doubt("sizes of its group");
    const auto extent_size = checked_mul(*extent, sector_size);
    const auto begin = checked_mul(*start, sector_size);
    const auto bytes = extent_size ? checked_mul(*extent_size, *count) : extent_size;
    if (!begin || !bytes || !fits(*begin, *bytes, size_)) return doubt("its extents reach behind its end");
    if (*begin != label_.data_offset) return doubt("its label and its group name different places for extents");
    physical_ = {found->name, *begin, *extent_size, *count};
    return success();
  }

  static bool is_shared(range_list places) {
    const auto sum = total_size(places);
    normalise(places);
    return total_size(places) != sum;
  }

  // Every word in a segment but its type may be the name of a volume that it is made of.
  void note_parts(const lvm_section& volume) {
    for (const auto& s : volume.sections) {
      for (const auto& value : s.values) {
        if (value.name == "type") continue;
        for (const auto& item : value.items) {
          if (!item.text.empty()) parts_.insert(item.text);
        }
      }
    }
  }

  result<void> add_volume(const lvm_section& volume) {
    std::vector<segment> segments;
    for (const auto& s : volume.sections) {
      if (!s.name.starts_with("segment")) continue;
      TRY(auto one, read_segment(s));
      segments.push_back(std::move(one));
    }
    if (segments.size() != volume.number("segment_count")) return doubt("number of its segments");
    std::ranges::sort(segments, {}, &segment::start);
    for (const auto& s : segments) places_.insert(places_.end(), s.here.begin(), s.here.end());
    const auto name = fmt::format("{}/{}", group_.name, volume.name);
    const auto why = why_not_plain(volume, segments);
    if (why.empty()) {
      auto& plain = out_.plain.emplace_back();
      plain.name = name;
      for (const auto& s : segments) plain.pieces.push_back(s.here.front());
      return success();
    }
    bool here = false;
    for (const auto& s : segments) {
      here = here || !s.here.empty();
      out_.claimed.insert(out_.claimed.end(), s.here.begin(), s.here.end());
    }
    if (here) out_.notes.push_back(fmt::format("LV {}, copied whole: {}", name, why));
    return success();
  }

  std::string why_not_plain(const lvm_section& volume, const std::vector<segment>& segments) const {
    if (parts_.contains(volume.name)) return "it is part of another logical volume";
    if (!volume.has_word("status", "VISIBLE")) return "it is not visible";
    std::uint64_t next = 0;
    for (const auto& s : segments) {
      if (s.type != "striped") return s.type;
      if (!s.plain) return s.here.size() > 1 ? "striped" : "not all of it lies here";
      if (s.start != next) return "its segments do not follow each other";
      next += s.count;
    }
    return segments.empty() ? "it has no segments" : "";
  }

  result<segment> read_segment(const lvm_section& s) const {
    segment out;
    const auto start = s.number("start_extent");
    const auto count = s.number("extent_count");
    out.type = s.text("type");
    if (!start || !count || *count == 0) return doubt("extents of a segment");
    if (!is_known(out.type)) return doubt(fmt::format("an unknown type of segment, '{}'", out.type));
    out.start = *start;
    out.count = *count;
    auto length = out.count;
    const auto stripes = s.number("stripe_count").value_or(1);
    if (out.type == "striped") {
      if (stripes == 0 || s.items("stripes").size() != 2 * stripes) return doubt("stripes of a segment");
      length = div_up(out.count, stripes);
    }
    CHECK(add_places(s, length, out.here));
    out.plain = out.type == "striped" && stripes == 1 && out.here.size() == 1;
    return out;
  }

  // A place is the name of a physical volume, and behind it the number of the first extent.
  result<void> add_places(const lvm_section& s, std::uint64_t length, std::vector<range>& here) const {
    for (const auto& value : s.values) {
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (value.items[i].is_number || value.items[i].text != physical_.name) continue;
        if (i + 1 == value.items.size() || !value.items[i + 1].is_number) return doubt("a place without a number");
        const auto first = value.items[i + 1].number;
        if (!fits(first, length, physical_.extents)) return doubt("it reaches behind the end of its physical volume");
        here.push_back(physical_.place(first, length));
      }
    }
    return success();
  }

  const lvm_section& group_;
  const lvm_label& label_;
  const std::uint64_t size_;
  physical physical_;
  std::set<std::string, std::less<>> parts_;
  range_list places_;  // of all segments
  lvm_group out_;
};

}  // namespace

result<lvm_group> understand_group(const lvm_section& text, const lvm_label& label, std::uint64_t size) {
  if (text.sections.size() != 1) return doubt("its metadata do not hold one group");
  if (text.number("version").value_or(1) != 1) return doubt("unknown version of its metadata");
  return group_reader(text.sections.front(), label, size).run();
}

}  // namespace umbra::fs
