// SPDX-License-Identifier: GPL-3.0-or-later
// The few calls of a file system that Umbra's own files are written with, behind an interface, so that tests can count them,
// fail them, and cut the power between any two. Nothing is renamed and nothing is updated in place.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

namespace umbra::store {

// A file being appended to. One thread at a time.
class output_file {
 public:
  virtual ~output_file() = default;  // closes without syncing
  // Appends all bytes or fails; after a failure the file's tail is unspecified and it must be given up. Bytes may be gathered:
  // that they could not be written is told by this call or by a later one, by sync() or close() at the latest.
  virtual result<void> append(byte_view bytes) = 0;
  // Several pieces, in order, as one append.
  virtual result<void> append(std::span<const byte_view> pieces) = 0;
  // Everything appended so far survives power loss (the file's name: sync_directory). After a failure the file must be given up:
  // a second try may lie.
  virtual result<void> sync() = 0;
  virtual std::uint64_t size() const = 0;
  // Closes and tells errors that only close() finds. No call after it.
  virtual result<void> close() = 0;
};

// A file open for reading. Safe from many threads.
class input_file {
 public:
  virtual ~input_file() = default;
  virtual std::uint64_t size() const = 0;
  // Fills all of `out` or fails; errc::damaged if the file ends before.
  virtual result<void> read(std::uint64_t offset, byte_span out) = 0;
  // The whole file in memory, mapped where the system can; valid as long as this object. An empty view if it cannot be mapped.
  virtual byte_view map() = 0;
};

// An advisory lock on a file, gone when this dies or the process does. Never decides about safety, only about politeness.
class file_lock {
 public:
  virtual ~file_lock() = default;
};

struct directory_entry {
  std::string name;
  bool is_directory = false;
  std::uint64_t size = 0;
};

// Paths are the system's. Safe from many threads.
class file_system {
 public:
  virtual ~file_system() = default;
  // Creates a new file, O_EXCL, mode 0600 less umask; errc::exists if the name is taken. The system is asked to write to the
  // medium early, so that sync() is short.
  virtual result<std::unique_ptr<output_file>> create(const std::string& path) = 0;
  // Opens a regular file: errc::usage for anything else that has a name, such as a folder.
  virtual result<std::unique_ptr<input_file>> open(const std::string& path) = 0;
  // Gives an existing file a second name; errc::exists if another file has that; errc::unsupported where there are no hard links.
  virtual result<void> link(const std::string& from, const std::string& to) = 0;
  // Removes a file's name; errc::not_found if there is none.
  virtual result<void> remove(const std::string& path) = 0;
  // Makes the names in a directory survive power loss.
  virtual result<void> sync_directory(const std::string& path) = 0;
  // Creates a directory; success if it exists already, errc::usage if something else has the name. The parent must exist.
  virtual result<void> make_directory(const std::string& path) = 0;
  // Entries but "." and "..", sorted by name; errc::not_found if `path` is no directory.
  virtual result<std::vector<directory_entry>> list(const std::string& path) = 0;
  // Takes the lock at once or errc::busy; errc::unsupported where there are no locks. The file or directory must exist.
  virtual result<std::unique_ptr<file_lock>> lock(const std::string& path) = 0;
};

// The operating system's own.
std::unique_ptr<file_system> system_file_system();

}  // namespace umbra::store
