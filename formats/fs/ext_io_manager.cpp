// SPDX-License-Identifier: GPL-3.0-or-later
// libext2fs asks for blocks through a table of C functions: this one reads from an io::device and refuses to write.
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "formats/fs/ext_volume.h"

namespace umbra::fs {

thread_local io::unaligned_reader* ext_io::next = nullptr;

namespace {

io::unaligned_reader& reader_of(io_channel channel) { return *static_cast<io::unaligned_reader*>(channel->private_data); }

errcode_t open_channel(const char* name, int, io_channel* out) {
  if (!ext_io::next) return EXT2_ET_BAD_DEVICE_NAME;
  // Plain C memory: libext2fs frees the channel's parts with free().
  auto* channel = static_cast<io_channel>(std::calloc(1, sizeof(struct_io_channel)));
  if (!channel) return EXT2_ET_NO_MEMORY;
  channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
  channel->manager = ext_io::manager();
  channel->name = ::strdup(name);
  channel->block_size = 1024;
  channel->refcount = 1;
  channel->private_data = ext_io::next;
  *out = channel;
  return 0;
}

errcode_t close_channel(io_channel channel) {
  if (--channel->refcount > 0) return 0;
  std::free(channel->name);
  std::free(channel);
  return 0;
}

errcode_t set_block_size(io_channel channel, int size) {
  channel->block_size = size;
  return 0;
}

// A negative count is a number of bytes.
errcode_t read_blocks(io_channel channel, unsigned long long block, int count, void* data) {
  const auto block_size = static_cast<std::uint64_t>(channel->block_size);
  const auto size = count < 0 ? static_cast<std::uint64_t>(-std::int64_t{count}) : static_cast<std::uint64_t>(count) * block_size;
  const auto offset = checked_mul(block, block_size);
  if (!offset) return EXT2_ET_SHORT_READ;
  const byte_span out(static_cast<std::byte*>(data), static_cast<std::size_t>(size));
  if (reader_of(channel).read(*offset, out).has_error()) return EXT2_ET_SHORT_READ;
  return 0;
}

errcode_t read_blocks_short(io_channel channel, unsigned long block, int count, void* data) {
  return read_blocks(channel, block, count, data);
}

errcode_t refuse_write(io_channel, unsigned long, int, const void*) { return EXT2_ET_RO_FILSYS; }
errcode_t refuse_write64(io_channel, unsigned long long, int, const void*) { return EXT2_ET_RO_FILSYS; }
errcode_t refuse_range(io_channel, unsigned long long, unsigned long long) { return EXT2_ET_RO_FILSYS; }
errcode_t ignore_flush(io_channel) { return 0; }
errcode_t ignore_readahead(io_channel, unsigned long long, unsigned long long) { return 0; }
errcode_t refuse_option(io_channel, const char*, const char*) { return EXT2_ET_INVALID_ARGUMENT; }

struct_io_manager make_manager() {
  struct_io_manager m{};
  m.magic = EXT2_ET_MAGIC_IO_MANAGER;
  m.name = "umbra device";
  m.open = open_channel;
  m.close = close_channel;
  m.set_blksize = set_block_size;
  m.read_blk = read_blocks_short;
  m.read_blk64 = read_blocks;
  m.write_blk = refuse_write;
  m.write_blk64 = refuse_write64;
  m.write_byte = refuse_write;
  m.flush = ignore_flush;
  m.set_option = refuse_option;
  m.discard = refuse_range;
  m.zeroout = refuse_range;
  m.cache_readahead = ignore_readahead;
  return m;
}

}  // namespace

io_manager ext_io::manager() {
  static struct_io_manager m = make_manager();
  return &m;
}

std::string words_of(errcode_t code) {
  static std::once_flag once;
  std::call_once(once, initialize_ext2_error_table);
  return error_message(code);
}

result<ext_handle> open_ext(io::unaligned_reader& reader) {
  ext_io::next = &reader;
  ext2_filsys fs = nullptr;
  const auto code = ext2fs_open2("volume", nullptr, EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP, 0, 0, ext_io::manager(), &fs);
  ext_io::next = nullptr;
  if (code != 0) return error(errc::decode, words_of(code));
  return ext_handle(fs);
}

}  // namespace umbra::fs
