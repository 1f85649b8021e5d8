#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone and Umbra on the same FAT volumes: the same bytes in use, the same bytes back. FAT12 is left out: of entries of 12 bits
# partclone 0.3.23 counts fewer as used than fsck.fat does.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools partclone.vfat partclone.restore partclone.info mkfs.fat mcopy mdel python3
export MTOOLS_SKIP_CHECK=1
"$UMBRA" init vault --quiet

mkdir stock
fill stock 12M /usr/lib/x86_64-linux-gnu
find stock -type l -delete
random_bytes 2M >stock/random

partclone() { "partclone.$1" "${@:2}" -L partclone.log >partclone.out 2>&1 || fail "partclone.$*: $(tail -n 5 partclone.log)"; }

used_by_partclone() {
  partclone.info -s "$1" -L info.log 2>&1 | python3 -IS -c '
import re, sys
text = sys.stdin.read()
blocks = int(re.search(r"Space in use:.*?= *(\d+) Blocks", text).group(1))
size = int(re.search(r"Block size: *(\d+)", text).group(1))
print(blocks * size)'
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
  mkfs.fat "$@" part.raw >made.log 2>&1 || fail "$name: mkfs.fat: $(cat made.log)"
  mcopy -s -i part.raw stock/* ::/ 2>copy.log || fail "$name: mcopy: $(tail -n 3 copy.log)"
  mdel -i part.raw ::/random
  seconds partclone vfat -c -s part.raw -o part.pc
  theirs_took=$took
  partclone vfat -D -s part.raw -o domain
  truncate -s "$size" theirs.raw
  partclone restore -s part.pc -O theirs.raw
  seconds "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  used=$(used_by_partclone part.pc)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  expect_between "$used" "$ours" $((used + used / 100)) "$name: bytes in use"
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain theirs.raw ours.raw >/dev/null
  fsck.fat -n ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  say "  $name: $(mib "$used") in $theirs_took s by partclone, $(mib "$ours") in $took s by Umbra; blocks in use are the same"
}

check fat16 64M -F 16
check fat16-large-clusters 400M -F 16 -s 64
check fat32 300M -F 32
check fat32-512 80M -F 32 -s 1
check fat32-32k-clusters 2500M -F 32 -s 64
