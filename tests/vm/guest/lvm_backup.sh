#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_backup.sh.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

# restored IMAGE VOLUME TYPE: its file system is in order, and shows one instant. Sets `last`.
check_restored() {
  umbra restore "$1" --to /tmp/back.img --yes --quiet
  mkdir -p /mnt/back
  if [ "$3" = xfs ]; then
    # Its log is replayed when it is mounted; it has the same id as the volume it comes from.
    mount -t xfs -o loop,nouuid /tmp/back.img /mnt/back
  else
    e2fsck -fn /tmp/back.img >/tmp/fsck.log 2>&1 || fail "e2fsck: $(cat /tmp/fsck.log)"
    mount -t ext4 -o ro,loop /tmp/back.img /mnt/back
  fi
  last=$(last_number /mnt/back)
  cmp /mnt/back/constant "/mnt/$2/constant" || fail "a file that nobody writes to differs"
  umount /mnt/back
  if [ "$3" = xfs ]; then xfs_repair -n /tmp/back.img >/tmp/fsck.log 2>&1 || fail "xfs_repair: $(cat /tmp/fsck.log)"; fi
  rm -f /tmp/back.img
  echo "$1: restored, in order, $last numbers"
}

# back_up VOLUME TYPE PROVIDER
back_up() {
  dd if=/dev/urandom of="/mnt/$1/constant" bs=1M count=4 2>/dev/null
  start_writing "/mnt/$1"
  umbra backup "/dev/vg/$1" --to /tmp/vault --name "$1" --json >/tmp/first.json
  before=$(wc -l <"/mnt/$1/numbers")
  wait_until 60 sh -c "[ \$(wc -l </mnt/$1/numbers) -gt $before ]"
  umbra backup "/dev/vg/$1" --to /tmp/vault --name "$1" --json >/tmp/second.json
  stop_writing
  for json in /tmp/first.json /tmp/second.json; do
    grep -q "\"provider\":\"$3\"" $json || fail "not made by $3: $(cat $json)"
    grep -q '"mode":"copies"' $json || fail "not from copies: $(cat $json)"
  done
  no_leftovers
  check_restored "/tmp/vault::$1@1" "$1" "$2"
  of_first=$last
  check_restored "/tmp/vault::$1" "$1" "$2"
  [ "$last" -gt "$of_first" ] || fail "the second image shows nothing new"
  [ "$last" -le "$(wc -l <"/mnt/$1/numbers")" ] || fail "the image shows what was never written"
}

step "volumes"
lvm_make_group
lvm_make_volume thick 96M ext4
lvm_make_volume thin 96M ext4 thin
lvm_make_volume thinxfs 320M xfs thin
umbra init /tmp/vault --quiet
umbra shadow providers
step "thick"
back_up thick ext4 lvm-thick
step "thin"
back_up thin ext4 lvm-thin
step "thin, xfs"
back_up thinxfs xfs lvm-thin
step "verify"
umbra verify /tmp/vault --quiet
