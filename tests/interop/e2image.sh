#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# e2image -ra copies what an ext file system uses, as we do: its copy and ours are the same wherever something lies.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools e2image e2fsck mke2fs debugfs dumpe2fs resize2fs tune2fs python3
"$UMBRA" init vault --quiet
mkdir stock
fill stock 40M
random_bytes 3M >stock/random

compare() {
  local name=$1
  rm -f theirs.raw ours.raw
  e2image -ra disk.raw theirs.raw >/dev/null 2>&1
  "$UMBRA" backup disk.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet
  e2fsck -fn ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  dumpe2fs disk.raw 2>/dev/null | "$SOURCE_DIR/tests/support/same_blocks.py" --dumpe2fs disk.raw ours.raw >used
  # The other way round: e2image leaves out blocks that are in use but hold nothing yet, as inode tables never written: zeros in its copy.
  python3 -IS - <<'CHECK' || fail "$name: e2image copied something that we did not"
import sys
with open("theirs.raw", "rb") as theirs, open("ours.raw", "rb") as ours:
    while piece := theirs.read(1024):
        other = ours.read(len(piece))
        if piece != other and any(piece):
            sys.exit(1)
CHECK
  say "  $name: $(mib "$(cat used)") in use; e2image has nothing that we have not"
}

make() {
  rm -f disk.raw
  truncate -s 100M disk.raw
  mke2fs -q -F -d stock "$@" disk.raw
}

make -t ext4
compare ext4
debugfs -w -R 'rm random' disk.raw >/dev/null 2>&1
compare deleted
e2fsck -fy disk.raw >/dev/null 2>&1 || true
truncate -s 180M disk.raw
resize2fs disk.raw >/dev/null 2>&1
compare grown
resize2fs disk.raw 90M >/dev/null 2>&1
compare shrunk
make -t ext4 -b 1024 -O bigalloc -C 8192
compare bigalloc
make -t ext3
tune2fs -O extents,uninit_bg,dir_index disk.raw >/dev/null 2>&1
e2fsck -fyD disk.raw >/dev/null 2>&1 || true
compare converted

say 'an e2image restored into a raw file is a source like any other'
e2image -ra disk.raw copy.raw >/dev/null 2>&1
"$UMBRA" backup copy.raw --to vault --name copy --parent none --json >report.json
expect_between 0 "$(field new_bytes report.json)" $((4 << 20)) 'new bytes of the copy'
"$UMBRA" verify vault --deep --quiet
