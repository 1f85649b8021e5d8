#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a restore does with the space it does not fill: released on a device that can, written with --write-zeros.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_tools mke2fs e2fsck python3

# Bytes that the backing file occupies.
occupied() {
  sync -f "$1"
  echo $(($(stat -c '%b * %B' "$1")))
}

truncate -s 256M disk.img
mke2fs -q -F -t ext4 disk.img
attach disk.img
disk_node=$node
mount_at files "$disk_node"
fill files 40M
head -c 20M /dev/zero >files/zeros
unmount files
"$UMBRA" init vault --quiet
"$UMBRA" backup "$disk_node" --to vault --name disk --json >report.json
stored=$(field image.sources.0.stored_bytes report.json)

junk back.img 256M
attach back.img
back_node=$node
before=$(occupied back.img)
"$UMBRA" restore vault::disk --to "$back_node" --yes --verify --json >report.json
after=$(occupied back.img)
say "image: $(mib "$stored") stored; target: $(mib "$before") occupied before, $(mib "$after") after"
[ "$(field written_bytes report.json)" = "$stored" ] || fail 'other bytes were written than are stored'
# The backing file's own blocks have 4096 bytes; holes end there.
expect_between "$stored" "$after" $((stored + (8 << 20))) 'occupied after the restore'
e2fsck -fn back.img >check.log 2>&1 || fail "$(tail -n 5 check.log)"
"$UMBRA" restore vault::disk --to file.img --quiet
cmp file.img back.img || fail 'a new file and the device differ'
expect_between "$stored" "$(occupied file.img)" $((stored + (8 << 20))) 'occupied by the new file'

"$UMBRA" restore vault::disk --to "$back_node" --yes --write-zeros --json >report.json
after=$(occupied back.img)
say "with --write-zeros: $(mib "$after") occupied"
expect_between $((256 << 20)) "$after" $((258 << 20)) 'occupied with --write-zeros'
cmp file.img back.img || fail '--write-zeros: the device differs'

# One block of a file, one of free space.
used=$(python3 -IS -c '
data = open("file.img", "rb").read()
print(next(at for at in range(64 << 20, len(data), 4096) if any(data[at:at + 4096])))')
free=$(python3 -IS -c '
data = open("file.img", "rb").read()
print(next(at for at in range(128 << 20, len(data), 65536) if not any(data[at:at + 65536])))')
random_bytes 4096 | dd of="$back_node" bs=4096 oflag=seek_bytes seek="$used" conv=notrunc status=none
random_bytes 4096 | dd of="$back_node" bs=4096 oflag=seek_bytes seek="$free" conv=notrunc status=none
"$UMBRA" restore vault::disk --to "$back_node" --yes --delta --json >report.json
say "with --delta after two changes: $(field written_bytes report.json) written, $(field zeroed_bytes report.json) zeroed," \
  "$(field kept_bytes report.json) left"
expect_between 4096 "$(field written_bytes report.json)" 65536 'written with --delta'
cmp file.img back.img || fail '--delta: the device differs'
