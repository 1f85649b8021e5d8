#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone and Umbra on the same exFAT volumes: the same bytes in use, the same bytes back.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools partclone.exfat partclone.restore mkfs.exfat fsck.exfat mount.exfat-fuse python3
[ -e /dev/fuse ] || skip 'there is no FUSE'
"$UMBRA" init vault --quiet

mkdir stock
fill stock 12M /usr/lib/x86_64-linux-gnu
find stock -type l -delete
random_bytes 2M >stock/random

partclone() { "partclone.$1" "${@:2}" -L partclone.log >partclone.out 2>&1 || fail "partclone.$*: $(tail -n 5 partclone.log)"; }

# used_by_partclone DOMAIN: bytes in use by its list of ranges; partclone.info counts 16 sectors more than that, always
used_by_partclone() {
  python3 -IS -c '
import sys
rows = [line.split() for line in open(sys.argv[1]) if not line.startswith("#")]
print(sum(int(row[1], 16) for row in rows if len(row) == 3 and row[2] == "+"))' "$1"
}

# seconds COMMAND...: sets `took`
seconds() {
  local start=$EPOCHREALTIME
  "$@"
  took=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
}

check() {
  local name=$1 size=$2 used ours theirs_took
  shift 2
  rm -f part.raw theirs.raw ours.raw part.pc domain
  truncate -s "$size" part.raw
  mkfs.exfat "$@" part.raw >made.log 2>&1 || fail "$name: mkfs.exfat: $(cat made.log)"
  "$SOURCE_DIR/tests/support/exfat_fill.sh" part.raw "cp -r '$PWD'/stock/. . && rm random"
  seconds partclone exfat -c -s part.raw -o part.pc
  theirs_took=$took
  partclone exfat -D -s part.raw -o domain
  truncate -s "$size" theirs.raw
  partclone restore -s part.pc -O theirs.raw
  seconds "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  used=$(used_by_partclone domain)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  expect_between "$used" "$ours" $((used + used / 100)) "$name: bytes in use"
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain theirs.raw ours.raw >/dev/null
  fsck.exfat -n ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  say "  $name: $(mib "$used") in $theirs_took s by partclone, $(mib "$ours") in $took s by Umbra; blocks in use are the same"
}

check small 64M
check clusters-512 60M -c 512 -b 512
check clusters-32k 400M -c 32K
check clusters-128k 2G -c 128K
