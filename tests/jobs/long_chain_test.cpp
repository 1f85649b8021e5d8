// SPDX-License-Identifier: GPL-3.0-or-later
// A thousand incrementals, one on the other: the last opens and reads as the first does.
#include <gtest/gtest.h>

#include "engine/image/image_device.h"
#include "tests/support/job_kit.h"
#include "tests/support/pattern.h"
#include "tests/support/sim_file_system.h"

namespace umbra::test {
namespace {

constexpr std::uint64_t chain_length = is_slow_build ? 150 : 1000;
constexpr std::size_t disk_size = 70'000;

backup_run run_of(std::uint64_t number, const std::optional<image::session_id>& parent) {
  backup_run run;
  run.options = small_options(1);
  run.seed = number + 1;
  run.parent = parent;
  return run;
}

struct read_cost {
  std::uint64_t opens = 0;
  std::uint64_t reads = 0;
  bool operator==(const read_cost&) const = default;
};
void PrintTo(const read_cost& c, std::ostream* out) { *out << c.opens << " opened, " << c.reads << " reads"; }

class long_chain : public testing::Test {
 protected:
  // Changes the first block and one byte of the last ten.
  void change_disk(std::uint64_t number) {
    fill_random(number, byte_span(disk_).first(4096));
    change(disk_, disk_.size() - 1 - number * 7919 % 40'000);
  }

  // Of opening, and of reading `size` bytes from the start after that.
  std::pair<read_cost, read_cost> costs(const image::session_id& id, std::size_t size) {
    files_->reset_read_counts();
    const auto opened = must(open_image(*store_, id));
    const read_cost opening{files_->opens(), files_->reads()};
    const auto device = must(image::make_image_device(*opened, 0));
    content out(size);
    must(device->read(0, out));
    return {opening, {files_->opens() - opening.opens, files_->reads() - opening.reads}};
  }

  std::unique_ptr<sim_file_system> files_ = sim_with_directory("/");
  std::unique_ptr<store::store> store_ = vault_store(*files_);
  content disk_ = content(disk_size);
};

TEST_F(long_chain, costs_as_many_reads_at_its_end_as_at_its_start) {
  make_vault(*store_);
  fill_random(1'000'000, disk_);
  const auto full = back_up_bytes(*store_, disk_, run_of(0, {}));
  auto last = full;
  std::pair<read_cost, read_cost> of_second;
  for (std::uint64_t number = 1; number <= chain_length; ++number) {
    change_disk(number);
    last = back_up_bytes(*store_, disk_, run_of(number, last));
    if (number == 1) of_second = costs(last, disk_.size());
  }
  EXPECT_EQ(costs(last, 4096), costs(full, 4096)) << "to open it, and to read its first block";
  EXPECT_EQ(costs(last, disk_.size()).first, of_second.first);
  const auto all = costs(last, disk_.size()).second;
  EXPECT_EQ(all.reads - all.opens, of_second.second.reads - of_second.second.opens) << "but for a superblock of each pack";
  EXPECT_LE(all.opens, 2U + 10U) << "packs that hold its blocks and pages";
  EXPECT_TRUE(must(restored(*store_, last)) == disk_);
  must(verified_clean(*store_));
}

}  // namespace
}  // namespace umbra::test
