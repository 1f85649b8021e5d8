#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs in the guest of tests/vm/lvm_killed.sh.
# shellcheck source=tests/vm/guest/lib/lvm.sh
. /lib/lvm.sh

step "volumes"
lvm_make_group
lvm_make_volume thick 96M ext4
lvm_make_volume thin 96M ext4 thin
# Much to read, so that a backup can be met while it reads.
for v in thick thin; do dd if=/dev/urandom of=/mnt/$v/constant bs=1M count=48 2>/dev/null; done
sync
umbra init /tmp/vault --quiet

# LVM, but lvcreate of a thick copy waits as long as /tmp/slow is there.
mkdir -p /usr/real
mv /usr/sbin/lvm /usr/real/lvm
cat >/usr/sbin/lvm <<'SLOW'
#!/bin/sh
case "$*" in
  lvcreate*-L*)
    : >/tmp/in_lvcreate
    while [ -e /tmp/slow ]; do sleep 0.1; done
    ;;
esac
exec /usr/real/lvm "$@"
SLOW
chmod +x /usr/sbin/lvm

step "killed while the volumes stand still"
: >/tmp/slow
umbra shadow create /mnt/thick /mnt/thin >/tmp/out 2>&1 &
victim=$!
stands_still() {
  [ -e /proc/$victim ] || fail "nothing is made: $(cat /tmp/out)"
  [ -e /tmp/in_lvcreate ]
}
wait_until 120 stands_still
[ "$(suspended | grep -c SUSPENDED)" -eq 2 ] || fail "the two volumes do not stand still: $(dmsetup info)"
kill -KILL $victim
wait $victim 2>/dev/null || true
wait_until 60 nothing_suspended
echo alive >/mnt/thick/alive
echo alive >/mnt/thin/alive
sync
# The lvcreate that nobody waits for any longer ends by itself.
rm /tmp/slow
no_lvcreate() { ! pidof lvm >/dev/null; }
wait_until 60 no_lvcreate
nothing_suspended || fail "suspended: $(suspended)"
umbra shadow list
for id in $(umbra shadow list --json >/tmp/set.json && of_json snapshot_id /tmp/set.json); do umbra shadow delete "$id"; done
no_leftovers

step "LVM takes too long"
rm -f /tmp/in_lvcreate
: >/tmp/slow
umbra shadow create /mnt/thick /mnt/thin >/tmp/out 2>&1 &
victim=$!
wait_until 120 stands_still
wait_until 120 nothing_suspended
rm /tmp/slow
code=0
wait $victim || code=$?
[ "$code" -eq 1 ] || fail "a set that is not of one instant ended with $code: $(cat /tmp/out)"
grep -q 'stood still for more than' /tmp/out || fail "it does not say why: $(cat /tmp/out)"
no_leftovers

step "the pool refuses in the middle"
mv /usr/sbin/dmsetup /usr/real/dmsetup
cat >/usr/sbin/dmsetup <<'REFUSE'
#!/bin/sh
case "$*" in
  message*create_snap*)
    echo "refused for a test" >&2
    exit 1
    ;;
esac
exec /usr/real/dmsetup "$@"
REFUSE
chmod +x /usr/sbin/dmsetup
expect_failure 'refused for a test' umbra shadow create /mnt/thick /mnt/thin
mv /usr/real/dmsetup /usr/sbin/dmsetup
no_leftovers
echo alive >/mnt/thick/alive
echo alive >/mnt/thin/alive
sync

for v in thick thin; do
  step "killed while it reads a copy: $v"
  slow_backup $v
  kill -KILL "$backup"
  wait "$backup" 2>/dev/null || true
  nothing_suspended || fail "suspended: $(suspended)"
  umbra shadow list --json >/tmp/set.json
  [ "$(wc -l </tmp/set.json)" -eq 1 ] || fail "what is left is not listed: $(cat /tmp/set.json)"
  grep -q "\"original_volume_name\":\"/dev/vg/$v\"" /tmp/set.json || fail "listed is something else: $(cat /tmp/set.json)"
  if [ $v = thick ]; then
    umbra shadow delete "$(of_json snapshot_id /tmp/set.json)"
    no_leftovers
  fi
  if umbra list /tmp/vault --json | grep -q "\"$v\""; then fail "there is an image"; fi
  umbra backup /dev/vg/$v --to /tmp/vault --name $v --quiet
  umbra restore /tmp/vault::$v --to /tmp/back.img --yes --quiet
  e2fsck -fn /tmp/back.img >/tmp/fsck.log 2>&1 || fail "e2fsck: $(cat /tmp/fsck.log)"
  rm /tmp/back.img
  # The next session takes away what a dead one left.
  no_leftovers
done
