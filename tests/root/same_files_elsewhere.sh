#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Machines with the same files in other places: cuts on files find them, a grid does not. Two orders of copying, and a partition
# that was moved to sector 63.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_tools mke2fs sfdisk python3

for order in 1 2; do
  "$SOURCE_DIR/tests/support/make_disk.sh" "disk$order.img" 1G --files /usr/lib/x86_64-linux-gnu --files /usr/lib/gcc \
    --fill 200M --order $order --seed $order
done
truncate -s 1G moved.img
printf 'label: dos\nstart=63, size=2093056, type=83\n' | sfdisk -q moved.img
dd if=disk1.img of=moved.img bs=1M iflag=skip_bytes oflag=seek_bytes skip=$((2048 * 512)) seek=$((63 * 512)) count=1022 \
  conv=sparse,notrunc status=none

take() {
  attach "$2.img"
  "$UMBRA" backup "$node" --to "vault-$1" --name "$2" --cuts "$1" --json >report.json
  detach "$node"
  local found new
  found=$(field deduplicated_bytes report.json)
  new=$(field new_bytes report.json)
  share=$((100 * found / (found + new)))
}

# measure CUTS: sets `reordered` and `moved`, per cent of the disk's data that the first one's blocks hold
measure() {
  "$UMBRA" init "vault-$1" --quiet
  take "$1" disk1
  take "$1" disk2
  reordered=$share
  take "$1" moved
  moved=$share
  say "cuts on $1: $reordered % of the disk with another order of files found, $moved % of the moved partition"
}

measure grid
grid_reordered=$reordered
expect_between 0 "$moved" 30 'per cent of the moved partition found on the grid'
measure files
expect_between 90 "$reordered" 100 'per cent of the other order found with cuts on files'
expect_between 90 "$moved" 100 'per cent of the moved partition found with cuts on files'
expect_between 0 "$grid_reordered" $((reordered - 15)) 'per cent of the other order found on the grid'

"$UMBRA" verify vault-files --deep --quiet
for disk in disk2 moved; do
  "$UMBRA" restore "vault-files::$disk" --to "$disk.back" --quiet
  "$UMBRA" verify "vault-files::$disk" --source "$disk.img" --quiet
done
e2fsck -fn 'disk2.back?offset=1048576' >check.log 2>&1 || fail "$(tail -n 5 check.log)"
e2fsck -fn 'moved.back?offset=32256' >check.log 2>&1 || fail "$(tail -n 5 check.log)"
