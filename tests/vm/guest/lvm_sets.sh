#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_sets.sh, before the reboot.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

# one_instant ID ID...: the copies' numbers are those of one instant of start_writing's folders, in the same order.
one_instant() {
  previous=
  for id in "$@"; do
    umbra shadow expose "$id" /mnt/copy
    is_mounted /mnt/copy || fail "$id: not mounted"
    umbra shadow list | grep "$id" | grep -q 'exposed at /mnt/copy' || fail "$id: not listed as exposed"
    if touch /mnt/copy/new 2>/dev/null; then fail "$id: can be written to"; fi
    last=$(last_number /mnt/copy)
    umbra shadow unexpose "$id"
    if is_mounted /mnt/copy; then fail "$id: still mounted"; fi
    if [ -n "$previous" ] && [ "$previous" -ne "$last" ] && [ "$previous" -ne $((last + 1)) ]; then
      fail "not one instant: $previous beside $last"
    fi
    previous=$last
  done
  echo "$# copies of one instant: $previous numbers"
}

# copy_of VOLUME: its id in /tmp/set.json
copy_of() { grep "\"original_volume_name\":\"/dev/vg/$1\"" /tmp/set.json >/tmp/one.json && of_json snapshot_id /tmp/one.json; }

step "volumes"
lvm_make_group
lvm_make_volume thick 64M ext4
lvm_make_volume other 64M ext4
lvm_make_volume thin 64M ext4 thin
lvm_make_volume thinxfs 320M xfs thin
mkdir -p /mnt/copy

for volumes in "thick other" "thin thinxfs" "thick thin thinxfs other"; do
  step "a set of $volumes"
  folders=
  for v in $volumes; do
    rm -f "/mnt/$v/numbers"
    folders="$folders /mnt/$v"
  done
  # shellcheck disable=SC2086
  start_writing $folders
  # shellcheck disable=SC2086
  umbra shadow create $folders --json >/tmp/set.json
  stop_writing
  ids=
  for v in $volumes; do ids="$ids $(copy_of "$v")"; done
  # shellcheck disable=SC2086
  one_instant $ids
  set_id=$(of_json snapshot_set_id /tmp/set.json | sort -u)
  [ "$(umbra shadow list | wc -l)" -eq "$(echo "$volumes" | wc -w)" ] || fail "not all are listed: $(umbra shadow list)"
  umbra shadow storage
  umbra shadow delete "$set_id" --set
  no_leftovers
done

step "bringing volumes back"
for v in thick thin; do
  echo before >"/mnt/$v/word"
  sync
  umbra shadow create "/mnt/$v" --json >/tmp/set.json
  id=$(of_json snapshot_id /tmp/set.json)
  echo after >"/mnt/$v/word"
  expect_failure 'mounted at' umbra shadow revert "$id" --yes
  umount "/mnt/$v"
  umbra shadow revert "$id" --yes
  mount -t ext4 "/dev/vg/$v" "/mnt/$v"
  [ "$(cat "/mnt/$v/word")" = before ] || fail "$v was not brought back"
  umount "/mnt/$v"
  e2fsck -fn "/dev/vg/$v" >/tmp/fsck.log 2>&1 || fail "e2fsck: $(cat /tmp/fsck.log)"
  mount -t ext4 "/dev/vg/$v" "/mnt/$v"
  no_leftovers
done

step "copies that are to outlive a reboot"
for v in thick thin thinxfs; do
  echo before >"/mnt/$v/word"
done
umbra shadow create /mnt/thick /mnt/thin /mnt/thinxfs
for v in thick thin thinxfs; do
  echo after >"/mnt/$v/word"
  umount "/mnt/$v"
done
umount /mnt/other
lvm_do vgchange -an vg
