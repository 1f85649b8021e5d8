#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone and Umbra on the same partitions: the same blocks in use, the same bytes back, each from the other's restored disk.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools partclone.ext4 partclone.restore partclone.info mke2fs e2fsck debugfs python3
"$UMBRA" init vault --quiet

mkdir stock
fill stock 20M /usr/lib/x86_64-linux-gnu /usr/lib/gcc
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

check() {
  local name=$1 used ours
  shift
  rm -rf part.raw theirs.raw ours.raw part.pc domain
  truncate -s 70M part.raw
  mke2fs -q -F -d stock "$@" part.raw
  # A hole in the middle of what is used.
  debugfs -w -R 'rm random' part.raw >/dev/null 2>&1

  partclone ext4 -c -s part.raw -o part.pc
  partclone ext4 -D -s part.raw -o domain
  truncate -s 70M theirs.raw
  partclone restore -s part.pc -O theirs.raw
  "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  used=$(used_by_partclone part.pc)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  # With blocks of 1 KiB the boot sector lies before the first block that ext counts.
  expect_between "$used" "$ours" $((used + 1024)) "$name: bytes in use"
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain theirs.raw ours.raw >/dev/null
  "$UMBRA" verify "vault::$name" --source theirs.raw --quiet
  e2fsck -fn ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  say "  $name: $(mib "$used") in use by partclone, $(mib "$ours") by Umbra; blocks in use are the same"
}

# What we restored is a source for partclone, and the same one; files are read out of both by debugfs.
clone_again() {
  partclone ext4 -c -s ours.raw -o again.pc
  truncate -s 70M again.raw
  partclone restore -s again.pc -O again.raw
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw again.raw >/dev/null
  mkdir files files/theirs files/ours
  debugfs -R 'rdump / files/theirs' theirs.raw >/dev/null 2>&1
  debugfs -R 'rdump / files/ours' ours.raw >/dev/null 2>&1
  [ "$(find files/ours -type f | wc -l)" -gt 100 ] || fail 'debugfs found no files'
  diff -r --no-dereference files/theirs files/ours >diff.log || fail "files differ: $(head -n 3 diff.log)"
  say '  cloned again by partclone from our restored disk: the same; so are all files'
}

check ext2 -t ext2
check ext3 -t ext3 -b 2048
check ext4 -t ext4
clone_again
check ext4-1k -t ext4 -b 1024
check ext4-32bit -t ext4 -O ^64bit,^metadata_csum,uninit_bg
check ext4-no-flex -t ext4 -O ^flex_bg -I 128
