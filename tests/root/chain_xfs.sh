#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# xfs on a loop device: a full image and incrementals, each brought back and checked by xfs_repair, by hash and block by block.
# shellcheck source=tests/support/file_system_chain.sh
. "$SOURCE_DIR/tests/support/file_system_chain.sh"
need_loop_devices
need_file_system xfs
need_tools mkfs.xfs xfs_db xfs_repair python3

size=$(((600 << 20) + 3 * 4096))
truncate -s $size disk.img
mkfs.xfs -q -f disk.img
run_chain xfs $size xfs_repair -n
# What xfs_db does not call free, as ddrescue lists it.
{
  xfs_db -r -c 'sb 0' -c 'p blocksize agblocks dblocks' disk.img
  xfs_db -r -c 'freesp -d' disk.img
} | python3 -IS -c '
import sys
facts, free = {}, []
for line in sys.stdin:
    words = line.split()
    if len(words) == 3 and words[1] == "=":
        facts[words[0]] = int(words[2])
    elif len(words) == 3 and all(w.isdigit() for w in words):
        free.append((int(words[0]) * facts["agblocks"] + int(words[1]), int(words[2])))
block, at = facts["blocksize"], 0
print("0x0 ?")
for begin, count in sorted(free) + [(facts["dblocks"], 0)]:
    if begin > at:
        print("0x%x 0x%x +" % (at * block, (begin - at) * block))
    at = begin + count' >domain
say "blocks in use compared: $("$SOURCE_DIR/tests/support/same_blocks.py" --domain domain disk.img target.img)"
