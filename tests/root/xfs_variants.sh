#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# XFS as mkfs.xfs makes it, with other blocks, groups, sectors and features, filled and half emptied, at rest and while it is
# mounted: what Umbra takes is what xfs_db calls used, what comes back is clean for xfs_repair and the same.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system xfs
need_tools mkfs.xfs xfs_db xfs_repair fsfreeze xfs_io python3
"$UMBRA" init vault --quiet

# used_by_xfs_db FILE: bytes that its list of free extents does not have. What is kept in reserve for the trees is in that
# list, though it counts as used for us, so there are two numbers: all but the list, and that with the reserve.
used_by_xfs_db() {
  local size block groups
  size=$(stat -c %s "$1")
  block=$(xfs_db -r -c 'sb 0' -c 'p blocksize' "$1" | awk '{ print $3 }')
  groups=$(xfs_db -r -c 'sb 0' -c 'p agcount' "$1" | awk '{ print $3 }')
  local reserve=0 group
  for ((group = 0; group < groups; ++group)); do
    reserve=$((reserve + $(xfs_db -r -c "agf $group" -c 'p flcount' "$1" | awk '{ print $3 }')))
  done
  xfs_db -r -c 'freesp -s' "$1" | awk -v size="$size" -v block="$block" -v reserve="$reserve" '
    /^total free blocks/ { printf "%.0f\n", size - ($4 - reserve) * block }'
}

# used_by_us NAME SOURCE: makes an image
used_by_us() {
  "$UMBRA" backup "$2" --to vault --name "$1" --json >report.json
  printf '%s\n' $(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
}

# come_back NAME PRINT: the image on another disk is a file system without faults, with the same files
come_back() {
  "$UMBRA" restore "vault::$1" --to "$back_node" --yes --quiet
  mount_at printed -o nouuid "$back_node"  # replays the log where there is one
  fingerprint printed >back.print
  unmount printed
  cmp "$2" back.print || fail "$1: files differ"
  xfs_repair -n "$back_node" >check.log 2>&1 || fail "$1: xfs_repair -n: $(tail -n 5 check.log)"
}

check_at_rest() {
  local name=$1 used found
  used=$(used_by_xfs_db disk.img)
  found=$(used_by_us "$name" "$disk_node")
  [ "$used" -eq "$found" ] || fail "$name: xfs_db says $used bytes are in use, the image has $found"
  [ "$used" -lt $((size * 3 / 4)) ] || fail "$name: nearly all of the disk is in use, which proves nothing"
  come_back "$name" disk.print
  say "  $name: $(mib "$used") in use"
}

# Frozen, the log holds the superblock's counters, and the copy is understood. Copied while files come and go, without a
# freeze, it is copied whole.
check_mounted() {
  local name=$1 found
  cp -a files/. disk/again
  fsfreeze -f disk
  cp --sparse=always disk.img frozen.img
  fsfreeze -u disk
  fingerprint disk >frozen.print
  found=$(used_by_us "$name-frozen" frozen.img)
  [ "$found" -lt $((size * 3 / 4)) ] || fail "$name: a frozen copy was not understood"
  come_back "$name-frozen" frozen.print

  cp -a files/. disk/once-more
  rm -r disk/again
  xfs_io -c syncfs disk
  cp --sparse=always disk.img crashed.img
  found=$(used_by_us "$name-crashed" crashed.img)
  [ "$found" -eq $size ] || check_crashed "$name" "$found"
}

# It was understood all the same: then nothing in use may be missing once the log has been replayed.
check_crashed() {
  "$UMBRA" restore "vault::$1-crashed" --to "$back_node" --yes --quiet
  mount_at printed -o nouuid "$back_node"
  diff -r files printed/once-more >diff.log || fail "$1: a copy without a freeze lost files: $(head -n 3 diff.log)"
  unmount printed
}

# variant NAME MKFS-OPTION...
variant() {
  local name=$1
  shift
  rm -f disk.img
  truncate -s $size disk.img
  mkfs.xfs -q -f "$@" disk.img >mkfs.log 2>&1 || fail "$name: $(tail -n 3 mkfs.log)"
  attach disk.img
  disk_node=$node
  mount_at disk -o "${mount_options:-defaults}" "$disk_node"
  mkdir disk/again disk/once-more
  cp -a files/. disk/
  rm -r disk/some disk/piece-*[13579]
  make_extents disk/in-pieces
  [ -z "${shares:-}" ] || cp --reflink=always disk/random disk/random-again
  fingerprint disk >disk.print
  unmount disk
  check_at_rest "$name"
  mount_at disk -o "${mount_options:-defaults}" "$disk_node"
  check_mounted "$name"
  unmount disk
  detach "$disk_node"
}

# A file whose extents need a tree: parts of it are there, written from its end on.
make_extents() {
  python3 -IS - "$1" <<'PYTHON'
import os, sys
with open(sys.argv[1], "wb") as out:
    for i in reversed(range(600)):
        os.pwrite(out.fileno(), b"piece %d" % i * 500, i * 131072)
PYTHON
}

size=$(((320 << 20) + 5 * 512))
mkdir files files/some
fill files/some 2M /usr/share
fill files 8M /usr/lib/x86_64-linux-gnu
truncate -s 3M files/hole
random_bytes 1M >files/random
for n in $(seq 300); do random_bytes 5K >"files/piece-$n"; done

junk back.img 321M
truncate -s $size back.img
attach back.img
back_node=$node

say 'bytes in use by xfs_db and in our image; frozen; copied without a freeze; xfs_repair, file hashes:'
shares=yes variant default
mount_options=logbsize=256k variant no-sharing -m reflink=0
shares=yes variant owner-tree -m rmapbt=1,reflink=1
variant blocks-1k -b size=1024 -s size=1024
variant sectors-4k-log-stripe -s size=4096 -l sunit=64
variant groups-9 --unsupported -d agcount=9
variant old-inodes -i size=2048,sparse=0 -m finobt=0,inobtcount=0,bigtime=0
variant many-extents -i nrext64=1 -n size=16384
