# SPDX-License-Identifier: GPL-3.0-or-later
# What the guests of tests/vm/lvm_*.sh share. Sourced by them as /lib/lvm.sh; dash and busybox.
# shellcheck shell=dash
set -eu

fail() {
  echo "FAILED: $*"
  exit 1
}
step() { echo "--- $(cut -d. -f1 /proc/uptime) s: $*"; }

# expect WORDS COMMAND...: it fails, and says so in these words (a regular expression).
expect_failure() {
  expected=$1
  shift
  if "$@" >/tmp/said 2>&1; then fail "$* did not fail: $(cat /tmp/said)"; fi
  grep -Eq "$expected" /tmp/said || fail "$* did not say '$expected' but: $(cat /tmp/said)"
}

# wait_until SECONDS COMMAND...: for what comes by itself; how long it takes proves nothing.
wait_until() {
  left=$(($1 * 10))
  shift
  until "$@"; do
    left=$((left - 1))
    [ $left -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}

# lvm_do ARGUMENT...: says something only if it fails.
lvm_do() { lvm "$@" >/tmp/lvm.log 2>&1 || fail "lvm $*: $(tail -3 /tmp/lvm.log)"; }

lvm_configure() {
  mkdir -p /etc/lvm
  # No udev here, and no daemons.
  cat >/etc/lvm/lvm.conf <<'CONF'
activation { udev_sync=0 udev_rules=0 monitoring=0 }
devices { obtain_device_list_from_udev=0 }
global { use_lvmpolld=0 event_activation=0 }
CONF
}

# A group "vg" with a thin pool, on the guest's disk.
lvm_make_group() {
  lvm_configure
  lvm_do pvcreate /dev/vda
  lvm_do vgcreate vg /dev/vda
  lvm_do lvcreate -y -L 700M -T vg/pool
}

# lvm_make_volume NAME SIZE ext4|xfs [thin]: mounted at /mnt/NAME.
lvm_make_volume() {
  if [ "${4:-}" = thin ]; then
    lvm_do lvcreate -y -V "$2" -T vg/pool -n "$1"
  else
    lvm_do lvcreate -y -L "$2" -n "$1" vg
  fi
  if [ "$3" = xfs ]; then
    mkfs.xfs -q "/dev/vg/$1" || fail "mkfs.xfs"
  else
    mke2fs -q -t ext4 "/dev/vg/$1" || fail "mke2fs"
  fi
  mkdir -p "/mnt/$1"
  mount -t "$3" "/dev/vg/$1" "/mnt/$1"
}

is_mounted() { grep -q " $1 " /proc/mounts; }
copies_left() { lvm lvs --noheadings -o lv_name | grep umbra; }
suspended() { dmsetup info | grep -B1 -A1 SUSPENDED; }
nothing_suspended() { ! suspended >/dev/null; }
no_leftovers() {
  if copies_left >/tmp/left; then fail "a copy was left behind: $(cat /tmp/left)"; fi
  if dmsetup info -c --noheadings -o name | grep umbra >/tmp/left; then fail "a mapping was left behind: $(cat /tmp/left)"; fi
  if suspended >/tmp/left; then fail "something is suspended: $(cat /tmp/left)"; fi
  [ -z "$(umbra shadow list --json)" ] || fail "umbra lists: $(umbra shadow list)"
}

# slow_backup VOLUME [OPTION]...: begins one that takes long, and returns while it reads from a copy. Sets `backup`; its words:
# /tmp/out.
slow_backup() {
  umbra backup "/dev/vg/$1" --to /tmp/vault --name "$@" --codec zstd --level 19 --threads 1 --quiet >/tmp/out 2>&1 &
  backup=$!
  wait_until 120 reads_a_copy
}
reads_a_copy() {
  [ -e "/proc/$backup" ] || fail "the backup is over: $(cat /tmp/out)"
  for fd in "/proc/$backup/fd"/*; do
    case $(readlink "$fd" 2>/dev/null) in
      /dev/*umbra-*) return 0 ;;
    esac
  done
  return 1
}

# append_numbers FOLDER...: 1 in each folder's file, one after the other, then 2 in each…; each is on the disk before the next.
append_numbers() {
  n=0
  while :; do
    n=$((n + 1))
    for folder in "$@"; do
      echo $n >>"$folder/numbers"
      sync "$folder/numbers"
    done
  done
}
start_writing() {
  append_numbers "$@" &
  writer=$!
  wait_until 60 test -s "$1/numbers"
}
stop_writing() {
  kill -0 "$writer" || fail "the program that writes did not last"
  kill "$writer"
  wait "$writer" 2>/dev/null || true
}

# last_number FOLDER: of numbers that are a beginning of all of them.
last_number() {
  [ -s "$1/numbers" ] || fail "$1: no numbers"
  last=$(tail -n 1 "$1/numbers")
  seq 1 "$last" | cmp -s - "$1/numbers" || fail "$1: the numbers are no beginning: $(tail -n 3 "$1/numbers")"
  echo "$last"
}

# of_json FIELD FILE: each value of a text field, one a line.
of_json() { grep -o "\"$1\":\"[^\"]*\"" "$2" | cut -d'"' -f4; }
