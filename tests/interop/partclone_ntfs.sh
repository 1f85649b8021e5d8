#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# partclone and ntfsclone beside Umbra on the same NTFS partitions: the same clusters in use, the same bytes back.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools partclone.ntfs partclone.restore partclone.info mkntfs ntfscp ntfscat ntfsclone ntfsresize ntfsfix python3
"$UMBRA" init vault --quiet
size=70M

# filled MKNTFS-OPTION...: part.raw, by ntfscp into the unmounted volume
filled() {
  rm -f part.raw
  truncate -s "$size" part.raw
  mkntfs -q -F -Q "$@" part.raw >mkntfs.log 2>&1 || fail "mkntfs $*: $(cat mkntfs.log)"
  local file
  for file in stock/*; do ntfscp -q -f part.raw "$file" "$(basename "$file")" >ntfscp.log 2>&1 || fail "ntfscp: $(cat ntfscp.log)"; done
}

# seconds COMMAND...: runs it, answers how long it took
seconds() {
  local begin=$EPOCHREALTIME
  "$@" >seconds.log 2>&1 || fail "$*: $(tail -n 5 seconds.log)"
  awk -v begin="$begin" -v end="$EPOCHREALTIME" 'BEGIN { printf "%.2f s", end - begin }'
}

# used_by_partclone IMAGE: bytes in use
used_by_partclone() {
  partclone.info -s "$1" -L info.log 2>&1 | python3 -IS -c '
import re, sys
text = sys.stdin.read()
blocks = int(re.search(r"Space in use:.*?= *(\d+) Blocks", text).group(1))
size = int(re.search(r"Block size: *(\d+)", text).group(1))
print(blocks * size)'
}

# The boot sector's area may be larger than its clusters, and what lies behind the last cluster is no cluster.
slack=$((128 << 10))

check() {
  local name=$1 used ours ours_took theirs_took ntfsclone_took file
  shift
  filled "$@"
  rm -rf theirs.raw ours.raw part.pc domain part.ntfsclone
  theirs_took=$(seconds partclone.ntfs -c -s part.raw -o part.pc -L partclone.log)
  ntfsclone_took=$(seconds ntfsclone --save-image --force --output part.ntfsclone part.raw)
  partclone.ntfs -D -s part.raw -o domain -L partclone.log >partclone.out 2>&1 || fail "partclone -D: $(tail -n 5 partclone.log)"
  truncate -s "$size" theirs.raw
  partclone.restore -s part.pc -O theirs.raw -L partclone.log >partclone.out 2>&1 || fail "partclone: $(tail -n 5 partclone.log)"
  ours_took=$(seconds "$UMBRA" backup part.raw --to vault --name "$name" --parent none --quiet)
  "$UMBRA" backup part.raw --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to ours.raw --quiet

  used=$(used_by_partclone part.pc)
  ours=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  expect_between "$used" "$ours" $((used + slack)) "$name: bytes in use"
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain part.raw ours.raw >/dev/null
  "$SOURCE_DIR/tests/support/same_blocks.py" --domain domain theirs.raw ours.raw >/dev/null
  ntfsresize --info --force ours.raw >check.log 2>&1 || fail "$name: ntfsresize: $(tail -n 5 check.log)"
  ntfsfix -n ours.raw >check.log 2>&1 || fail "$name: ntfsfix: $(tail -n 5 check.log)"
  for file in stock/*; do
    ntfscat -f ours.raw "$(basename "$file")" 2>/dev/null | cmp - "$file" || fail "$name: $file differs"
  done
  say "  $name: in use $(mib "$used") by partclone, $(mib "$ours") by Umbra;" \
    "taken in $theirs_took by partclone, $ntfsclone_took by ntfsclone, $ours_took by Umbra"
}

mkdir stock
random_bytes 5M >stock/random
for n in 1 2 3; do tar -c -C /usr/lib/gcc . 2>/dev/null | head -c ${n}500000 >"stock/part-$n" || true; done
printf x >stock/one
check clusters-512 -c 512
check clusters-4k -c 4096
check clusters-64k -c 65536
check sectors-4k -s 4096
