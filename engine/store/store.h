// SPDX-License-Identifier: GPL-3.0-or-later
// Named objects, written once: what a vault is made of. Names look like "packs/3f/3f…-0": at most eight segments of one to 200
// characters [a-z0-9._-], separated by '/', never starting with '.'; anything else is errc::usage. Contract as strict as an
// object store with If-None-Match can hold.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/file_system.h"

namespace umbra::store {

struct object_entry {
  std::string name;
  std::uint64_t size = 0;
};

// A large object being written. One thread at a time. Until finish() has succeeded, nobody may rely on it: it may be absent,
// or present in part.
class object_writer {
 public:
  virtual ~object_writer() = default;  // without finish(): what was written may stay behind, in part
  virtual result<void> append(std::span<const byte_view> pieces) = 0;
  virtual std::uint64_t size() const = 0;
  // After success the whole object and its name survive power loss. No call after it.
  virtual result<void> finish() = 0;
};

// Safe from many threads and many processes at once.
class store {
 public:
  virtual ~store() = default;
  // Where it is, for people.
  virtual std::string location() const = 0;

  // The whole object at once, durable when this returns, or errc::exists and the old one untouched, whole and durable too. Never
  // half an object. After any other error the object may or may not be there: ask again, or open it.
  virtual result<void> put_if_absent(const std::string& name, byte_view bytes) = 0;
  // A new large object; errc::exists if the name was ever used.
  virtual result<std::unique_ptr<object_writer>> create(const std::string& name) = 0;
  // errc::not_found if absent.
  virtual result<std::unique_ptr<input_file>> open(const std::string& name) = 0;
  // A small object in one go; errc::damaged if it is larger than `limit`.
  virtual result<std::vector<std::byte>> get(const std::string& name, std::uint64_t limit) = 0;
  // All objects whose name starts with `prefix` (a folder: "packs/", or ""), sorted by name. Every object that was there before
  // the call and not removed is listed; objects being written may be. An absent folder is an empty list. Foreign files whose
  // names cannot be objects' are not listed.
  virtual result<std::vector<object_entry>> list(const std::string& prefix) = 0;
  // Durable when this returns. Success also if it is absent. Only derived objects and collectors' victims are ever removed.
  virtual result<void> remove(const std::string& name) = 0;
  // Advisory: marks `name` as held by a living process; errc::busy if another (or this one) holds it. An object of that name need
  // not exist and is not made. The lock may outlive the store. Stores that cannot tell always grant.
  virtual result<std::unique_ptr<file_lock>> lock(const std::string& name) = 0;
};

// A folder `root` on `files`, which must outlive it. The folder must exist. put_if_absent: temporary file, sync, link, sync of
// the directory. New folders on the way are made and synced. Names that start with '.' are its own: temporary files, which a dead
// process may leave behind, and lock files.
std::unique_ptr<store> make_local_store(file_system& files, std::string root);
// In memory, for tests and benches.
std::unique_ptr<store> make_memory_store();

constexpr std::size_t longest_name_segment = 200;  // leaves room in 255 for what is put around a temporary name
constexpr std::size_t deepest_name = 8;            // segments
// True if `name` follows the rule above.
bool is_valid_name(std::string_view name) noexcept;

}  // namespace umbra::store
