// SPDX-License-Identifier: GPL-3.0-or-later
// The disk that is measured, the folder beside it, and whole jobs over it as the program runs them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/support/floor.h"
#include "bench/support/rows.h"
#include "bench/support/work_list.h"
#include "engine/base/random.h"
#include "engine/jobs/backup.h"
#include "engine/store/file_system.h"
#include "formats/native/vault.h"

namespace umbra::bench {

struct settings {
  std::string disk;
  std::string other_disk;  // the same files in another order; empty: no row 7
  std::string scratch;     // a folder on the same medium, emptied of what is made here
  unsigned threads = 0;
  unsigned rounds = 3;
  unsigned reads_in_flight = 0;  // 0: the job's default
  // Row 8.
  std::string umbra;                                   // the program; empty: no row 8
  std::uint64_t spread_size = std::uint64_t{4} << 40;  // of the sparse source
  std::uint64_t records = std::uint64_t{16} << 20;     // in the vault's index; each stands for 64 KiB
};

struct subject {
  settings how;
  std::unique_ptr<store::file_system> files;
  std::unique_ptr<random_source> random;
  std::unique_ptr<io::device> device;
  plan::allocation allocation;
  work_list work;
  image::domain keys;  // of the floors

  // Opens the disk, and reads all of what is used once, so that it is in the page cache.
  static result<std::unique_ptr<subject>> open(settings how);
  backup_floor floor() const { return {how.disk, work, keys, how.threads}; }
  std::string file(const char* name) const { return how.scratch + "/" + name; }
  void remove(const std::string& path) { (void)files->remove(path).has_error(); }
};

// A backup from opening the source to the commit; `layout_seconds` of it went into finding out what is used.
struct backup_run {
  double seconds = 0;
  double processor_seconds = 0;
  double layout_seconds = 0;
  jobs::backup_report report;
};
struct backup_wish {
  std::string disk;
  bool cuts_on_files = true;
  jobs::self_check check = jobs::self_check::all;
  image::image_reader* parent = nullptr;
  std::vector<std::uint64_t> changed = {};  // places where the disk reads as if changed
};
using writer_maker = std::function<result<std::unique_ptr<image::image_writer>>()>;
result<backup_run> take_backup(const subject& s, const backup_wish& wish, const writer_maker& make_writer);

// An empty vault in a folder of the scratch folder that goes away with it.
class scratch_vault {
 public:
  static result<std::unique_ptr<scratch_vault>> make(subject& s, const char* name);
  ~scratch_vault();
  native::vault& vault() { return *vault_; }
  result<std::unique_ptr<image::image_writer>> new_image(const std::string& name, std::optional<image::session_id> parent = {});

 private:
  scratch_vault(subject& s, std::string folder) : subject_(s), folder_(std::move(folder)) {}
  subject& subject_;
  std::string folder_;
  std::unique_ptr<store::store> store_;
  std::unique_ptr<native::vault> vault_;
};

// Times of the rounds of one row.
struct paired_times {
  std::vector<double> floor;
  std::vector<double> job;
  std::vector<double> ratios() const;  // floor over job: 1 if the job is as fast as its floor
};
// A row of rates over `bytes`: reached if the median of floor time over job time is at least `least`.
bench_row rate_row(const char* number, std::string what, std::uint64_t bytes, const paired_times& times, double least);
std::string rate_text(std::uint64_t bytes, double seconds);
std::string percent_text(double share);
// A line on stderr about what goes on.
void say(const std::string& text);

}  // namespace umbra::bench
