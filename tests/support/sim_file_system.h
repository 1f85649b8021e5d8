// SPDX-License-Identifier: GPL-3.0-or-later
// A file system in memory whose power can be cut. Every call that changes something is an operation with a number, from 0; the
// log of operations tells what a disk could hold if the power had failed at any of them.
//
//   sim_file_system disk;                              // run a whole job on it, once
//   run_backup(disk);
//   const auto done = disk.operation_count();          // note what had been promised when
//   for (std::uint64_t cut = 0; cut <= done; ++cut)    // the power fails after `cut` operations
//     for (const auto& policy : crash_policy::several(cut, 4)) {
//       const auto after = disk.crash(cut, policy);    // a fresh file system: look at what is left of the job
//       check(*after, cut);
//     }
//
// The model: the bytes of a file that a successful sync() covered are there; each append after it is decided by the policy. A
// name made or removed is certain after a successful sync_directory() of its directory; before, the policy decides. A directory
// whose own name is lost takes everything in it along. Bytes that a failed sync() should have covered stay undecided for ever,
// whatever later sync() calls answer (as on Linux). Safe from many threads; then the log is the order in which calls won the
// lock.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/file_system.h"

namespace umbra::test {

struct crash_policy {
  enum class what : std::uint8_t {
    drop_all_unsynced,  // neither bytes nor names that were not synced
    keep_all,           // everything: also the state after the process was killed and the machine went on
    names_only,         // every name, no unsynced byte: empty and short files
    names_and_sizes,    // every name, files as long as they were, zeros for unsynced bytes
    data_only,          // every byte, no unsynced name
    random,             // each name kept or lost; each append kept, lost, zero, torn at 512 bytes or with holes of 4 KiB
  };
  what kind = what::random;
  std::uint64_t seed = 0;

  static crash_policy drop_all_unsynced() { return {what::drop_all_unsynced}; }
  static crash_policy keep_all() { return {what::keep_all}; }
  static crash_policy random(std::uint64_t seed) { return {what::random, seed}; }
  // The five systematic ones and `count` random ones with seeds that follow from `seed`.
  static std::vector<crash_policy> several(std::uint64_t seed, std::size_t count);
};
// For SCOPED_TRACE: "random(7)".
std::string to_string(const crash_policy& policy);

// A call that changes something. Calls that fail are operations too; they are in the log with ok == false.
struct sim_operation {
  enum class what : std::uint8_t { create, append, sync, link, remove, sync_directory, make_directory };
  what kind = what::create;
  std::string path;        // of the file or directory; link: the new name
  std::string from;        // link: the old name
  std::uint64_t size = 0;  // append: bytes that arrived
  bool ok = true;
};
std::string to_string(const sim_operation& operation);  // "append /vault/packs/3f/x 4096"

class sim_file_system final : public store::file_system {
 public:
  // Holds the root "/" alone. Relative paths start there, too.
  sim_file_system();
  ~sim_file_system() override;

  // --- The job's side: store::file_system. Files given out may outlive this object.
  result<std::unique_ptr<store::output_file>> create(const std::string& path) override;
  result<std::unique_ptr<store::input_file>> open(const std::string& path) override;
  result<void> link(const std::string& from, const std::string& to) override;
  result<void> remove(const std::string& path) override;
  result<void> sync_directory(const std::string& path) override;
  result<void> make_directory(const std::string& path) override;
  result<std::vector<store::directory_entry>> list(const std::string& path) override;
  result<std::unique_ptr<store::file_lock>> lock(const std::string& path) override;

  // --- The log.
  std::uint64_t operation_count() const;
  std::vector<sim_operation> operations() const;

  // --- Faults. An append that fails leaves the first half of its bytes; every other failing call changes nothing.
  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
  // Operation `number` and the `times` - 1 after it fail with this code and errno (ENOSPC, EIO; 0 for none). Replaces
  // fail_when().
  void fail_at(std::uint64_t number, errc code, int os_error, std::uint64_t times = 1);
  // Every operation for which `rule` answers an error fails with it (its text gets the path). Called before the operation, with
  // its number, under the lock: it may not call back. An empty function ends it. Replaces fail_at().
  void fail_when(std::function<std::optional<error>(const sim_operation&, std::uint64_t number)> rule);
  // Operation `number` and every call after it fail, reads too, as if the process had been killed there.
  void stop_at(std::uint64_t number);
  // The machine went on and another process comes: no more faults, failing reads or stops. What was not synced stays in doubt.
  void restart();
  // Reads fail: read() of files whose path contains `path_part`. Empty: none.
  void fail_reads_of(std::string path_part, errc code = errc::io_read);
  // The reads with this number, counted from 0 since reset_read_counts(), and the `times` - 1 after it fail with EIO.
  void fail_reads_at(std::uint64_t number, std::uint64_t times = 1);

  // --- Crash.
  // What the disk may hold if the power failed when the first `operations` of the log had been done: a new file system, nothing
  // of it in doubt, with an empty log. Same log, policy and seed: same state. `operations` past the end: all of them.
  std::unique_ptr<sim_file_system> crash(std::uint64_t operations, const crash_policy& policy) const;
  // A disk whose cache lies: crash() takes every sync() and sync_directory() for not done. Proves that a power-cut test can fail.
  bool eat_syncs = false;

  // --- Reads, for tests that bound them.
  std::uint64_t opens() const;       // successful open() calls
  std::uint64_t reads() const;       // read() calls
  std::uint64_t bytes_read() const;  // by read(); map() is not counted
  void reset_read_counts();
  // map() answers an empty view, as on a system that cannot map.
  void forbid_map();

  // --- Shortcuts for tests; not in the log, not counted, never failing by rule.
  // The whole content, or nothing if there is no such file.
  std::optional<std::vector<std::byte>> content(const std::string& path) const;
  bool exists(const std::string& path) const;
  // Makes a file or replaces its bytes (also of every other name of it), durable at once, with the directories on the way: what
  // damage tests start from. Do this before the job whose log is replayed.
  void plant(const std::string& path, byte_view bytes);
  // Every file's path, sorted.
  std::vector<std::string> all_files() const;

 private:
  struct state;
  class sim_output_file;
  class sim_input_file;
  class sim_lock;
  std::shared_ptr<state> state_;
};

// "/" with `path` as a durable, empty directory: where a store can be made.
std::unique_ptr<sim_file_system> sim_with_directory(const std::string& path);

}  // namespace umbra::test
