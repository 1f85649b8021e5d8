#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_sets.sh, after the reboot.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

lvm_configure
lvm_do vgchange -ay vg
mkdir -p /mnt/copy /mnt/live
umbra shadow list --json >/tmp/set.json
umbra shadow list
[ "$(wc -l </tmp/set.json)" -eq 3 ] || fail "there should be three copies"
for id in $(of_json snapshot_id /tmp/set.json); do
  umbra shadow expose "$id" /mnt/copy
  [ "$(cat /mnt/copy/word)" = before ] || fail "$id shows what came later"
  umbra shadow unexpose "$id"
done
for v in thick thin thinxfs; do
  mount -t "$([ $v = thinxfs ] && echo xfs || echo ext4)" "/dev/vg/$v" /mnt/live
  [ "$(cat /mnt/live/word)" = after ] || fail "$v: the copy changed it"
  umount /mnt/live
done
umbra shadow delete "$(of_json snapshot_set_id /tmp/set.json | sort -u)" --set
no_leftovers
