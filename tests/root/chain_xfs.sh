#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# xfs on a loop device: a full image and incrementals, each brought back and checked by xfs_repair, by hash and bit for bit.
# shellcheck source=tests/support/file_system_chain.sh
. "$SOURCE_DIR/tests/support/file_system_chain.sh"
need_loop_devices
need_file_system xfs
need_tools mkfs.xfs xfs_repair python3

size=$(((600 << 20) + 3 * 4096))
truncate -s $size disk.img
mkfs.xfs -q -f disk.img
run_chain xfs $size xfs_repair -n
cmp -n $size disk.img target.img || fail 'not bit for bit the same'
