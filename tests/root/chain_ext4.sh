#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ext4 on a loop device: a full image and incrementals, each brought back and checked by e2fsck, by hash and block by block.
# shellcheck source=tests/support/file_system_chain.sh
. "$SOURCE_DIR/tests/support/file_system_chain.sh"
need_loop_devices
need_file_system ext4
need_tools mkfs.ext4 e2fsck dumpe2fs python3

# A size that no block size divides.
size=$(((600 << 20) + 7 * 4096))
truncate -s $size disk.img
mkfs.ext4 -q -F disk.img
run_chain ext4 $size e2fsck -fn

# The copy of a file that the vault holds is found there, wherever the kernel put it: blocks are cut on files.
expect_between 0 "$(field new_bytes tuesday.json)" $((6 << 20)) 'new bytes after copying a file'
say "blocks in use compared: $(dumpe2fs disk.img 2>/dev/null | "$SOURCE_DIR/tests/support/same_blocks.py" --dumpe2fs disk.img target.img)"
