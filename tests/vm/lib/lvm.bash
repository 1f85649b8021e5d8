# SPDX-License-Identifier: GPL-3.0-or-later
# A guest that knows LVM and has one empty disk, /dev/vda, which lasts from one lvm_guest_run to the next.
# Sourced by tests/vm/*.sh.
# shellcheck shell=bash
. "$SOURCE_DIR/tests/vm/lib/guest.bash"

lvm_guest_begin() {
  guest_begin
  guest_modules virtio_pci virtio_blk dm_mod dm_snapshot dm_thin_pool loop ext4 xfs crc32c_generic
  guest_program "$UMBRA" lvm dmsetup mke2fs e2fsck mkfs.xfs xfs_repair thin_check
  guest_file "$SOURCE_DIR/tests/vm/guest/lib/lvm.sh" lib/lvm.sh
  truncate -s 2G "$SCRATCH/disk.raw"
}

# lvm_guest_run NAME: tests/vm/guest/NAME.sh
lvm_guest_run() {
  guest_run 900 "$SOURCE_DIR/tests/vm/guest/$1.sh" -drive "file=$SCRATCH/disk.raw,if=virtio,format=raw,cache=unsafe"
}
