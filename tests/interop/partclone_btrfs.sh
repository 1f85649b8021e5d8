#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone.btrfs and Umbra on the same volumes: where both see blocks in use they bring back the same; bytes and seconds side by
# side. The maps differ: partclone 0.3.23 misses second copies (DUP), and takes blocks that no extent has. So what dump-tree
# lists decides: Umbra has all of it, and nothing else but the first MiB.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools partclone.btrfs partclone.restore partclone.info mkfs.btrfs btrfs python3

mkdir stock
fill stock 25M /usr/lib/x86_64-linux-gnu /usr/lib/gcc
random_bytes 5M >stock/random

# partclone PROGRAM OPTION...: quietly, with its log in the present folder
partclone() { "partclone.$1" "${@:2}" -L partclone.log >partclone.out 2>&1 || fail "partclone.$*: $(tail -n 5 partclone.log)"; }

# used_by_partclone IMAGE: bytes in use
used_by_partclone() {
  partclone.info -s "$1" -L info.log 2>&1 | python3 -IS -c '
import re, sys
text = sys.stdin.read()
blocks = int(re.search(r"Space in use:.*?= *(\d+) Blocks", text).group(1))
size = int(re.search(r"Block size: *(\d+)", text).group(1))
print(blocks * size)'
}

# seconds COMMAND...: runs it, sets `took`
seconds() {
  local from
  from=$(date +%s%N)
  "$@"
  took=$(awk -v ns=$(($(date +%s%N) - from)) 'BEGIN { printf "%.2f s", ns / 1e9 }')
}

check() {
  local name=$1 used ours common theirs_took
  shift
  rm -rf vault part.raw theirs.raw ours.raw part.pc domain
  truncate -s 400M part.raw
  "$UMBRA" init vault --quiet
  mkfs.btrfs -q --rootdir stock "$@" part.raw >mkfs.log 2>&1 || fail "$name: mkfs.btrfs: $(cat mkfs.log)"

  seconds partclone btrfs -c -s part.raw -o part.pc
  theirs_took=$took
  partclone btrfs -D -s part.raw -o domain
  truncate -s "$(stat -c %s part.raw)" theirs.raw
  partclone restore -s part.pc -O theirs.raw
  seconds "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  used=$("$SOURCE_DIR/tests/support/btrfs_used.py" --total part.raw)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  expect_between "$used" "$ours" $((used + (1 << 20) + used / 100)) "$name: bytes in use"
  "$SOURCE_DIR/tests/support/btrfs_used.py" part.raw >listed
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain listed part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/btrfs_used.py" --within domain part.raw >both
  common=$("$SOURCE_DIR/tests/support/same_blocks.py" --domain both theirs.raw ours.raw)
  [ "$common" -ge $((used / 3)) ] || fail "$name: only $common bytes are seen by both"
  btrfs check --readonly --check-data-csum ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  say "  $name: $(mib "$used") in use; $(mib "$(used_by_partclone part.pc)") counted by partclone, $(mib "$ours") taken by Umbra," \
    "$theirs_took and $took, $(mib "$(stat -c %s part.pc)") and $(mib "$(field new_bytes report.json)") stored;" \
    "$(mib "$common") are in both"
}

check plain
check single -m single
check mixed -M -n 4096
check twice -d dup
check old -O ^no-holes,^skinny-metadata -R ^free-space-tree
