// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shadow/storage_probe_linux.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/io/unique_fd.h"

namespace umbra::shadow {
namespace {

constexpr std::uint64_t places = 16;
constexpr std::uint64_t block = 4096;

enum class finding : std::uint8_t { readable, unreadable, nothing };  // nothing: no data there, so no disk was asked

finding look_at(int file, std::uint64_t offset, buffer& memory) {
  const auto data = ::lseek(file, static_cast<off_t>(offset), SEEK_DATA);
  if (data < 0) return errno == ENXIO ? finding::nothing : finding::unreadable;
  const auto from = static_cast<off_t>(align_down(static_cast<std::uint64_t>(data), block));
  const auto n = ::pread(file, memory.data(), memory.size(), from);
  if (n < 0) return finding::unreadable;
  return n > 0 ? finding::readable : finding::nothing;
}

}  // namespace

bool is_storage_there(int file, range window) {
  // Opened again: with a position and flags of its own.
  const unique_fd direct(::open(fmt::format("/proc/self/fd/{}", file).c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC | O_NONBLOCK));
  if (!direct.is_open()) return errno == EINVAL;  // a file system that has no reads past its caches
  buffer memory(block);
  bool was_refused = false;
  for (std::uint64_t i = 0; i < places; ++i) {
    const auto found = look_at(direct.get(), window.offset + window.size / places * i, memory);
    if (found == finding::readable) return true;
    if (found == finding::unreadable) was_refused = true;
  }
  return !was_refused;
}

}  // namespace umbra::shadow
