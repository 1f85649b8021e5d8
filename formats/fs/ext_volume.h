// SPDX-License-Identifier: GPL-3.0-or-later
// An ext file system opened through libext2fs on one of our devices, for reading only.
#pragma once

#include <memory>
#include <string>

#include <ext2fs/ext2fs.h>

#include "engine/base/result.h"
#include "engine/io/unaligned_reader.h"

namespace umbra::fs {

// The library's way to our bytes (ext_io_manager.cpp). Its open() takes the reader from `next`: the library offers no place for
// it.
class ext_io {
 public:
  static io_manager manager();
  // The reader that the next open() on this thread will use.
  static thread_local io::unaligned_reader* next;
};

// The library's words for one of its codes.
std::string words_of(errcode_t code);

struct release_ext {
  void operator()(ext2_filsys fs) const { ext2fs_free(fs); }
};
using ext_handle = std::unique_ptr<struct_ext2_filsys, release_ext>;

// Reads superblock and group descriptors and checks their checksums. `reader` must outlive the handle.
result<ext_handle> open_ext(io::unaligned_reader& reader);

}  // namespace umbra::fs
