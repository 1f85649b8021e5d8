// SPDX-License-Identifier: GPL-3.0-or-later
// Memory of the program itself: its largest anonymous memory while it takes an image, takes it again, checks it and restores it.
// Anonymous memory is what a machine must have; mapped pages of an index are the cache's and go when others need the room.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "bench/jobs/rows.h"
#include "bench/support/made_up.h"
#include "bench/support/watch_memory.h"

namespace umbra::bench {
namespace {

constexpr double mib = 1 << 20;
constexpr double tib = static_cast<double>(std::uint64_t{1} << 40);
constexpr double most_mib = 256;
constexpr double most_mib_a_tib = 32;

std::string mib_text(double bytes) { return fmt::format("{:.1f} MiB", bytes / mib); }

// A folder of the scratch folder, empty at first, that goes away with its owner.
class scratch_folder {
 public:
  explicit scratch_folder(std::string path) : path_(std::move(path)) {
    remove();
    std::error_code ignored;  // whoever writes into it will tell
    std::filesystem::create_directory(path_, ignored);
  }
  ~scratch_folder() { remove(); }
  std::string file(const char* name) const { return path_ + "/" + name; }

 private:
  void remove() const {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path_;
};

using command_line = std::vector<std::string>;

class program {
 public:
  explicit program(const subject& s) : path_(s.how.umbra) {}

  // Runs one verb; the highest peak of all is kept.
  result<void> run(const char* what, command_line arguments) {
    arguments.insert(arguments.begin(), path_);
    arguments.emplace_back("--quiet");
    TRY(const auto peak, watch_memory(arguments));
    if (peak.exit_code != 0) return error(errc::internal, fmt::format("umbra {} ended with {}", arguments[1], peak.exit_code));
    say(fmt::format("  {}: {} anonymous, {} with mapped files, {:.1f} s", what, mib_text(static_cast<double>(peak.anonymous)),
                    mib_text(static_cast<double>(peak.resident)), peak.seconds));
    highest_ = std::max(highest_, static_cast<double>(peak.anonymous));
    return success();
  }
  double highest() const { return highest_; }

 private:
  std::string path_;
  double highest_ = 0;
};

// Every job over one source, from an image of its own in `vault` on.
result<double> peak_of_jobs(subject& s, const std::string& source, const std::string& vault) {
  program umbra(s);
  const auto target = s.file("restored.raw");
  CHECK(umbra.run("full image", {"backup", source, "--to", vault, "--name", "disk", "--shadow", "none"}));
  CHECK(umbra.run("incremental", {"backup", source, "--to", vault, "--name", "disk", "--shadow", "none"}));
  CHECK(umbra.run("verify --deep", {"verify", vault + "::disk", "--deep"}));
  auto restored = umbra.run("restore", {"restore", vault + "::disk", "--to", target, "--yes"});
  s.remove(target);
  CHECK(restored);
  return umbra.highest();
}

result<double> peak_in_new_vault(subject& s, const std::string& source) {
  const scratch_folder home(s.file("memory"));
  program umbra(s);
  CHECK(umbra.run("init", {"init", home.file("vault")}));
  return peak_of_jobs(s, source, home.file("vault"));
}

result<double> peak_in_filled_vault(subject& s, const std::string& source, std::uint64_t records) {
  say(fmt::format("  a vault whose index holds {} records:", records));
  const scratch_folder home(s.file("memory"));
  CHECK(fill_vault(home.file("vault"), records));
  TRY(const auto with_index, peak_of_jobs(s, source, home.file("vault")));
  // The index is derived: the same again when it has to be read out of the packs.
  std::error_code ignored;
  std::filesystem::remove_all(home.file("vault/index"), ignored);
  program umbra(s);
  CHECK(umbra.run("without index", {"backup", source, "--to", home.file("vault"), "--name", "again", "--shadow", "none"}));
  return std::max(with_index, umbra.highest());
}

bench_row growth_row(const char* number, std::string what, double small, double large, double tebibytes) {
  const auto growth = (large - small) / mib / tebibytes;
  return {number,
          std::move(what),
          mib_text(small),
          mib_text(large),
          fmt::format("{:+.1f} MiB", growth),
          fmt::format("< {:.0f} MiB", most_mib_a_tib),
          growth < most_mib_a_tib && large < most_mib * mib + most_mib_a_tib * mib * tebibytes,
          {growth}};
}

}  // namespace

result<void> memory_rows(subject& s, bench_rows& rows) {
  if (s.how.umbra.empty()) return success();
  say("  the disk:");
  TRY(const auto of_disk, peak_in_new_vault(s, s.how.disk));
  rows.push_back({"8",
                  "memory: full, incremental, verify --deep, restore",
                  {},
                  mib_text(of_disk),
                  {},
                  fmt::format("< {:.0f} MiB", most_mib),
                  of_disk < most_mib * mib,
                  {}});

  const auto spread = s.file("spread.raw");
  const auto small_size = s.how.spread_size / 64;
  const auto measured_at = [&](std::uint64_t size, const auto& measure) -> result<double> {
    say(fmt::format("  a sparse disk of {:.3g} TiB with a page of data in each region:", static_cast<double>(size) / tib));
    CHECK(spread_file(spread, size, image::region_size));
    auto peak = measure(s, spread);
    s.remove(spread);
    return peak;
  };
  TRY(const auto small, measured_at(small_size, peak_in_new_vault));
  TRY(const auto large, measured_at(s.how.spread_size, peak_in_new_vault));
  const auto grown = static_cast<double>(s.how.spread_size - small_size) / tib;
  rows.push_back(growth_row("8b",
                            fmt::format("memory for each TiB of source: {:.3g} TiB (floor: a 64th of it)",
                                        static_cast<double>(s.how.spread_size) / tib),
                            small, large, grown));

  // Tables of fixed size fill in both.
  const auto few = s.how.records / 16;
  const auto in_vault_of = [&](std::uint64_t records) {
    return measured_at(small_size,
                       [&](subject& of, const std::string& source) { return peak_in_filled_vault(of, source, records); });
  };
  TRY(const auto little_index, in_vault_of(few));
  TRY(const auto much_index, in_vault_of(s.how.records));
  const auto tebibytes = [](std::uint64_t records) { return static_cast<double>(records) * (64 << 10) / tib; };
  rows.push_back(
      growth_row("8c", fmt::format("memory for each TiB of index: {:.3g} TiB (floor: a 16th of it)", tebibytes(s.how.records)),
                 little_index, much_index, tebibytes(s.how.records - few)));
  return success();
}

}  // namespace umbra::bench
