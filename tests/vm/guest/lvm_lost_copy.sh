#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_lost_copy.sh.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

lvm_make_group
umbra init /tmp/vault --quiet
step "a copy whose area overflows while it is read"
lvm_make_volume flooded 160M ext4
dd if=/dev/urandom of=/mnt/flooded/old bs=1M count=90 2>/dev/null
sync
# The copy is to overflow long before it is read.
slow_backup flooded
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
grep -q 'try again when less is written to vg/flooded' /tmp/out || fail "it does not say what to do"
if umbra list /tmp/vault --json | grep -q '"flooded"'; then fail "there is an image"; fi
[ "$(wc -l </tmp/out)" -le 2 ] || fail "too many words"
no_leftovers
