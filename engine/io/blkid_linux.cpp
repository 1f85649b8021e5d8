// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/blkid.h"

#include <blkid/blkid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/io/raw_io_posix.h"
#include "engine/io/unaligned_reader.h"
#include "engine/io/unique_fd.h"

namespace umbra::io {
namespace {

constexpr std::uint64_t end_size = 2_MiB;

result<void> write_all(int fd, std::uint64_t offset, byte_view bytes) {
  while (!bytes.empty()) {
    const auto moved = write_once(fd, offset, bytes);
    if (moved.os_error != 0) return os_failure(errc::io_write, "file in memory", moved.os_error);
    bytes = bytes.subspan(moved.bytes);
    offset += moved.bytes;
  }
  return success();
}

// A file in memory of the volume's size that holds its two ends and otherwise nothing.
result<unique_fd> copy_of_ends(unaligned_reader& volume) {
  const auto size = volume.size();
  if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) return error(errc::unsupported, "size");
  unique_fd file(::memfd_create("umbra-volume", MFD_CLOEXEC));
  if (!file.is_open()) return os_failure(errc::io_write, "file in memory");
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return os_failure(errc::io_write, "file in memory");
  const auto head = std::min(size, end_size);
  const auto tail = std::min(size - head, end_size);
  buffer memory(static_cast<std::size_t>(end_size));
  for (const auto& part : {range{0, head}, range{size - tail, tail}}) {
    const auto piece = memory.span().first(static_cast<std::size_t>(part.size));
    CHECK(volume.read(part.offset, piece));
    CHECK(write_all(file.get(), part.offset, piece));
  }
  return file;
}

std::string value_of(blkid_probe probe, const char* name) {
  const char* text = nullptr;
  return blkid_probe_lookup_value(probe, name, &text, nullptr) == 0 && text != nullptr ? text : std::string();
}

}  // namespace

result<std::optional<blkid_mark>> ask_blkid(device& volume) {
  unaligned_reader reader(volume);
  if (reader.size() == 0) return std::optional<blkid_mark>();
  TRY(const auto file, copy_of_ends(reader));
  const std::unique_ptr<blkid_struct_probe, void (*)(blkid_probe)> probe(blkid_new_probe(), blkid_free_probe);
  if (!probe || blkid_probe_set_device(probe.get(), file.get(), 0, 0) != 0) return error(errc::unsupported, "libblkid");
  blkid_probe_enable_partitions(probe.get(), 0);
  blkid_probe_enable_superblocks(probe.get(), 1);
  blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID);
  const auto answer = blkid_do_safeprobe(probe.get());
  if (answer == 1) return std::optional<blkid_mark>();
  if (answer == -2) return error(errc::decode, "libblkid sees several formats");
  if (answer != 0) return error(errc::io_read, "libblkid");
  blkid_mark mark{value_of(probe.get(), "TYPE"), value_of(probe.get(), "LABEL"), value_of(probe.get(), "UUID")};
  if (mark.type.empty()) return std::optional<blkid_mark>();
  return std::optional(std::move(mark));
}

}  // namespace umbra::io
