#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How long it takes to find out what of a volume is in use, and how much memory and reading: volumes of 1 TiB, of which 1 % is full.
# `./run bench map` builds the program and starts this, as root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=/dev/null
. "$here/support/make_disks.sh"
# shellcheck source=/dev/null
. "$here/support/make_volumes.sh"
PATH=$PATH:/usr/sbin:/sbin

usage() {
  cat <<'TEXT'
usage: ./run bench map [OPTION]...

  --only KIND,...   of ext4 xfs ntfs (all)
  --size SIZE       of a volume (1T)
  --files N         on each, of 10 MiB (1000)
  --rounds N        the table has medians (3)
  --scratch DIR     as of ./run bench: 12 GiB
TEXT
}

only=ext4,xfs,ntfs size=1T files=1000 rounds=3
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --only | --size | --files | --rounds | --scratch)
      [ $# -ge 2 ] || die "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) die "unknown option '$1': ./run bench map --help" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || die 'filling volumes needs root'
node= # what attach() attached last
map_volume=$BUILD_DIR/tests/map_volume

mkdir -p "${scratch:?}"
check_space 12000
work=$(mktemp -d "$(realpath "$scratch")/map.XXXXXX")
trap 'release; cd /; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cd "$work"
describe_machine

# Files that take their space without being written, where that can be: what lies in them is not looked at.
fill_folder() {
  local n
  for ((n = 0; n < files; ++n)); do
    if ((n % 100 == 0)); then mkdir "$1/$((n / 100))"; fi
    fallocate -l 10M "$1/$((n / 100))/$n" 2>/dev/null || head -c 10M /dev/zero >"$1/$((n / 100))/$n"
    # Holes between them, so that not all of it is one piece.
    if ((n % 10 == 0)); then rm "$1/$((n / 100))/$n"; fi
  done
  sync -f "$1"
}

printf '%-6s %10s %10s %8s %12s %10s\n' kind 'in use, GiB' seconds MiB 'read, MiB' reads
for kind in ext4 xfs ntfs; do
  [[ ",$only," == *,$kind,* ]] || continue
  truncate -s "$size" volume
  attach volume
  make_volume "$kind" "$node"
  mount_volume "$kind" "$node" mounted
  fill_folder mounted
  release
  for ((round = 0; round < rounds; ++round)); do "$map_volume" --no-ranges volume; done >told
  python3 -IS - "$kind" <<'PYTHON'
import json, statistics, sys
told = [json.loads(line) for line in open("told")]
one = told[0]
if any("copied whole" in note for note in one["notes"]):
    print("%-6s %s" % (sys.argv[1], "; ".join(one["notes"])))
else:
    print("%-6s %10.1f %10.2f %8.0f %12.1f %10d" % (
        sys.argv[1], one["used_bytes"] / 2**30, statistics.median(t["seconds"] for t in told),
        max(t["peak_kib"] for t in told) / 1024, one["bytes_read"] / 2**20, one["reads"]))
PYTHON
  rm volume
done
