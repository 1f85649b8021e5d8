// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/memory_copy_linux.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include <fmt/format.h>

#include "engine/base/units.h"
#include "engine/io/file_device.h"
#include "engine/io/small_file_posix.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

using namespace umbra::literals;
using nanoseconds = std::chrono::nanoseconds;
using seconds = std::chrono::duration<double>;

constexpr std::uint64_t sample_size = 16_MiB;
// Gaps below this are read, too: that is faster than one more read.
constexpr std::uint64_t grain = 64_KiB;

constexpr const char* ways_out =
    "let the volume lie on LVM, or in a file on XFS or btrfs, or unmount it and use the provider none";

std::uint64_t available_memory() {
  const auto text = io::read_text("/proc/meminfo");
  constexpr std::string_view key = "MemAvailable:";
  const auto at = text.find(key);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + key.size(), nullptr, 10) << 10;
}

// Rounded to the grain, within the volume, in order.
range_list rounded(const range_list& ranges, std::uint64_t size) {
  range_list list;
  for (const auto& r : ranges) {
    if (r.offset >= size || r.size == 0) continue;
    const auto begin = align_down(r.offset, grain);
    const auto end = r.offset + std::min(r.size, size - r.offset);
    list.push_back({begin, std::min(div_up(end, grain) * grain, size) - begin});
  }
  normalise(list);
  return list;
}

bool is_understood(const volume& v, const freeze_options& options) {
  return options.used_ranges && std::ranges::find(options.understood, v.file_system) != options.understood.end();
}

unique_fd memory_file(std::uint64_t size) {
  unique_fd file(::memfd_create("umbra-shadow", MFD_CLOEXEC));
  if (file.is_open() && ::ftruncate(file.get(), static_cast<off_t>(size)) != 0) file.reset();
  return file;
}

}  // namespace

result<std::uint64_t> bytes_to_read(const volume& v, const freeze_options& options) {
  if (!is_understood(v, options)) return v.size;
  struct statvfs space {};
  if (::statvfs(v.mount_point.c_str(), &space) != 0) return os_failure(errc::io_read, v.mount_point);
  // What a file system keeps for itself counts.
  return v.size - std::min(v.size, checked_mul(space.f_bfree, space.f_frsize).value_or(0));
}

error freeze_refusal(std::string why) { return failure(result_code::e_volume_not_supported_by_provider, std::move(why)); }

std::string too_much_to_hold(std::uint64_t used, std::uint64_t limit) {
  return fmt::format("{} MiB are in use, too much to read while everything waits (at most {} MiB in a set); {}", used >> 20,
                     limit >> 20, ways_out);
}

memory_copy::memory_copy(const copy_order& order, freeze_options options, std::shared_ptr<freeze_budget> budget)
    : file_copy(order.source.name, order.source.file_system, {0, order.source.size}, order.attributes),
      source_(order.source),
      options_(std::move(options)),
      budget_(std::move(budget)) {}

result<void> memory_copy::prepare() {
  TRY(device_, io::open_device(source_.device, {}));
  copier_.emplace(*device_);
  CHECK(copier_->prepare());
  file_ = memory_file(source_.size);
  if (!file_.is_open()) return copy_failure("a copy in memory", errno);
  TRY(const auto estimate, bytes_to_read(source_, options_));
  CHECK(check_amount(estimate));
  estimate_ = estimate;
  CHECK(reserve());
  CHECK(check_rate());
  budget_->bytes += estimate_;
  return success();
}

result<void> memory_copy::commit() {
  const auto used = used_ranges();
  budget_->bytes -= std::exchange(estimate_, 0);
  CHECK(check_amount(total_size(used)));
  estimate_ = total_size(used);
  budget_->bytes += estimate_;
  reserve_.reset();
  const auto is_late = [this] { return options_.timer() > budget_->until; };
  return within("reading it while it holds still", copier_->run(used, file_.get(), is_late));
}

result<void> memory_copy::post_commit() {
  copier_.reset();
  device_.reset();
  return success();
}

result<void> memory_copy::discard() {
  CHECK(release_node());
  copier_.reset();
  device_.reset();
  reserve_.reset();
  file_.reset();
  return success();
}

result<void> memory_copy::revert() {
  return failure(result_code::e_notimpl, "a volume cannot be brought back to a copy in memory");
}

std::uint64_t memory_copy::used() const {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
}

range_list memory_copy::used_ranges() {
  if (is_understood(source_, options_)) {
    const auto known = options_.used_ranges(*device_);
    if (known.has_value()) return rounded(known.assume_value(), source_.size);
  }
  return {{0, source_.size}};
}

result<void> memory_copy::check_amount(std::uint64_t bytes) const {
  const auto all = budget_->bytes + bytes;
  if (all > options_.limit) return freeze_refusal(too_much_to_hold(all, options_.limit));
  return success();
}

// Memory is found now, not while everything waits: it is given back just before it is needed. Where in the copy it belongs
// cannot be told yet, as long as the file system writes to its maps.
result<void> memory_copy::reserve() {
  const auto wanted = std::min(estimate_ + estimate_ / 4, source_.size);
  reserve_ = memory_file(wanted);
  const bool has_room = available_memory() >= wanted + wanted / 4;
  if (has_room && reserve_.is_open() && ::fallocate(reserve_.get(), 0, 0, static_cast<off_t>(wanted)) == 0) return success();
  return failure(result_code::e_insufficient_storage, fmt::format("a copy in memory needs {} MiB", (wanted + wanted / 4) >> 20));
}

// Reads the beginning, and takes the rest to be like it.
result<void> memory_copy::check_rate() {
  const auto size = std::min({div_up(estimate_, grain) * grain, sample_size, source_.size});
  if (size == 0) return success();
  const range_list sample{{0, size}};
  const auto begin = options_.timer();
  CHECK(copier_->run(sample, -1, [] { return false; }));
  const seconds taken = options_.timer() - begin;
  const auto likely = taken * (static_cast<double>(estimate_) / static_cast<double>(size));
  const seconds all = budget_->likely + likely;
  if (all > options_.copy_time) {
    return freeze_refusal(
        fmt::format("reading {} MiB would take about {:.0f} s with all of the set, too long while "
                    "everything waits (at most {:.0f} s); {}",
                    (budget_->bytes + estimate_) >> 20, all.count(), seconds(options_.copy_time).count(), ways_out));
  }
  budget_->likely += std::chrono::duration_cast<nanoseconds>(likely);
  return success();
}

}  // namespace umbra::shadow
