#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A tour of Umbra on a disk of its own: image it while it changes from day to day, break a copy of the vault, bring every day back.
# As root the disk is a loop device whose file system is mounted, and written to by a process all the time: the images are read from
# shadow copies, and what comes back must stand at one instant. Where files cannot be cloned for that, the file system is unmounted
# for each image; without root all is done on files. `./run demo` builds and calls this.
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
is_live=no # mounted and written to while it is imaged
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
writer=
held=() # what is attached and mounted, as "loop NODE" and "mount FOLDER"

let_go() {
  local what=${held[-1]#* }
  case ${held[-1]} in
    loop*) losetup -d "$what" ;;
    mount*) umount "$what" || umount -l "$what" ;;
  esac
  unset 'held[-1]'
}

clean_up() {
  set +e
  cd "$scratch" || return
  stop_writer
  while [ ${#held[@]} -gt 0 ]; do let_go; done
  cd /
  rm -rf "$scratch"
}
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# attach FILE [LOSETUP-OPTION]...: sets `node`; mount_on FOLDER MOUNT-ARGUMENT...: both until let_go
attach() {
  node=$(losetup --find --show "${@:2}" "$1")
  held+=("loop $node")
}
mount_on() {
  mkdir -p "$1"
  mount "${@:2}" "$1"
  held+=("mount $1")
}

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
can_clone() {
  case $(stat -f -c %T .) in xfs | btrfs) ;; *) return 1 ;; esac
  echo probe >probe && cp --reflink=always probe probe.clone 2>/dev/null
}

# A folder in which files can be cloned, for the disk's file: this one, or an XFS in a loop device.
make_home() {
  home=
  [ $use_loop = yes ] || return 0
  if can_clone; then
    is_live=yes
  elif command -v mkfs.xfs >/dev/null && { grep -qw xfs /proc/filesystems || modprobe -q xfs 2>/dev/null; }; then
    truncate -s $((2 * disk_mib + 1024))M home.img
    mkfs.xfs -q home.img
    attach home.img
    mount_on home "$node"
    home=home/
    is_live=yes
  else
    note 'Neither can files be cloned here nor is there an XFS to be had: the file system is unmounted for each image.'
  fi
  rm -f probe probe.clone
}

# Files to start with: as root they are copied straight onto the disk.
make_disk() {
  disk_file=${home}disk.img
  if [ $use_loop = yes ]; then
    "$support/make_disk.sh" "$disk_file" ${disk_mib}M --files /usr/lib --files /usr/share --fill $((data_bytes / 2))
  else
    mkdir stock
    find /usr/lib /usr/share -xdev -type f -readable -size -20000k -printf '%s\t%p\n' | LC_ALL=C sort -k 2 |
      awk -F '\t' -v limit="$data_bytes" '{ total += $1; if (total <= limit) print $2 }' |
      tar -c -P --verbatim-files-from -T - -f - 2>/dev/null | tar -x -C stock --strip-components=1 -f - || true
    "$support/make_disk.sh" "$disk_file" ${disk_mib}M --files stock --no-mount
  fi
  disk=$disk_file
  if [ $use_loop = yes ]; then
    attach "$disk_file"
    disk=$node
  fi
}

partition=(--offset "$partition_offset" --sizelimit "$(((disk_mib - 2) * 1048576))")
# What is to be cloned lies straight in the file; else it is seen through the disk, whose cached pages then stay true.
mount_files() {
  if [ $is_live = yes ]; then attach "$disk_file" "${partition[@]}"; else attach "$disk" "${partition[@]}"; fi
  mount_on files "$node"
}

# The application: counts without end, each number appended to a log and then written over a count, each of them synced.
start_writer() {
  mkdir files/live
  python3 -IS -c '
import os
log = os.open("files/live/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
count = os.open("files/live/count", os.O_WRONLY | os.O_CREAT)
n = 0
while True:
    n += 1
    os.write(log, b"%d\n" % n)
    os.fsync(log)
    os.pwrite(count, b"%012d\n" % n, 0)
    os.fsync(count)' &
  writer=$!
  # Its writer for Umbra has nothing to do at freeze: the log is good at any instant.
  mkdir -m 755 writers.d
  printf '{"name": "Demo Log", "class_id": "{6d0b0f0a-5f1c-4c7e-9d0f-3f6f1f0c8a11}", "components": [{"name": "log", "files": [{"path": "%s"}]}]}\n' \
    "$PWD/files/live" >writers.d/demo-log.json
  shadow=(--writers writers.d)
  until [ -s files/live/count ]; do sleep 0.05; done
}
stop_writer() {
  [ -n "$writer" ] || return 0
  kill "$writer"
  wait "$writer" 2>/dev/null || true
  writer=
}
count_now() { echo $((10#$(cat "${1:-files}/live/count"))); }

# fingerprint FOLDER: of all files but those that the writer changes
fingerprint() {
  (cd "$1" && find . -path ./live -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha1sum)
}

# change WHAT: as root through a mounted file system, else by debugfs
change() {
  head -c 12M /dev/urandom >fresh
  if [ $use_loop = yes ]; then
    [ $is_live = yes ] || mount_files
    cp fresh "files/report-$1"
    find files -mindepth 3 -name '*.h' -path '*/lib*' -print -quit | while read -r f; do rm -r "$(dirname "$f")"; done
    [ $is_live = yes ] || { let_go && let_go; }
  else
    debugfs -w -R "write fresh report-$1" "disk.img?offset=$partition_offset" >/dev/null 2>&1
  fi
}

# day NAME: one image into the vault, one as a file that stands on the file of the day before
day() {
  local kind=${previous:+incremental} began
  [ $is_live = no ] || began=$(count_now)
  show 0 backup "$disk" --to vault --name disk "${shadow[@]}"
  quietly backup "$disk" --to "$1.umbra" ${previous:+--parent "$previous.umbra"} "${shadow[@]}"
  printf '%s  $ umbra backup %s --to %s.umbra%s%s\n    %s new, stored in %s\n' "$dim" "$disk" "$1" \
    "${previous:+ --parent $previous.umbra}" "$plain" "$(mib "$(field new_bytes)")" "$(mib "$(stat -c %s "$1.umbra")")"
  printf '%s\t%s\t%s\t%s\t%s\n' "$1" "${kind:-full}" "$(field new_bytes)" "$(stat -c %s "$1.umbra")" \
    "$(rate $((disk_mib * 1048576 - $(field image.sources.0.unallocated_bytes))) "$(field seconds)")" >>days
  # What the disk is this day, to compare with later.
  if [ $is_live = yes ]; then
    printf '%s %s\n' "$began" "$(count_now)" >"counted-$1"
    note "    meanwhile the application counted from $began to $(count_now)"
    fingerprint files >"$1.files"
  else
    cp --sparse=always --reflink=auto disk.img "$1.img"
  fi
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

# clean FILE: its file system
clean() { e2fsck -fn "$1?offset=$partition_offset" >fsck.log 2>&1 || stop "e2fsck finds faults: $(tail -n 3 fsck.log)"; }

# at_one_instant DAY FILE: every file the same, and of the application's two files those of one instant of that day
at_one_instant() {
  local first last count lines
  read -r first last <"counted-$1"
  attach "$2" --read-only "${partition[@]}"
  mount_on back -o ro,noload "$node"
  fingerprint back | cmp -s - "$1.files" || stop "$1: files differ"
  count=$(count_now back)
  lines=$(wc -l <back/live/log)
  seq "$lines" | cmp -s - back/live/log || stop "$1: the log is broken"
  if [ "$lines" -ne "$count" ] && [ "$lines" -ne $((count + 1)) ]; then stop "$1: $lines lines, and the count is $count"; fi
  if [ "$count" -lt "$first" ] || [ "$count" -gt "$last" ]; then stop "$1: the count is $count, not of that day"; fi
  let_go
  let_go
  printf '%s files the same, log at %s, count at %s: one instant' "$(wc -l <"$1.files")" "$lines" "$count" >compared
}

# same_as_then DAY FILE: every block in use the same, the partition table the same
same_as_then() {
  local bytes
  dumpe2fs "$1.img?offset=$partition_offset" 2>/dev/null |
    "$support/same_blocks.py" --dumpe2fs --offset $partition_offset "$1.img" "$2" >bytes
  cmp -n $partition_offset "$1.img" "$2" || stop "$1: the partition table differs"
  bytes=$(cat bytes)
  printf '%s compared block by block: the same' "$(mib "$bytes")" >compared
}

bring_back() {
  local day=$1 image=$2
  rm -f back.img
  quietly restore "$image" --to back.img --verify
  clean back.img
  if [ $is_live = yes ]; then at_one_instant "$day" back.img; else same_as_then "$day" back.img; fi
  printf '  %-10s from %-16s e2fsck: clean, %s\n' "$day" "$image" "$(cat compared)"
  printf '%s\n' "$(rate "$(field written_bytes)" "$(field seconds)")" >>"rates-$day"
}

all_blocks() {
  if [ $is_live = yes ]; then
    stop_writer
    let_go
    let_go
  fi
  quietly backup "$disk" --to whole.umbra --all-blocks
  rm -f back.img
  quietly restore whole.umbra --to back.img
  cmp "$disk_file" back.img || stop 'not the same'
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
trap clean_up EXIT
cd "$scratch"
check_loop
make_home
previous=
shadow=()

chapter "1. A disk: $disk_mib MiB, a partition table, an ext4 with about $size of files"
[ $use_loop = yes ] || note 'Not root, or without loop devices: disk and file system are files. As root it is a loop device.'
make_disk
note "It is $disk; everything lies in $scratch and goes at the end."
if [ $is_live = yes ]; then
  mount_files
  start_writer
  note "It is mounted, and an application writes to it all the time: it is imaged as it was at one instant (docs/shadow.md)."
fi

show 0 inspect "$disk"

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
