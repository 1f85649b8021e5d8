#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How long writes are held while a shadow copy is made: an ext4 in a file on XFS, which is cloned, while a process writes to it as
# fast as it can. `./run bench freeze` builds Umbra and starts this, as root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=/dev/null
. "$here/support/make_disks.sh"
PATH=$PATH:/usr/sbin:/sbin

usage() {
  cat <<'TEXT'
usage: ./run bench freeze [OPTION]...

  --copies N      shadow copies to make (20)
  --scratch DIR   as of ./run bench: 3 GiB
TEXT
}

copies=20
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --copies | --scratch)
      [ $# -ge 2 ] || die "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) die "unknown option '$1': ./run bench freeze --help" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || die 'only root may freeze a file system'

held=() # what goes at the end, the latest first
writer=
clean_up() {
  set +e
  local i
  [ -z "$writer" ] || { kill "$writer" && wait "$writer"; } 2>/dev/null
  for ((i = ${#held[@]} - 1; i >= 0; --i)); do eval "${held[i]}"; done
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "${scratch:?}"
check_space 3000
work=$(mktemp -d "$(realpath "$scratch")/freeze.XXXXXX")
held+=("cd /; rm -rf '$work'")
cd "$work"
mkdir -m 755 host volume no-writers

# mount_image FILE FOLDER
mount_image() {
  local node
  node=$(losetup --find --show "$1")
  held+=("losetup -d $node")
  mount "$node" "$2"
  held+=("umount $work/$2 || umount -l $work/$2")
}
truncate -s 4G host.img
mkfs.xfs -q host.img
mount_image host.img host
truncate -s 2G host/volume.img
mke2fs -q -t ext4 host/volume.img
mount_image host/volume.img volume

# 64 KiB at random places of 256 MiB without a pause, and every 16th time written out, as a database does.
python3 -IS -c '
import os, random
file = os.open("volume/data", os.O_WRONLY | os.O_CREAT)
n = 0
while True:
    n += 1
    os.pwrite(file, os.urandom(65536), random.randrange(4096) * 65536)
    if n % 16 == 0:
        os.fdatasync(file)' &
writer=$!
until [ "$(stat -c %b volume/data 2>/dev/null || echo 0)" -gt 65536 ]; do sleep 0.1; done

for ((i = 0; i < copies; ++i)); do
  "$UMBRA" shadow create volume --context backup --provider reflink --writers no-writers --json --quiet
done >made
describe_machine
python3 -IS -c '
import json, statistics
held = sorted(json.loads(line)["held_microseconds"] / 1000 for line in open("made"))
worst, target = held[-1], 100
print("freeze: %d copies, writes held for %.1f ms (median), %.1f ms (longest); target: under %d ms, %s"
      % (len(held), statistics.median(held), worst, target, "reached" if worst < target else "not reached"))'
