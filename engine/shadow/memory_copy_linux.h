// SPDX-License-Identifier: GPL-3.0-or-later
// One volume read into memory while it holds still. Linux only.
//
// The copy lies in a file in memory that has the volume's size and holes where nothing is in use. Never on a disk: any file
// system may be among those that hold still.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/shadow/file_copy_linux.h"
#include "engine/shadow/freeze_provider.h"
#include "engine/shadow/range_copier_linux.h"

namespace umbra::shadow {

// What the volumes of one set share: they hold still together.
struct freeze_budget {
  std::uint64_t bytes = 0;             // in use, of those prepared so far
  std::chrono::nanoseconds likely{0};  // for reading them
  std::chrono::nanoseconds until{0};   // by the timer: when reading has to be done
};

class memory_copy final : public file_copy {
 public:
  memory_copy(const copy_order& order, freeze_options options, std::shared_ptr<freeze_budget> budget);

  result<void> prepare() override;
  result<void> commit() override;
  result<void> post_commit() override;
  result<void> discard() override;
  result<std::string> source() override { return source_.device; }
  result<void> revert() override;

  // Bytes of memory that it takes.
  std::uint64_t used() const;

 private:
  range_list used_ranges();
  result<void> check_amount(std::uint64_t bytes) const;
  result<void> reserve();
  result<void> check_rate();

  const volume source_;
  const freeze_options options_;
  const std::shared_ptr<freeze_budget> budget_;
  std::uint64_t estimate_ = 0;  // its share of the budget
  unique_fd reserve_;           // memory for it until the instant
  std::unique_ptr<io::device> device_;
  std::optional<range_copier> copier_;
};

// Bytes that have to be read of a mounted volume, about: all but what is free.
result<std::uint64_t> bytes_to_read(const volume& v, const freeze_options& options);

// Why a volume cannot be copied so: e_volume_not_supported_by_provider. Whoever passes it on names the volume.
error freeze_refusal(std::string why);
std::string too_much_to_hold(std::uint64_t used, std::uint64_t limit);

}  // namespace umbra::shadow
