#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# exFAT: what Umbra takes is what dump.exfat calls used, to the byte, and what comes back is clean and the same. This kernel may
# not know exFAT, so the volumes are filled and read over FUSE.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools mkfs.exfat fsck.exfat dump.exfat mount.exfat-fuse python3
[ -e /dev/fuse ] || skip 'there is no FUSE'
"$UMBRA" init vault --quiet

# inside VOLUME COMMAND
inside() { "$SOURCE_DIR/tests/support/exfat_fill.sh" "$1" "$2"; }

# used_by_dump FILE: all but the free clusters, in bytes
used_by_dump() {
  dump.exfat "$1" | awk -v size="$(stat -c %s "$1")" -F ':[^0-9]*' '
    /^Cluster size/ { cluster = $2 }
    /^Free Clusters/ { free = $2 }
    END { printf "%.0f\n", size - free * cluster }'
}

# prints FILE TO: the hashes of all its files
prints() {
  inside "$1" "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha1sum >'$PWD/$2'"
  [ "$(wc -l <"$2")" -gt 20 ] || fail "$1: no files were found"
}

# variant NAME SIZE MKFS-OPTION...
variant() {
  local name=$1 size=$2 used found back_node disk_node
  shift 2
  rm -f disk.img
  truncate -s "$size" disk.img
  mkfs.exfat "$@" disk.img >made.log 2>&1 || fail "$name: mkfs.exfat: $(cat made.log)"
  inside disk.img "cp -r '$PWD'/files/. . && rm -r some && cp '$PWD'/files/large.bin again"
  prints disk.img disk.print
  fsck.exfat -n disk.img >check.log 2>&1 || fail "$name: fsck.exfat before: $(tail -n 3 check.log)"
  used=$(used_by_dump disk.img)
  attach disk.img
  disk_node=$node
  "$UMBRA" backup "$disk_node" --to vault --name "$name" --json >report.json
  detach "$disk_node"
  found=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  [ "$used" -eq "$found" ] || fail "$name: dump.exfat says $used bytes are in use, the image has $found"
  [ "$used" -lt "$(stat -c %s disk.img)" ] || fail "$name: the whole disk is in use, which proves nothing"

  rm -f back.img
  junk back.img 5M
  truncate -s "$(stat -c %s disk.img)" back.img
  attach back.img
  back_node=$node
  "$UMBRA" restore "vault::$name" --to "$back_node" --yes --quiet
  detach "$back_node"
  fsck.exfat -n back.img >check.log 2>&1 || fail "$name: fsck.exfat after: $(tail -n 3 check.log)"
  prints back.img back.print
  cmp disk.print back.print || fail "$name: files differ"
  say "  $name: $(mib "$used") of $(mib "$(stat -c %s disk.img)") in use"
}

mkdir -p files/some 'files/A folder with a long name/deeper'
for n in $(seq 40); do random_bytes 9K >"files/some/piece $n"; done
for n in $(seq 40); do random_bytes $((n * 2))K >"files/A folder with a long name/deeper/Größere Datei $n.data"; done
random_bytes 600K >files/large.bin
printf x >files/one
: >files/none

say 'bytes in use by dump.exfat and in our image, fsck.exfat, file hashes:'
variant small 20M
variant clusters-512 30M -c 512 -b 512
variant clusters-32k 300M -c 32K
variant clusters-128k 2G
variant clusters-1m 900M -c 1M
variant packed-bitmap 100M -c 4K --pack-bitmap
variant odd-size 77777K -c 8K
