#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# FAT12, FAT16 and FAT32: what Umbra takes is what fsck.fat calls used, to the byte, and what comes back is clean and the same.
# This kernel may not know FAT, so mtools fill and read the volumes.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools mkfs.fat fsck.fat mcopy mdel mdeltree python3
export MTOOLS_SKIP_CHECK=1
"$UMBRA" init vault --quiet

# used_by_fsck FILE: the clusters in use, and what lies before and behind all clusters, in bytes
used_by_fsck() {
  fsck.fat -n -v "$1" | awk -v size="$(stat -c %s "$1")" '
    / bytes per cluster/ { cluster = $1 }
    /Data area starts at byte/ { begin = $6 }
    / data clusters/ { total = $1 }
    / files, / { split($(NF - 1), n, "/"); used = n[1] }
    END { printf "%.0f\n", size - (total - used) * cluster }'
}

# prints FILE TO: the hashes of all its files
prints() {
  rm -rf out
  mkdir out
  mcopy -s -n -Q -i "$1" '::/*' out/
  (cd out && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha1sum) >"$2"
  [ "$(wc -l <"$2")" -gt 20 ] || fail "$1: mtools found no files"
}

# variant NAME SIZE SECTOR MKFS-OPTION...
variant() {
  local name=$1 size=$2 sector=$3 used found back_node disk_node
  shift 3
  rm -f disk.img
  truncate -s "$size" disk.img
  mkfs.fat -S "$sector" "$@" disk.img >made.log 2>&1 || fail "$name: mkfs.fat: $(cat made.log)"
  mcopy -s -i disk.img files/* ::/
  mdeltree -i disk.img ::/some
  prints disk.img disk.print
  fsck.fat -n disk.img >check.log || fail "$name: fsck.fat before: $(tail -n 3 check.log)"
  used=$(used_by_fsck disk.img)
  attach disk.img --sector-size "$sector"
  disk_node=$node
  "$UMBRA" backup "$disk_node" --to vault --name "$name" --json >report.json
  detach "$disk_node"
  found=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  [ "$used" -eq "$found" ] || fail "$name: fsck.fat says $used bytes are in use, the image has $found"
  [ "$used" -lt "$(stat -c %s disk.img)" ] || fail "$name: the whole disk is in use, which proves nothing"

  rm -f back.img
  junk back.img 5M
  truncate -s "$(stat -c %s disk.img)" back.img
  attach back.img --sector-size "$sector"
  back_node=$node
  "$UMBRA" restore "vault::$name" --to "$back_node" --yes --quiet
  detach "$back_node"
  fsck.fat -n back.img >check.log || fail "$name: fsck.fat after: $(tail -n 3 check.log)"
  prints back.img back.print
  cmp disk.print back.print || fail "$name: files differ"
  say "  $name: $(mib "$used") of $(mib "$(stat -c %s disk.img)") in use"
}

mkdir -p files/some 'files/A folder with a long name/deeper'
for n in $(seq 40); do random_bytes 9K >"files/some/piece $n"; done
for n in $(seq 40); do random_bytes $((n * 2))K >"files/A folder with a long name/deeper/This is file number $n.data"; done
random_bytes 600K >files/large.bin
printf x >files/one
: >files/none

say 'bytes in use by fsck.fat and in our image, fsck.fat, file hashes:'
variant fat12 8M 512 -F 12 -s 8
variant fat12-1k-sectors 12M 1024 -F 12
variant fat16 64M 512 -F 16
variant fat16-odd-size 50001K 512 -F 16 -f 1
variant fat16-2k-sectors 130M 2048 -F 16
variant fat16-64k-clusters 600M 512 -F 16 -s 128
variant fat32 300M 512 -F 32
variant fat32-512 60M 512 -F 32 -s 1
variant fat32-4k-sectors 400M 4096 -F 32
variant fat32-32k-clusters 2500M 512 -F 32 -s 64
variant fat32-reserved 100M 512 -F 32 -R 1000 -b 9
