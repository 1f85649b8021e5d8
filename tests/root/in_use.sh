#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks that are mounted or otherwise in use, as sources and as targets.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_tools sfdisk mke2fs mkswap swapon python3

truncate -s 96M disk.img
printf 'label: gpt\nstart=2048, size=131072, type=linux\nstart=133120, size=32768, type=swap\n' | sfdisk -q disk.img
attach disk.img
disk_node=$node
# Partitions of a loop device without partition scanning: loop devices on the loop device.
attach "$disk_node" --offset $((2048 * 512)) --sizelimit $((131072 * 512))
part_node=$node
mke2fs -q -F -t ext4 "$part_node"
mount_at files "$part_node"
fill files 20M
unmount files

"$UMBRA" init vault --quiet
"$UMBRA" backup "$disk_node" --to vault --name disk --quiet
truncate -s 96M target.img
cp disk.img before.img

say 'sources mounted read-only are taken, without a word'
mount_at files -o ro "$part_node"
for source in "$part_node" "$disk_node" disk.img; do
  expect_exit 0 "$UMBRA" backup "$source" --to vault --name "$(basename "$source")" --json
  [ "$(grep -c warning said)" = 0 ] || fail "$source: $(cat said)"
done
unmount files

say 'sources mounted read-write that nothing can copy are refused; --shadow none takes them and warns'
mount_at files "$part_node"
for source in "$part_node" "$disk_node" disk.img; do
  expect_exit 4 "$UMBRA" backup "$source" --to vault --name busy --shadow lvm-thick
  expect_said 'mounted read-write at .*/files'
  expect_said 'shadow none'
  expect_exit 0 "$UMBRA" backup "$source" --to vault --name taken --shadow none
  expect_said 'warning: .*may not show one instant'
done
expect_exit 1 "$UMBRA" info vault::busy

say 'targets that are mounted are refused, and stay as they are'
cp disk.img mounted.img
for target in "$part_node" "$disk_node" disk.img; do
  expect_exit 4 "$UMBRA" restore vault::disk --to "$target" --yes
  expect_said 'mounted at .*/files'
  expect_exit 4 "$UMBRA" restore vault::disk --to "$target" --plan
done
cmp disk.img mounted.img || fail 'a refused restore wrote'
unmount files
mount_at files -o ro "$part_node"
expect_exit 4 "$UMBRA" restore vault::disk --to "$disk_node" --yes
unmount files

say 'a partition attached beside the disk, not on it, is seen as well'
attach disk.img --offset $((2048 * 512)) --sizelimit $((131072 * 512))
beside=$node
attach disk.img --offset $((133120 * 512)) --sizelimit $((32768 * 512))
neighbour=$node
mount_at files "$beside"
expect_exit 4 "$UMBRA" backup "$disk_node" --to vault --name busy --shadow lvm-thick
expect_said "$beside is mounted read-write"
expect_exit 4 "$UMBRA" restore vault::disk --to "$disk_node" --yes
expect_exit 0 "$UMBRA" backup "$neighbour" --to vault --name neighbour
unmount files
detach "$neighbour"
detach "$beside"

say 'a vault on the disk that is imaged, or that is restored, is refused'
mount_at files "$part_node"
"$UMBRA" init files/vault --quiet
expect_exit 2 "$UMBRA" backup "$disk_node" --to files/vault --shadow none
expect_said 'vault-on-source'
expect_exit 0 "$UMBRA" backup "$disk_node" --to files/vault --shadow none --vault-on-source --name disk
unmount files

say 'another one has opened the target exclusively'
attach target.img
target_node=$node
python3 -IS - "$target_node" <<'HOLD' &
import os, sys, time
os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)
open("held", "w").close()
time.sleep(60)
HOLD
holder=$!
trap 'kill $holder 2>/dev/null || true; release_disks' EXIT
until [ -e held ]; do
  kill -0 $holder || fail 'nobody holds the device'
  sleep 0.1
done
expect_exit 4 "$UMBRA" restore vault::disk --to "$target_node" --yes
kill $holder
wait $holder 2>/dev/null || true

say 'swap space in use'
attach "$disk_node" --offset $((133120 * 512)) --sizelimit $((32768 * 512))
swap_node=$node
mkswap -q "$swap_node"
if swapon "$swap_node" 2>said; then
  expect_exit 0 "$UMBRA" backup "$disk_node" --to vault --name swapping
  expect_said 'warning: .* is swap space in use'
  expect_exit 4 "$UMBRA" restore vault::disk --to "$disk_node" --yes
  swapoff "$swap_node"
else
  say "  not tested: this kernel has no swap ($(cat said))"
fi

say 'read-only device as target'
attach target.img --read-only
fixed_node=$node
expect_exit 1 "$UMBRA" restore vault::disk --to "$fixed_node" --yes
expect_said 'read-only'
