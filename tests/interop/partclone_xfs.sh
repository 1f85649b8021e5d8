#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone and Umbra on the same XFS file systems: the same blocks in use but for what the trees keep in reserve, the same bytes
# back, each from the other's restored disk; and what both take in bytes and seconds.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools partclone.xfs partclone.restore mkfs.xfs xfs_repair xfs_db python3
"$UMBRA" init vault --quiet

mkdir stock
fill stock 20M /usr/lib/x86_64-linux-gnu /usr/lib/gcc
# What mkfs.xfs fills a file system with: it takes no folder, and no names with spaces.
list_stock() {
  printf '/\n0 0\nd--755 0 0\n'
  local file n=0
  while IFS= read -r file; do
    printf 'f%d ---644 0 0 %s\n' $((n++)) "$PWD/$file"
  done < <(find stock -type f ! -name '*[[:space:]]*')
  [ "$n" -gt 50 ] || fail 'too few files'
  printf '$\n'
}
list_stock >prototype

# partclone PROGRAM OPTION...: quietly, with its log in the present folder
partclone() { "partclone.$1" "${@:2}" -L partclone.log >partclone.out 2>&1 || fail "partclone.$*: $(tail -n 5 partclone.log)"; }

# used_by_domain FILE: bytes in use by partclone's map of blocks. What it prints of an image comes out of the superblock, whose
# counters are not exact.
used_by_domain() { awk '$3 == "+" { print $2 }' "$1" | python3 -IS -c 'import sys; print(sum(int(n, 16) for n in sys.stdin))'; }

seconds() {
  local begin end
  begin=$(date +%s%N)
  "$@"
  end=$(date +%s%N)
  took=$(awk -v ns=$((end - begin)) 'BEGIN { printf "%.2f s", ns / 1e9 }')
}

check() {
  local name=$1 used ours theirs_took ours_took group groups block reserve=0
  shift
  rm -rf part.raw theirs.raw ours.raw part.pc domain
  truncate -s 320M part.raw
  mkfs.xfs -q -f --unsupported -p prototype "$@" part.raw >mkfs.log 2>&1 || fail "$name: $(tail -n 3 mkfs.log)"

  seconds partclone xfs -c -s part.raw -o part.pc
  theirs_took=$took
  partclone xfs -D -s part.raw -o domain
  truncate -s 320M theirs.raw
  partclone restore -s part.pc -O theirs.raw
  seconds "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  ours_took=$took
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  block=$(xfs_db -r -c 'sb 0' -c 'p blocksize' part.raw | awk '{ print $3 }')
  groups=$(xfs_db -r -c 'sb 0' -c 'p agcount' part.raw | awk '{ print $3 }')
  for ((group = 0; group < groups; ++group)); do
    reserve=$((reserve + $(xfs_db -r -c "agf $group" -c 'p flcount' part.raw | awk '{ print $3 }') * block))
  done
  used=$(used_by_domain domain)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  [ "$ours" -eq $((used + reserve)) ] || fail "$name: $ours bytes in use, not $used and $reserve in reserve"
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain theirs.raw ours.raw >/dev/null
  xfs_repair -n ours.raw >check.log 2>&1 || fail "$name: $(tail -n 5 check.log)"
  say "  $name: $(mib "$used") in use by partclone, an image of $(mib "$(stat -c %s part.pc)") in $theirs_took;" \
    "$(mib "$ours") by Umbra, $(mib "$(field image.new_stored_bytes report.json)") new in $ours_took"
}

check v5
check v5-1k -b size=1024
check v5-owner-tree -m rmapbt=1
check v5-groups -d agcount=9
check v4 -m crc=0
check v4-512 -m crc=0 -b size=512 -i size=256
