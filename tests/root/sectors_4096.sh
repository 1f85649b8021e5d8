#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A disk whose sectors have 4096 bytes: its GPT lies elsewhere and counts otherwise, and no smaller piece can be read or written.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_tools sfdisk mke2fs e2fsck dumpe2fs python3

truncate -s 129M disk.img
attach disk.img --sector-size 4096
disk_node=$node
[ "$(blockdev --getss "$disk_node")" = 4096 ] || fail 'the loop device did not take the sector size'
printf 'label: gpt\nstart=256, size=28160, type=linux\n' | sfdisk -q "$disk_node" 2>/dev/null
offset=$((256 * 4096))
length=$((28160 * 4096))
attach disk.img --offset $offset --sizelimit $length --sector-size 4096
part_node=$node
mke2fs -q -F -t ext4 "$part_node"
mount_at files "$part_node"
fill files 40M
fingerprint files >before.print
unmount files
detach "$part_node"

"$UMBRA" init vault --quiet
"$UMBRA" backup "$disk_node" --to vault --name disk --json >report.json
[ "$(field image.sources.0.logical_sector report.json)" = 4096 ] || fail 'the image does not tell the sector size'
expect_between $((50 << 20)) "$(field image.sources.0.unallocated_bytes report.json)" $((100 << 20)) 'free bytes of the partition'
say "imaged: $(mib "$(field image.sources.0.unallocated_bytes report.json)") of 129 MiB are free"

# bring_back SECTOR-SIZE
bring_back() {
  junk back.img 129M
  attach back.img --sector-size "$1"
  back_node=$node
  "$UMBRA" restore vault::disk --to "$back_node" --yes --verify --json >report.json
  [ "$(field verified report.json)" = True ] || fail 'not read back'
  "$UMBRA" verify vault::disk --source "$back_node" --quiet
  attach back.img --offset $offset --sizelimit $length --sector-size "$1"
  part_node=$node
  e2fsck -fn "$part_node" >check.log 2>&1 || fail "$(tail -n 5 check.log)"
  detach "$part_node"
  detach "$back_node"
  fingerprint_of back.img --offset $offset --sizelimit $length --sector-size "$1" >after.print
  cmp before.print after.print || fail 'files differ'
  cmp -n $offset disk.img back.img || fail 'the table differs'
  say "restored onto a device with sectors of $1 bytes: e2fsck is satisfied, files are the same"
}
bring_back 4096
bring_back 512

attach back.img --sector-size 4096
back_node=$node
"$UMBRA" restore vault::disk --to "$back_node" --yes --delta --json >report.json
[ "$(field written_bytes report.json)" = 0 ] || fail 'the target was the same, and was written'
say 'restored once more with --delta: nothing was written'
