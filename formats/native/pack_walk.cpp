// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/native/pack_walk.h"

#include <utility>

#include <fmt/format.h>

#include "formats/native/pack_order.h"

namespace umbra::native {
namespace {

constexpr std::size_t max_kept = 1000;

class walker : public scan_visitor {
 public:
  using visit_record = std::function<result<void>(const pack_reader::walked_record&)>;

  walker(const std::string& name, const superblock_info& super, const visit_record& visit)
      : name_(name),
        visit_(visit),
        order_(super, [this](std::uint64_t offset, std::string what) { damage(offset, error(errc::damaged, std::move(what))); }) {
  }

  result<void> on_record(const record_info& info, std::uint64_t offset, byte_view stored, bool checksum_ok) override {
    ++report_.records;
    order_.record(info, offset, stored, checksum_ok);
    return visit_({info, offset, stored, checksum_ok});
  }

  result<void> on_footer(const footer_info& info, std::uint64_t offset) override {
    order_.end(info, offset);
    return success();
  }

  result<void> on_flaw(std::uint64_t offset, error what) override {
    damage(offset, std::move(what));
    return success();
  }

  result<void> on_loss(std::uint64_t offset, std::uint64_t next, error what) override {
    damage(offset, std::move(what).within(fmt::format("{} bytes passed over", next - offset)));
    order_.lost();
    return success();
  }

  void damage(std::uint64_t offset, error what) {
    ++report_.damage_count;
    if (report_.damage.size() < max_kept)
      report_.damage.push_back(std::move(what).within(fmt::format("{} at {}", name_, offset)));
  }

  pack_reader::walk_report finish(std::uint64_t size) {
    if (!order_.ended()) damage(size, error(errc::damaged, "no footer: the pack was cut off or never finished"));
    report_.bytes = size;
    return std::move(report_);
  }

 private:
  const std::string& name_;
  const visit_record& visit_;
  pack_reader::walk_report report_;
  pack_order order_;
};

// Again: the bytes may have changed since the pack was opened.
result<void> check_superblock(const scan_source& source, const superblock_info& super) {
  std::array<std::byte, sizeof(superblock)> bytes{};
  CHECK(source.file.read(0, bytes));
  TRY(const auto now, decode_superblock(bytes, superblock_kind::pack));
  if (now.pack != super.pack || now.words != super.words || now.domain.id != super.domain.id)
    return error(errc::damaged, "superblock of another pack");
  return success();
}

}  // namespace

result<pack_reader::walk_report> walk_pack(const scan_source& source, const std::string& name, const superblock_info& super,
                                           const std::function<result<void>(const pack_reader::walked_record&)>& visit) {
  walker w(name, super, visit);
  const auto first = check_superblock(source, super);
  if (first.has_error()) w.damage(0, first.assume_error());
  CHECK(scan_pack(source, w));
  return w.finish(source.size);
}

}  // namespace umbra::native
