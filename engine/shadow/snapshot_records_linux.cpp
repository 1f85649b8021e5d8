// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "engine/io/raw_io_posix.h"
#include "engine/io/small_file_posix.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/result_code.h"
#include "engine/shadow/snapshot_records.h"

namespace umbra::shadow {
namespace {

constexpr const char* begun = ".begun";
constexpr const char* made_suffix = ".made";
constexpr const char* reverting_suffix = ".reverting";

class file_claim final : public snapshot_records::claim {
 public:
  explicit file_claim(unique_fd file) : file_(std::move(file)) {}

 private:
  unique_fd file_;
};

std::string file_name(const guid& snapshot, const char* suffix) {
  const auto braced = to_string(snapshot);
  return braced.substr(1, braced.size() - 2) + suffix;
}

result<void> make_folders(const std::string& path) {
  for (std::size_t slash = 1; slash != std::string::npos && slash < path.size();) {
    slash = path.find('/', slash + 1);
    const auto part = path.substr(0, slash);
    if (::mkdir(part.c_str(), S_IRWXU) != 0 && errno != EEXIST) return os_failure(errc::io_write, part);
  }
  return success();
}

result<void> write_all(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto m = io::write_once(fd, at, as_bytes(text).subspan(at));
    if (m.bytes == 0) return os_failure(errc::io_write, "a record", m.os_error == 0 ? EIO : m.os_error);
    at += m.bytes;
  }
  return success();
}

class folder_records final : public snapshot_records {
 public:
  explicit folder_records(std::string folder) : folder_(std::move(folder)) {}

  result<std::unique_ptr<claim>> begin(const snapshot_record& record) override {
    CHECK(make_folders(folder_));
    TRY(auto file, write(record, begun));
    return std::unique_ptr<claim>(std::make_unique<file_claim>(std::move(file)));
  }

  result<void> complete(const snapshot_record& record) override {
    CHECK(write(record, made_suffix));
    return success();
  }

  result<void> withdraw(const guid& snapshot) override { return remove(snapshot, made_suffix); }
  result<void> end(const guid& snapshot) override { return remove(snapshot, begun); }
  result<std::vector<snapshot_record>> made(const guid& provider) override { return all(provider, made_suffix); }

  result<void> clear_leftovers(const guid& provider, const std::function<result<void>(const snapshot_record&)>& clear) override {
    TRY(const auto candidates, all(provider, begun));
    result<void> outcome = success();
    for (const auto& record : candidates) {
      const auto id = record.prop.snapshot_id;
      if (exists(id, made_suffix)) continue;
      const auto file = take(id, begun);
      // Looked at again under the lock: its maker writes the one before it lets go of the other.
      if (!file.is_open() || exists(id, made_suffix)) continue;
      auto cleared = clear(record);
      if (cleared.has_value()) cleared = end(id);
      if (outcome.has_value()) outcome = std::move(cleared);
    }
    return outcome;
  }

  result<std::unique_ptr<claim>> begin_revert(const snapshot_record& record) override {
    const auto id = record.prop.snapshot_id;
    if (exists(id, reverting_suffix)) {
      if (auto file = take(id, reverting_suffix); file.is_open()) {
        return std::unique_ptr<claim>(std::make_unique<file_claim>(std::move(file)));
      }
      return failure(result_code::e_revert_in_progress, "a revert to this shadow copy goes on already");
    }
    TRY(auto file, write(record, reverting_suffix));
    return std::unique_ptr<claim>(std::make_unique<file_claim>(std::move(file)));
  }
  result<void> end_revert(const guid& snapshot) override { return remove(snapshot, reverting_suffix); }
  result<std::vector<snapshot_record>> reverting(const guid& provider) override { return all(provider, reverting_suffix); }

 private:
  std::string path(const guid& snapshot, const char* suffix) const { return folder_ + "/" + file_name(snapshot, suffix); }

  bool exists(const guid& snapshot, const char* suffix) const {
    struct stat status {};
    return ::stat(path(snapshot, suffix).c_str(), &status) == 0;
  }

  // Locked; closed if somebody else has it.
  unique_fd take(const guid& snapshot, const char* suffix) const {
    unique_fd file(::open(path(snapshot, suffix).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) file.reset();
    return file;
  }

  result<unique_fd> open_folder() const {
    unique_fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder.is_open()) return os_failure(errc::io_read, folder_);
    return folder;
  }

  // Nameless until it is whole, on disk, and locked.
  result<unique_fd> write(const snapshot_record& record, const char* suffix) const {
    const auto name = file_name(record.prop.snapshot_id, suffix);
    TRY(const auto folder, open_folder());
    unique_fd file(::openat(folder.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.is_open()) return os_failure(errc::io_write, folder_);
    CHECK(within(folder_, write_all(file.get(), to_json(record))));
    if (::fsync(file.get()) != 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return os_failure(errc::io_write, folder_);
    const auto unnamed = fmt::format("/proc/self/fd/{}", file.get());
    if (::linkat(AT_FDCWD, unnamed.c_str(), folder.get(), name.c_str(), AT_SYMLINK_FOLLOW) != 0 || ::fsync(folder.get()) != 0) {
      return os_failure(errc::io_write, folder_ + "/" + name);
    }
    return file;
  }

  result<void> remove(const guid& snapshot, const char* suffix) const {
    const auto name = file_name(snapshot, suffix);
    struct stat status {};
    if (::stat(folder_.c_str(), &status) != 0 && errno == ENOENT) return success();
    TRY(const auto folder, open_folder());
    if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT)
      return os_failure(errc::io_write, folder_ + "/" + name);
    if (::fsync(folder.get()) != 0) return os_failure(errc::io_write, folder_);
    return success();
  }

  result<std::vector<snapshot_record>> all(const guid& provider, std::string_view suffix) const {
    std::vector<snapshot_record> found;
    for (const auto& name : io::names_in(folder_)) {
      if (!name.ends_with(suffix)) continue;
      auto record = parse_snapshot_record(io::read_text(folder_ + "/" + name));
      if (record.has_error() || record.assume_value().prop.provider_id != provider) continue;
      // A record speaks for the copy that it is named after, and for no other.
      if (name != file_name(record.assume_value().prop.snapshot_id, "") + std::string(suffix)) continue;
      found.push_back(std::move(record).assume_value());
    }
    return found;
  }

  const std::string folder_;
};

}  // namespace

std::shared_ptr<snapshot_records> open_snapshot_records(const std::string& folder) {
  return std::make_shared<folder_records>(folder);
}

}  // namespace umbra::shadow
