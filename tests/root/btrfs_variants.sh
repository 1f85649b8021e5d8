#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Btrfs in several shapes, filled and half emptied, with subvolumes, snapshots, shared and compressed files; unmounted, frozen while
# it is mounted, and as a crash right after an fsync leaves it. What Umbra takes is what dump-tree lists, and the first MiB; what
# comes back is clean by btrfs check and the same. Where the map could not be understood it would be all of the disk, and fail here.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system btrfs
need_tools mkfs.btrfs btrfs fsfreeze python3
"$UMBRA" init vault --quiet
size=$(((300 << 20) + 5 * 512))

# The kernel knows a file system by its id and takes a second one of the same id for another path to it.
forget() { btrfs device scan --forget "$1" >/dev/null 2>&1 || true; }

# fill_disk: into the mounted folder disk
fill_disk() {
  cp -a files/. disk/
  btrfs -q subvolume create disk/sub
  cp -a files/many disk/sub/
  cp --reflink=always disk/random disk/sub/shared
  mkdir disk/packed
  btrfs property set disk/packed compression zstd
  cp -r files/text disk/packed/
  sync -f disk
  btrfs -q subvolume snapshot -r disk/sub disk/snapshot
  rm -r disk/some disk/sub/many/*[13579]
  dd if=/dev/urandom of=disk/random bs=64K seek=5 count=3 conv=notrunc status=none
  truncate -s 900K disk/text/trimmed
}

# claims FILE: bytes of the image made last that are in use
claims() { echo $(($(field image.sources.0.size "$1") - $(field image.sources.0.unallocated_bytes "$1"))); }

# check_image NAME FILE: the image NAME, of the file system in FILE, against what dump-tree says of it, and brought back
check_image() {
  local name=$1 used found
  used=$("$SOURCE_DIR/tests/support/btrfs_used.py" --total "$2")
  found=$(claims report.json)
  # The first MiB, sectors behind the end, and at most a hundredth.
  expect_between "$used" "$found" $((used + (1 << 20) + 65536 + used / 100)) "$name: bytes in use"
  [ "$used" -lt $((150 << 20)) ] || fail "$name: half of the disk is in use, which proves little"
  "$UMBRA" restore "vault::$name" --to "$back_node" --yes --quiet
  "$SOURCE_DIR/tests/support/btrfs_used.py" "$2" >domain
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain "$2" back.img >/dev/null
  btrfs check --readonly --check-data-csum back.img >check.log 2>&1 || fail "$name: btrfs check: $(tail -n 5 check.log)"
  fingerprint_back
  cmp disk.print back.print || fail "$name: files differ"
  say "  $name: $(mib "$used") in use, $(mib "$found") taken"
}

# Mounted from a copy of the node's blocks, because a log is taken in by writing.
fingerprint_back() {
  mount_at printed -t btrfs "$back_node"
  fingerprint printed >back.print
  unmount printed
  forget "$back_node"
}

image_of() {
  attach "$2" --read-only
  "$UMBRA" backup "$node" --to vault --name "$1" --json >report.json
  detach "$node"
}

# variant NAME MKFS-OPTION...; mount_options holds those of mount; frozen=yes: also a copy made while it is mounted and frozen
mount_options=defaults
frozen=yes
variant() {
  local name=$1
  shift
  rm -f disk.img copy.img
  truncate -s "$size" disk.img
  mkfs.btrfs -q "$@" disk.img >mkfs.log 2>&1 || fail "$name: mkfs.btrfs: $(cat mkfs.log)"
  attach disk.img
  disk_node=$node
  mount_at disk -t btrfs -o "$mount_options" "$disk_node"
  fill_disk
  fingerprint disk >disk.print
  if [ "$frozen" = yes ]; then
    fsfreeze -f disk
    cp --reflink=never disk.img copy.img
    fsfreeze -u disk
  fi
  unmount disk
  detach "$disk_node"
  forget "$disk_node"
  image_of "$name" disk.img
  check_image "$name" disk.img
  [ "$frozen" = yes ] || return 0
  image_of "$name-frozen" copy.img
  check_image "$name-frozen" copy.img
}

# What a machine leaves behind that loses power: files fsynced since the last commit are in the log only.
crashed() {
  local used found
  rm -f disk.img copy.img
  truncate -s "$size" disk.img
  mkfs.btrfs -q disk.img >mkfs.log 2>&1
  attach disk.img
  disk_node=$node
  mount_at disk -t btrfs -o commit=300 "$disk_node"
  fill_disk
  sync -f disk
  # A log may have to be given up for a commit: then the next fsync begins one.
  for n in $(seq 8); do
    random_bytes 700K >"disk/synced-$n"
    random_bytes 100K | dd of=disk/random bs=4K seek="$((n * 50))" conv=notrunc status=none
    random_bytes 30K >"disk/sub/synced-$n"
    sync "disk/synced-$n" disk/random "disk/sub/synced-$n"
    cp --reflink=never disk.img copy.img
    [ "$n" -lt 3 ] || ! btrfs inspect-internal dump-super copy.img | grep -q '^log_root[[:space:]]*0$' || continue
    [ "$n" -lt 3 ] || break
  done
  sha1sum disk/synced-* disk/random disk/sub/synced-* >synced
  unmount disk
  detach "$disk_node"
  forget "$disk_node"
  ! btrfs inspect-internal dump-super copy.img | grep -q '^log_root[[:space:]]*0$' || fail 'there is no log to be seen'
  image_of crashed copy.img
  "$UMBRA" info vault::crashed --json | field metadata.sources.0.notes | grep -q 'has a log' || fail 'the log was not seen'
  used=$("$SOURCE_DIR/tests/support/btrfs_used.py" --total copy.img)
  found=$(claims report.json)
  expect_between $((used + (1 << 20))) "$found" $((used + (12 << 20))) 'crashed: bytes in use'
  "$UMBRA" restore vault::crashed --to "$back_node" --yes --quiet
  mount_at disk -t btrfs "$back_node"
  sha1sum --quiet -c synced || fail 'crashed: what was fsynced is not what came back'
  unmount disk
  forget "$back_node"
  btrfs check --readonly --check-data-csum back.img >check.log 2>&1 || fail "crashed: btrfs check: $(tail -n 5 check.log)"
  say "  crashed: $(mib "$used") in use by the last commit, $(mib "$found") taken; $(wc -l <synced) files fsynced since are there"
}

# not_understood NAME WORDS FILE: copied whole, for a reason with these words
not_understood() {
  "$UMBRA" backup "$3" --to vault --name "$1" --json >report.json
  [ "$(field image.sources.0.unallocated_bytes report.json)" = 0 ] || fail "$1: not copied whole"
  "$UMBRA" info "vault::$1" --json | field metadata.sources.0.notes | grep -q "$2" || fail "$1: no word of '$2'"
  say "  $1: copied whole, $2"
}

several_devices() {
  local one
  truncate -s 200M one.img two.img
  attach one.img
  one=$node
  attach two.img
  mkfs.btrfs -q -f -d "$2" -m "$2" "$one" "$node" >mkfs.log 2>&1 || fail "mkfs.btrfs: $(cat mkfs.log)"
  detach "$node"
  detach "$one"
  forget "$one"
  not_understood "$1" 'on 2 devices' one.img
  rm one.img two.img
}

mkdir files files/some files/text files/many
fill files/some 8M /usr/share
fill files 20M /usr/lib/x86_64-linux-gnu
random_bytes 6M >files/random
seq 400000 >files/text/numbers
seq 300000 >files/text/trimmed
truncate -s 3M files/hole
printf x | dd of=files/hole bs=1 seek=2000000 conv=notrunc status=none
for n in $(seq 200); do random_bytes 5K >"files/many/$n"; done

junk back.img "$size"
attach back.img
back_node=$node

say 'bytes in use by dump-tree and in our image, btrfs check, blocks, file hashes:'
variant plain
variant mixed -M -n 4096
frozen=no
variant single -m single
variant twice -d dup -m dup
variant nodes-4k -n 4096
variant nodes-64k -n 65536
variant xxhash --csum xxhash
variant old -O ^no-holes,^skinny-metadata -R ^free-space-tree
mount_options=compress-force=zstd
variant compressed
mount_options=nodatacow,space_cache=v2
frozen=yes
variant in-place -R quota
crashed
several_devices striped raid0
several_devices mirrored raid1
truncate -s "$size" one.img
mkfs.btrfs -q --csum sha256 one.img >mkfs.log 2>&1
not_understood sha256 'SHA-256' one.img
