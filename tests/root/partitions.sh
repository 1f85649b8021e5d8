#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Whole disks with several partitions, GPT and MBR: imaged through a loop device, brought back onto another that held junk, then
# again after a change; single partitions by SOURCE@offset+length.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_file_system btrfs
need_tools sfdisk mke2fs e2fsck dumpe2fs mkfs.btrfs btrfs mkfs.vfat fsck.vfat mkswap python3

# The table as lines "NUMBER OFFSET SIZE" in bytes, without extended partitions.
partitions_of() {
  sfdisk --json "$1" | python3 -IS -c '
import json, sys
for p in json.load(sys.stdin)["partitiontable"]["partitions"]:
    if p["type"] not in ("5", "f"):
        print(p["node"].removeprefix(sys.argv[1]), p["start"] * 512, p["size"] * 512)' "$1" >partitions
}

# place NUMBER: sets offset and length
place() { read -r _ offset length < <(grep "^$1 " partitions); }

# on_partition DISK NUMBER COMMAND...: COMMAND NODE with a loop device over the partition
on_partition() {
  local disk=$1 part_node
  place "$2"
  shift 2
  attach "$disk" --offset "$offset" --sizelimit "$length"
  part_node=$node
  "$@" "$part_node"
  detach "$part_node"
}

write_into() {
  mount_at inside "$2"
  "$1"
  unmount inside
}

# print_of DISK NUMBER
print_of() {
  place "$2"
  fingerprint_of "$1" --offset "$offset" --sizelimit "$length"
}

first_files() { fill inside 30M /usr/lib; }
other_files() { fill inside 20M /usr/share; }
change_files() {
  random_bytes 2M >inside/new
  rm -r inside/lib/python3 2>/dev/null || true
}

make_gpt() {
  truncate -s 300M disk.img
  sfdisk -q disk.img <<'TABLE'
label: gpt
first-lba: 34
start=40, size=2008, type=21686148-6449-6E6F-744E-656564454649
start=2048, size=65536, type=uefi
start=67584, size=204800, type=linux
start=272384, size=8192, type=swap
start=282000, size=262144, type=linux
TABLE
  partitions_of disk.img
  place 1
  random_bytes "$length" | dd of=disk.img bs=1M oflag=seek_bytes seek="$offset" conv=notrunc status=none
  on_partition disk.img 2 mkfs.vfat -n UMBRA >/dev/null
  on_partition disk.img 3 mke2fs -q -F -t ext4
  on_partition disk.img 3 write_into first_files
  on_partition disk.img 4 mkswap -q
  on_partition disk.img 5 mkfs.btrfs -q >/dev/null 2>&1
  on_partition disk.img 5 write_into other_files
  # Something between the partitions: nobody knows what it is for, so it is kept.
  printf 'between the partitions' | dd of=disk.img bs=512 seek=281000 conv=notrunc status=none
}

make_mbr() {
  truncate -s $(((200 << 20) + 17 * 512)) disk.img
  sfdisk -q disk.img <<'TABLE'
label: dos
unit: sectors
sector-size: 512
start=63, size=160001, type=83, bootable
start=160065, size=8192, type=82
start=170000, size=239000, type=f
start=170063, size=120000, type=83
start=290200, size=110007, type=83
TABLE
  random_bytes 446 | dd of=disk.img conv=notrunc status=none
  random_bytes 20K | dd of=disk.img bs=512 seek=5 conv=notrunc status=none
  partitions_of disk.img
  on_partition disk.img 1 mke2fs -q -F -t ext3
  on_partition disk.img 1 write_into first_files
  on_partition disk.img 2 mkswap -q
  on_partition disk.img 5 mke2fs -q -F -t ext4 -b 4096
  on_partition disk.img 5 write_into other_files
  on_partition disk.img 6 mke2fs -q -F -t ext2 -b 1024
  on_partition disk.img 6 write_into first_files
}

# Every byte outside the partitions that are understood, which may have free space, is the same. Arguments: their numbers.
same_outside() {
  local number offset length at=0
  sort -n -k 2 partitions >sorted
  while read -r number offset length; do
    if [[ " $* " == *" $number "* ]]; then
      cmp -i $at -n $((offset - at)) disk.img back.img || fail "bytes before partition $number differ"
      at=$((offset + length))
    fi
  done <sorted
  cmp -i $at disk.img back.img || fail "bytes behind $at differ"
}

same_ext() {
  local number
  for number in "$@"; do
    place "$number"
    on_partition back.img "$number" e2fsck -fn >check.log 2>&1 || fail "partition $number: $(tail -n 5 check.log)"
    print_of disk.img "$number" >before.print
    print_of back.img "$number" >after.print
    cmp before.print after.print || fail "partition $number: files differ"
    dumpe2fs "disk.img?offset=$offset" 2>/dev/null |
      "$SOURCE_DIR/tests/support/same_blocks.py" --dumpe2fs --offset "$offset" disk.img back.img >/dev/null
  done
}

backup_disk() {
  attach disk.img
  disk_node=$node
  "$UMBRA" backup "$disk_node" --to vault --name "$1" --json >report.json
  detach "$disk_node"
  say "  $(mib "$(field new_bytes report.json)") new, $(mib "$(field image.sources.0.unallocated_bytes report.json)") free"
  "$UMBRA" info "vault::$1" --json | field metadata.sources.0.notes >notes
}

restore_disk() {
  attach back.img
  back_node=$node
  "$UMBRA" restore "vault::$1" --to "$back_node" --yes --quiet
  "$UMBRA" verify "vault::$1" --source "$back_node" --quiet
  detach "$back_node"
  diff <(sfdisk -d disk.img | tail -n +4 | sed 's/^[^:]*//') <(sfdisk -d back.img | tail -n +4 | sed 's/^[^:]*//') ||
    fail 'the tables differ'
  sfdisk -q --verify back.img >check.log 2>&1 || fail "sfdisk --verify: $(cat check.log)"
}

# one_partition NUMBER: imaged alone out of the disk, restored onto a device of its size
one_partition() {
  place "$1"
  attach disk.img
  disk_node=$node
  "$UMBRA" backup "$disk_node@$offset+$length" --to "part$1.umbra" --quiet
  detach "$disk_node"
  rm -f part.img
  junk part.img "$length"
  attach part.img
  part_node=$node
  "$UMBRA" restore "part$1.umbra" --to "$part_node" --yes --quiet
  e2fsck -fn "$part_node" >check.log 2>&1 || fail "partition $1 alone: $(tail -n 5 check.log)"
  detach "$part_node"
  fingerprint_of part.img >alone.print
  print_of disk.img "$1" >before.print
  cmp before.print alone.print || fail "partition $1 alone: files differ"
}

same_btrfs() {
  place "$1"
  local begin=$offset
  on_partition disk.img "$1" "$SOURCE_DIR/tests/support/btrfs_used.py" >domain
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain --offset "$begin" disk.img back.img >/dev/null
}

# check_disk NAME EXT-PARTITION...: also_free lists partitions of other kinds that may have free space
also_free=()
check_disk() {
  local name=$1
  shift
  rm -f back.img
  junk back.img "$(stat -c %s disk.img)"
  backup_disk "$name"
  for number in "$@"; do grep -q "partition $number ([^)]*): ext[234]," notes || fail "not understood: $(cat notes)"; done
  restore_disk "$name"
  same_outside "$@" "${also_free[@]}"
  same_ext "$@"
  on_partition disk.img "$1" write_into change_files
  backup_disk "$name"
  expect_between $((2 << 20)) "$(field new_bytes report.json)" $((10 << 20)) 'new bytes of the incremental'
  restore_disk "$name"
  same_outside "$@" "${also_free[@]}"
  same_ext "$@"
  one_partition "$1"
}

"$UMBRA" init vault --quiet
say 'GPT: BIOS boot, FAT, ext4, swap, btrfs'
make_gpt
also_free=(5)
check_disk gpt 3
grep -q "partition 5 ([^)]*): Btrfs, .* used" notes || fail "not understood: $(cat notes)"
same_btrfs 5
also_free=()
on_partition back.img 2 fsck.vfat -n >/dev/null
on_partition back.img 5 btrfs check --readonly >check.log 2>&1 || fail "$(tail -n 5 check.log)"

say 'MBR: ext3 from sector 63, swap, logical ext4 and ext2 at odd sectors'
rm disk.img
make_mbr
check_disk mbr 1 5 6

say 'two partitions as two sources of one image'
attach disk.img
disk_node=$node
place 1
first=$disk_node@$offset+$length
place 6
"$UMBRA" backup "$first" "$disk_node@$offset+$length" --to two.umbra --quiet
detach "$disk_node"
"$UMBRA" restore two.umbra --source-number 1 --to six.img --quiet
e2fsck -fn six.img >check.log 2>&1 || fail "$(tail -n 5 check.log)"
[ "$(stat -c %s six.img)" = "$length" ] || fail 'the second source has another size'
"$UMBRA" verify vault --deep --quiet
