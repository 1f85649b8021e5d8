// SPDX-License-Identifier: GPL-3.0-or-later
// A store in a folder. Only the file_system interface is used, so the power-cut tests run this very code.
//
// put_if_absent: a temporary file is written and synced, then link() gives it its name, then the directory is synced. link() is
// the one call that both publishes whole files only and fails when the name is taken; rename() would replace, and O_EXCL under
// the final name would show half a file. Whoever finds the name taken syncs the directory too: the winner may have died between
// its link and its sync, and a decision that somebody acted on must not vanish.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>

#include "engine/store/store.h"

namespace umbra::store {
namespace {

// "packs/3f" of "packs/3f/x", "" of "x".
std::string folder_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? std::string() : name.substr(0, slash);
}

std::string last_segment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

result<void> check_name(const std::string& name) {
  if (is_valid_name(name)) return success();
  return error(errc::usage, "'" + name + "' cannot be the name of an object");
}

class local_object_writer final : public object_writer {
 public:
  local_object_writer(file_system& files, std::unique_ptr<output_file> file, std::string folder)
      : files_(files), file_(std::move(file)), folder_(std::move(folder)) {}

  result<void> append(std::span<const byte_view> pieces) override { return file_->append(pieces); }
  std::uint64_t size() const override { return file_->size(); }
  result<void> finish() override {
    CHECK(file_->sync());
    CHECK(file_->close());
    return files_.sync_directory(folder_);
  }

 private:
  file_system& files_;
  std::unique_ptr<output_file> file_;
  std::string folder_;
};

// Where locks are not known.
class no_lock final : public file_lock {};

class local_store final : public store {
 public:
  local_store(file_system& files, std::string root) : files_(files), root_(std::move(root)) {}

  std::string location() const override { return root_; }

  result<void> put_if_absent(const std::string& name, byte_view bytes) override {
    CHECK(check_name(name));
    TRY(const auto temporary, write_temporary(name, bytes));
    auto linked = files_.link(temporary, path_of(name));
    // Before the sync, so that the temporary name is as durably gone as the new one is there. If this fails, a hidden file stays.
    (void)files_.remove(temporary);
    const bool taken = linked.has_error() && linked.assume_error().code() == errc::exists;
    if (linked.has_error() && !taken) return linked;
    CHECK(files_.sync_directory(path_of(folder_of(name))));
    if (taken) return error(errc::exists, path_of(name));
    return success();
  }

  result<std::unique_ptr<object_writer>> create(const std::string& name) override {
    CHECK(check_name(name));
    TRY(auto file, create_file(name, path_of(name)));
    return std::make_unique<local_object_writer>(files_, std::move(file), path_of(folder_of(name)));
  }

  result<std::unique_ptr<input_file>> open(const std::string& name) override {
    CHECK(check_name(name));
    auto file = files_.open(path_of(name));
    // A folder of that name is no object.
    if (file.has_error() && file.assume_error().code() == errc::usage) return error(errc::not_found, path_of(name));
    return file;
  }

  result<std::vector<std::byte>> get(const std::string& name, std::uint64_t limit) override {
    TRY(const auto file, open(name));
    if (file->size() > limit) {
      return error(errc::damaged, path_of(name) + ": " + std::to_string(file->size()) + " bytes, at most " +
                                      std::to_string(limit) + " can be right");
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(file->size()));
    CHECK(file->read(0, bytes));
    return bytes;
  }

  result<std::vector<object_entry>> list(const std::string& prefix) override {
    const auto folder = folder_of(prefix);
    if (!folder.empty()) CHECK(check_name(folder));
    std::vector<object_entry> found;
    CHECK(list_folder(folder, prefix, found));
    std::ranges::sort(found, {}, &object_entry::name);
    return found;
  }

  result<void> remove(const std::string& name) override {
    CHECK(check_name(name));
    auto removed = files_.remove(path_of(name));
    if (removed.has_error()) return removed.assume_error().code() == errc::not_found ? result<void>(success()) : removed;
    return files_.sync_directory(path_of(folder_of(name)));
  }

  // Held on a hidden file beside the name, so that an object need not exist, or may be removed. The file stays: removing it would
  // let two processes hold "the" lock on two files.
  result<std::unique_ptr<file_lock>> lock(const std::string& name) override {
    CHECK(check_name(name));
    const auto path = hidden_path(name, "." + last_segment(name) + ".lock");
    auto created = create_file(name, path);
    if (created.has_error() && created.assume_error().code() != errc::exists) return std::move(created).assume_error();
    auto locked = files_.lock(path);
    if (locked.has_value()) return locked;
    if (locked.assume_error().code() == errc::unsupported) return std::make_unique<no_lock>();
    if (locked.assume_error().code() == errc::busy) return error(errc::busy, path_of(name));
    return locked;
  }

 private:
  // `name` may be "": the root.
  std::string path_of(const std::string& name) const { return name.empty() ? root_ : root_ + "/" + name; }

  // A name beside the object `name`, in the same folder.
  std::string hidden_path(const std::string& name, const std::string& hidden) const {
    return path_of(folder_of(name)) + "/" + hidden;
  }

  // Writes and syncs a temporary file beside `name`; returns its path. Names left behind by dead processes are passed over.
  result<std::string> write_temporary(const std::string& name, byte_view bytes) {
    while (true) {
      const auto path = hidden_path(name, ".put-" + last_segment(name) + "-" + std::to_string(next_temporary_++));
      auto file = create_file(name, path);
      if (file.has_error() && file.assume_error().code() == errc::exists) continue;
      if (file.has_error()) return std::move(file).assume_error();
      auto written = fill(*file.assume_value(), bytes);
      if (written.has_value()) return path;
      (void)files_.remove(path);
      return std::move(written).assume_error();
    }
  }

  static result<void> fill(output_file& file, byte_view bytes) {
    CHECK(file.append(bytes));
    CHECK(file.sync());
    return file.close();
  }

  // Creates `path` beside the object `name`, with the folders on the way.
  result<std::unique_ptr<output_file>> create_file(const std::string& name, const std::string& path) {
    CHECK(ensure_folder(folder_of(name)));
    auto file = files_.create(path);
    if (file.has_value() || file.assume_error().code() != errc::not_found) return file;
    // Somebody removed a folder that was there (index/ may be deleted at any time).
    forget_folders();
    CHECK(ensure_folder(folder_of(name)));
    return files_.create(path);
  }

  // Makes `folder` and those above it, and their names durable: also of one that exists, since whoever made it may not have come
  // to its sync. Once per folder and store.
  result<void> ensure_folder(const std::string& folder) {
    if (folder.empty() || is_durable(folder)) return success();
    CHECK(ensure_folder(folder_of(folder)));
    CHECK(files_.make_directory(path_of(folder)));
    CHECK(files_.sync_directory(path_of(folder_of(folder))));
    const std::lock_guard guard(mutex_);
    durable_folders_.insert(folder);
    return success();
  }

  bool is_durable(const std::string& folder) {
    const std::lock_guard guard(mutex_);
    return durable_folders_.contains(folder);
  }

  void forget_folders() {
    const std::lock_guard guard(mutex_);
    durable_folders_.clear();
  }

  result<void> list_folder(const std::string& folder, std::string_view prefix, std::vector<object_entry>& found) {
    auto entries = files_.list(path_of(folder));
    if (entries.has_error()) {
      // An absent root is no empty store: its disk may not be mounted.
      if (entries.assume_error().code() == errc::not_found && !folder.empty()) return success();
      return std::move(entries).assume_error();
    }
    for (const auto& entry : entries.assume_value()) {
      const auto name = folder.empty() ? entry.name : folder + "/" + entry.name;
      if (!is_valid_name(name)) continue;
      if (!entry.is_directory && name.starts_with(prefix)) found.push_back({name, entry.size});
      if (entry.is_directory && (name + "/").starts_with(prefix.substr(0, name.size() + 1)))
        CHECK(list_folder(name, prefix, found));
    }
    return success();
  }

  // Set before start.
  file_system& files_;
  std::string root_;
  // Guarded by mutex_.
  std::mutex mutex_;
  std::set<std::string> durable_folders_;
  // Atomic.
  std::atomic<std::uint64_t> next_temporary_{0};
};

}  // namespace

std::unique_ptr<store> make_local_store(file_system& files, std::string root) {
  return std::make_unique<local_store>(files, std::move(root));
}

}  // namespace umbra::store
