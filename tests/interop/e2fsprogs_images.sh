#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The damaged, odd and old volumes that e2fsprogs tests itself with, out of its source package: on none of them may a map take more than 5
# seconds of processor time or 256 MiB, or crash; and on those that e2fsck finds in order, once their journal is replayed, it must have all
# that dumpe2fs says is in use.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools e2fsck dumpe2fs python3 apt-get
map_volume=$(dirname "$UMBRA")/../tests/map_volume
[ -x "$map_volume" ] || skip 'map_volume is not built'

# E2FSPROGS_SOURCE names the package's .orig.tar.gz; without it the package comes from where the system's packages come from, with
# lists of its own, so that the system's stay as they are.
fetch() {
  local apt=(timeout 120 apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$PWD/apt/sources"
    -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" -o APT::Sandbox::User=root)
  mkdir -p apt/sources apt/lists/partial apt/cache/archives/partial
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -n 's/^deb /deb-src /p' "$file" >"apt/sources/${file##*/}.list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"apt/sources/${file##*/}"
  done
  "${apt[@]}" update >apt.log 2>&1 && "${apt[@]}" --download-only source e2fsprogs >>apt.log 2>&1
}
source=${E2FSPROGS_SOURCE:-}
if [ -z "$source" ]; then
  fetch || skip "the source package of e2fsprogs is not to be had"
  source=$(echo e2fsprogs_*.orig.tar.gz)
fi
mkdir images
tar -x -f "$source" -C images --strip-components=2 --wildcards '*/tests/*/image*.gz'
mapfile -t images < <(find images -name '*.gz' | LC_ALL=C sort)
[ ${#images[@]} -ge 200 ] || fail "only ${#images[@]} images were found"

accepted=0 whole=0 failures=0
complain() {
  say "  FAILED: $1: $2"
  failures=$((failures + 1))
}

# check IMAGE: whether the limits hold, and the map is not too small
check() {
  local name=${1#images/}
  if ! (ulimit -v 262144 -t 5 && timeout 120 "$map_volume" --all volume >map.json 2>map.log); then
    complain "$name" "$(tail -n 1 map.log)"
    return
  fi
  if grep -q 'copied whole' map.json; then whole=$((whole + 1)); fi
  cp --sparse=always volume oracle
  e2fsck -E journal_only -y oracle >fsck.log 2>&1 || [ $? -eq 1 ] || return 0
  timeout 60 e2fsck -fn oracle >fsck.log 2>&1 || return 0
  dumpe2fs oracle >dump.txt 2>dump.log || return 0
  accepted=$((accepted + 1))
  "$SOURCE_DIR/tests/support/map_checks.py" --dumpe2fs dump.txt map.json >sums 2>&1 || complain "$name" "$(cat sums)"
}

for image in "${images[@]}"; do
  gunzip -c "$image" 2>gunzip.log | dd of=volume bs=64K iflag=fullblock conv=sparse status=none || true
  check "$image"
done
[ "$failures" -eq 0 ] || fail "$failures of ${#images[@]} images"
[ "$accepted" -ge 10 ] || fail "e2fsck found only $accepted of the images in order"
say "${#images[@]} images: $whole copied whole, $accepted in order by e2fsck, none with too small a map"
