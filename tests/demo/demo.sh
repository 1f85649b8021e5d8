#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A tour of Umbra on a disk of its own: image it while it changes from day to day, break a copy of the vault, bring every day back.
# As root the disk is a loop device and its file system is mounted; else both are files. `./run demo` builds and calls this.
#
#   UMBRA=build/release/cli/umbra tests/demo/demo.sh [--files] [--size SIZE]
#
#   --files   work on files even as root
#   --size    about that much of real files on the disk (300M)
#
# Everything lies in one scratch folder under ${TMPDIR:-/tmp}, which is removed at the end, however it ends.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C.UTF-8
support=$(realpath "$(dirname "$0")/../support")
partition_offset=$((2048 * 512)) # where make_disk.sh puts the partition

bold='' dim='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

stop() {
  printf 'demo: %s\n' "$*" >&2
  exit 1
}

# ---- what it needs -------------------------------------------------------------------------------------------------------------
use_loop=no
[ "$(id -u)" -ne 0 ] || use_loop=yes
size=300M
while [ $# -gt 0 ]; do
  case $1 in
    --files) use_loop=no ;;
    --size)
      size=${2:?--size needs a size}
      shift
      ;;
    *) stop "unknown option '$1': --files, --size SIZE" ;;
  esac
  shift
done
data_bytes=$(numfmt --from=iec "$size")
disk_mib=$((2 * data_bytes / 1048576 + 64))
UMBRA=${UMBRA:?the path of the program umbra: ./run demo sets it}

check_tools() {
  local missing=() tool
  for tool in mke2fs:e2fsprogs debugfs:e2fsprogs sfdisk:fdisk python3:python3 losetup:mount; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
  done
  [ ${#missing[@]} -eq 0 ] || stop "these packages are missing; as root: apt-get install ${missing[*]}"
}

check_space() {
  local needed=$((8 * data_bytes / 1024)) free
  free=$(df --output=avail "${TMPDIR:-/tmp}" | tail -n 1)
  [ "$free" -ge $needed ] || stop "${TMPDIR:-/tmp} has $((free / 1024)) MiB free, $((needed / 1024)) MiB are needed;" \
    "set TMPDIR to a folder with more space, or pass --size 50M"
}

check_loop() {
  [ $use_loop = yes ] || return 0
  truncate -s 1M probe
  local node
  if node=$(losetup --find --show probe 2>/dev/null); then
    losetup -d "$node"
  else
    use_loop=no
    echo 'No loop device is to be had here: the disk will be a plain file.'
  fi
  rm probe
}

# ---- the scratch folder --------------------------------------------------------------------------------------------------------
scratch=
disk_node=
part_node=
is_mounted=no

clean_up() {
  set +e
  cd /
  [ $is_mounted = no ] || umount "$scratch/files" || umount -l "$scratch/files"
  [ -z "$part_node" ] || losetup -d "$part_node"
  [ -z "$disk_node" ] || losetup -d "$disk_node"
  [ -z "$scratch" ] || rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- how it tells --------------------------------------------------------------------------------------------------------------
chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s\n' "$*"; }

# show CODE ARGUMENT...: runs umbra as the user would type it, and expects this exit code
show() {
  local wanted=$1 code=0
  shift
  printf '%s  $ umbra %s%s\n' "$dim" "$*" "$plain"
  "$UMBRA" "$@" >output 2>&1 || code=$?
  sed 's/^/    /' output
  [ $code -eq "$wanted" ] || stop "exit code $code instead of $wanted"
}

# quietly ARGUMENT...: runs umbra and keeps what it says in JSON
quietly() { "$UMBRA" "$@" --json >report.json || stop "failed: umbra $*"; }

field() {
  tail -n 1 "${2:-report.json}" | python3 -IS -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$1"
}

mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }
rate() { awk -v bytes="$1" -v seconds="$2" 'BEGIN { printf "%.0f MiB/s", bytes / 1048576 / (seconds > 0.001 ? seconds : 0.001) }'; }

# ---- the disk ------------------------------------------------------------------------------------------------------------------
# Files to start with: as root they are copied straight onto the disk.
make_disk() {
  if [ $use_loop = yes ]; then
    "$support/make_disk.sh" disk.img ${disk_mib}M --files /usr/lib --files /usr/share --fill $((data_bytes / 2))
  else
    mkdir stock
    find /usr/lib /usr/share -xdev -type f -readable -size -20000k -printf '%s\t%p\n' | LC_ALL=C sort -k 2 |
      awk -F '\t' -v limit="$data_bytes" '{ total += $1; if (total <= limit) print $2 }' |
      tar -c -P --verbatim-files-from -T - -f - 2>/dev/null | tar -x -C stock --strip-components=1 -f - || true
    "$support/make_disk.sh" disk.img ${disk_mib}M --files stock --no-mount
  fi
  disk=disk.img
  if [ $use_loop = yes ]; then
    disk_node=$(losetup --find --show disk.img)
    disk=$disk_node
  fi
}

# change WHAT: as root through a mounted file system, else by debugfs
change() {
  head -c 12M /dev/urandom >fresh
  if [ $use_loop = yes ]; then
    part_node=$(losetup --find --show --offset $partition_offset --sizelimit $(((disk_mib - 2) * 1048576)) "$disk_node")
    mkdir -p files
    mount "$part_node" files
    is_mounted=yes
    cp fresh "files/report-$1"
    find files -mindepth 3 -name '*.h' -path '*/lib*' -print -quit | while read -r f; do rm -r "$(dirname "$f")"; done
    umount files
    is_mounted=no
    losetup -d "$part_node"
    part_node=
  else
    debugfs -w -R "write fresh report-$1" "disk.img?offset=$partition_offset" >/dev/null 2>&1
  fi
}

# day NAME: one image into the vault, one as a file that stands on the file of the day before
day() {
  local kind=${previous:+incremental}
  show 0 backup "$disk" --to vault --name disk
  quietly backup "$disk" --to "$1.umbra" ${previous:+--parent "$previous.umbra"}
  printf '%s  $ umbra backup %s --to %s.umbra%s%s\n    %s new, stored in %s\n' "$dim" "$disk" "$1" \
    "${previous:+ --parent $previous.umbra}" "$plain" "$(mib "$(field new_bytes)")" "$(mib "$(stat -c %s "$1.umbra")")"
  printf '%s\t%s\t%s\t%s\t%s\n' "$1" "${kind:-full}" "$(field new_bytes)" "$(stat -c %s "$1.umbra")" \
    "$(rate $((disk_mib * 1048576 - $(field image.sources.0.unallocated_bytes))) "$(field seconds)")" >>days
  # What the disk is this day, to compare with later.
  cp --sparse=always --reflink=auto disk.img "$1.img"
  previous=$1
}

# ---- breaking and bringing back ------------------------------------------------------------------------------------------------
break_something() {
  cp -r vault broken
  local pack at
  pack=$(find broken/packs -type f -size +1M | LC_ALL=C sort | head -n 1)
  at=$(($(stat -c %s "$pack") / 2))
  note "One byte of a copy is changed: $pack, at $at."
  python3 -IS -c '
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(int(sys.argv[2]))
    file.write(bytes([byte ^ 1]))' "$pack" "$at"
  show 6 verify broken
  rm -r broken
}

# same_as_then DAY FILE: file system clean, every block in use the same, the partition table the same
same_as_then() {
  e2fsck -fn "$2?offset=$partition_offset" >fsck.log 2>&1 || stop "$1: e2fsck finds faults: $(tail -n 3 fsck.log)"
  dumpe2fs "$1.img?offset=$partition_offset" 2>/dev/null |
    "$support/same_blocks.py" --dumpe2fs --offset $partition_offset "$1.img" "$2" >compared
  cmp -n $partition_offset "$1.img" "$2" || stop "$1: the partition table differs"
}

bring_back() {
  local day=$1 image=$2
  rm -f back.img
  quietly restore "$image" --to back.img --verify
  same_as_then "$day" back.img
  printf '  %-10s from %-12s %s, %s compared block by block: the same\n' "$day" "$image" 'e2fsck: clean' "$(mib "$(cat compared)")"
  printf '%s\n' "$(rate "$(field written_bytes)" "$(field seconds)")" >>"rates-$day"
}

all_blocks() {
  quietly backup "$disk" --to whole.umbra --all-blocks
  rm -f back.img
  quietly restore whole.umbra --to back.img
  cmp disk.img back.img || stop 'not the same'
  note '  with --all-blocks, free space included: cmp finds no difference'
}

print_table() {
  printf '  %-10s %-12s %12s %12s %14s %14s\n' DAY KIND 'NEW DATA' STORED 'IMAGED AT' 'RESTORED AT'
  local day kind new stored imaged
  while IFS=$'\t' read -r day kind new stored imaged; do
    printf '  %-10s %-12s %12s %12s %14s %14s\n' "$day" "$kind" "$(mib "$new")" "$(mib "$stored")" "$imaged" \
      "$(tail -n 1 "rates-$day")"
  done <days
}

# ---- the tour ------------------------------------------------------------------------------------------------------------------
check_tools
check_space
scratch=$(mktemp -d "${TMPDIR:-/tmp}/umbra-demo.XXXXXX")
cd "$scratch"
check_loop
previous=

chapter "1. A disk: $disk_mib MiB, a partition table, an ext4 with about $size of files"
[ $use_loop = yes ] || note 'Not root, or without loop devices: disk and file system are files. As root it is a loop device.'
make_disk
note "It is $disk; everything lies in $scratch and goes at the end."

chapter '2. Monday: a full image, into a vault and as a single file'
show 0 init vault
day monday

chapter '3. Tuesday and Wednesday: files came and went, incrementals hold what changed'
change tuesday
day tuesday
change wednesday
day wednesday
show 0 list vault

chapter '4. Verify: all checksums, then every block decoded and hashed again'
show 0 verify vault
show 0 verify vault --deep
show 0 verify wednesday.umbra --deep

chapter '5. A broken vault is found out'
break_something

chapter '6. Every day comes back'
show 0 restore vault::disk@1 --to new-disk.img --plan
bring_back monday vault::disk@2
bring_back tuesday vault::disk@1
bring_back wednesday vault::disk
bring_back monday monday.umbra
bring_back tuesday tuesday.umbra
bring_back wednesday wednesday.umbra
all_blocks

chapter '7. In figures (single files; rates count the bytes in use, from and to the page cache)'
print_table
note ''
note "The vault holds all three days in $(du -sh vault | cut -f 1). ./run bench measures properly; umbra --help shows the rest."
