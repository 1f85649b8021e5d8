// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/set_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include <fmt/format.h>

#include "engine/io/small_file_posix.h"
#include "engine/io/unique_fd.h"
#include "engine/shadow/plain_text.h"
#include "engine/shadow/result_code.h"

namespace umbra::shadow {
namespace {

class file_set_lock final : public set_lock {
 public:
  explicit file_set_lock(unique_fd file) : file_(std::move(file)) {}

 private:
  unique_fd file_;
};

// "process 4711 (umbra)": as far as is known. The file holds the number of its last holder.
std::string holder_of(const std::string& path) {
  constexpr std::size_t shown = 40;
  const auto text = io::read_text(path);
  unsigned number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || number == 0) return "another process";
  const auto name = one_line(io::trimmed(io::read_text(fmt::format("/proc/{}/comm", number))), shown);
  return name.empty() ? fmt::format("process {}", number) : fmt::format("process {} ({})", number, name);
}

error in_progress(const std::string& path) {
  return failure(result_code::e_snapshot_set_in_progress,
                 fmt::format("{} makes a shadow copy set just now: wait until it is done, and try again", holder_of(path)));
}

}  // namespace

result<std::unique_ptr<set_lock>> take_set_lock(const std::string& path) {
  const auto folder = path.substr(0, path.rfind('/'));
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return os_failure(errc::io_write, folder);
  unique_fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return os_failure(errc::io_write, path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return in_progress(path);
    return os_failure(errc::io_write, "locking " + path);
  }
  // Only for people: who cannot write it down has the lock all the same.
  const auto number = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) == 0) (void)::pwrite(file.get(), number.data(), number.size(), 0);
  return std::unique_ptr<set_lock>(std::make_unique<file_set_lock>(std::move(file)));
}

}  // namespace umbra::shadow
