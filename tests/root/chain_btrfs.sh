#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# btrfs on a loop device: a full image and incrementals, each brought back and checked by btrfs check, by hash and block by block.
# shellcheck source=tests/support/file_system_chain.sh
. "$SOURCE_DIR/tests/support/file_system_chain.sh"
need_loop_devices
need_file_system btrfs
need_tools mkfs.btrfs btrfs python3

# Both devices carry the same file system: the kernel must forget one before it sees the other.
check_btrfs() { btrfs check --readonly --check-data-csum "$1" && btrfs device scan --forget; }

size=$(((600 << 20) + 4096))
truncate -s $size disk.img
mkfs.btrfs -q disk.img 2>mkfs.log
run_chain btrfs $size check_btrfs
"$SOURCE_DIR/tests/support/btrfs_used.py" disk.img >domain
say "blocks in use compared: $("$SOURCE_DIR/tests/support/same_blocks.py" --domain domain disk.img target.img)"
