#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_lost_copy.sh.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

lvm_make_group
umbra init /tmp/vault --quiet
lvm_make_volume tight 700M ext4
step "a copy whose area overflows while it is read"
lvm_make_volume flooded 160M ext4
dd if=/dev/urandom of=/mnt/flooded/old bs=1M count=90 2>/dev/null
sync
# The copy is to overflow long before it is read.
slow_backup flooded --shadow-area 64M
kill -STOP $backup
dd if=/dev/urandom of=/mnt/flooded/old bs=1M count=90 conv=notrunc,fsync 2>/dev/null
umbra shadow storage >/tmp/storage
cat /tmp/storage
grep -q 'vg/flooded .*diff_area_full' /tmp/storage || fail "nobody tells that the area is full"
kill -CONT $backup
code=0
wait $backup || code=$?
cat /tmp/out
[ "$code" -eq 1 ] || fail "the backup ended with $code"
grep -q 'the copy is lost' /tmp/out || fail "it does not say why"
grep -q 'give it more with --shadow-area' /tmp/out || fail "it does not say what to do"
grep -q 'try again when less is written to vg/flooded' /tmp/out || fail "it does not say what to do"
if umbra list /tmp/vault --json | grep -q '"flooded"'; then fail "there is an image"; fi
[ "$(wc -l </tmp/out)" -le 2 ] || fail "too many words"
no_leftovers

step "the same, where the area is what the volume's past makes likely"
slow_backup flooded
kill -STOP $backup
dd if=/dev/urandom of=/mnt/flooded/old bs=1M count=90 conv=notrunc,fsync 2>/dev/null
umbra shadow storage >/tmp/storage
cat /tmp/storage
if grep -q diff_area_full /tmp/storage; then fail "the area was too small"; fi
kill -INT $backup
kill -CONT $backup
code=0
wait $backup || code=$?
[ "$code" -eq 5 ] || fail "cancelled, the backup ended with $code: $(cat /tmp/out)"
no_leftovers

step "an area that the group has no room for"
expect_failure "volume group vg has [0-9]+ MiB free, the copy's area needs 7[0-9][0-9] MiB" \
  umbra backup /dev/vg/tight --to /tmp/vault --shadow lvm-thick --shadow-area 1T
