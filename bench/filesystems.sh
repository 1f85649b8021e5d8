#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What knowing a file system is worth: bytes read beside bytes in use, and the same files found again where they lie elsewhere, on a volume
# of the same kind and on one of another. `./run bench filesystems` builds Umbra and starts this, as root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=/dev/null
. "$here/support/make_disks.sh"
# shellcheck source=/dev/null
. "$here/support/make_volumes.sh"
PATH=$PATH:/usr/sbin:/sbin

usage() {
  cat <<'TEXT'
usage: ./run bench filesystems [OPTION]...

  --only KIND,...   of ext4 ntfs xfs btrfs vfat disk (all)
  --bytes MIB       files on each volume (1200)
  --scratch DIR     as of ./run bench: 20 GiB
TEXT
}

only=ext4,ntfs,xfs,btrfs,vfat,disk
bytes=1200
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --only | --bytes | --scratch)
      [ $# -ge 2 ] || die "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    *) die "unknown option '$1': ./run bench filesystems --help" ;;
  esac
done
[ "$(id -u)" -eq 0 ] || die 'making volumes needs root'
node= # what attach() attached last
wanted() { [[ ",$only," == *,$1,* ]]; }

mkdir -p "${scratch:?}"
check_space 20000
work=$(mktemp -d "$(realpath "$scratch")/filesystems.XXXXXX")
trap 'release; cd /; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cd "$work"
describe_machine
list_files $((bytes << 20)) >files

# volume KIND FILE ORDER: a volume of four times the files' size, filled; sets `in_use`, in bytes, as the file system itself counts
volume() {
  truncate -s $((bytes * 4))M "$2"
  attach "$2"
  make_volume "$1" "$node"
  if [ "$1" = vfat ]; then
    junk | mcopy -i "$node" - ::junk 2>>mtools.log
    fill_fat files "$node" "$3"
    mdel -i "$node" ::junk 2>>mtools.log
  else
    mount_volume "$1" "$node" mounted
    junk >mounted/junk
    fill_volume files mounted "$3"
    rm mounted/junk
    sync -f mounted
  fi
  in_use=$(in_use_of "$1" "$node" mounted)
  release
}

# back_up FILE VAULT NAME [OPTION]...: sets `read`, `found` (per cent of the data), `seconds`
back_up() {
  "$UMBRA" backup "$1" --to "$2" --name "$3" --json --quiet "${@:4}" >report
  read -r read found seconds < <(python3 -IS -c '
import json
r = json.loads(open("report").read().splitlines()[-1])
known, new = r["deduplicated_bytes"], r["new_bytes"]
print(r["bytes_read"], "%.1f" % (100 * known / max(1, known + new)), "%.2f" % r["seconds"])')
}

mib() { echo $(($1 >> 20)); }

say "files: $(wc -l <files), $bytes MiB"
printf '%-7s %12s %12s %9s %22s %22s\n' kind 'in use, MiB' 'read, MiB' seconds 'found with cuts, %' 'found on the grid, %'
for kind in ext4 ntfs xfs btrfs vfat; do
  wanted $kind || continue
  volume $kind $kind.1 1
  first_use=$in_use
  volume $kind $kind.2 2
  rm -rf v-files v-grid
  "$UMBRA" init v-files --quiet
  "$UMBRA" init v-grid --quiet
  back_up $kind.1 v-grid one --cuts grid
  back_up $kind.2 v-grid two --cuts grid
  grid=$found
  back_up $kind.1 v-files one
  first_read=$read first_seconds=$seconds
  back_up $kind.2 v-files two
  printf '%-7s %12s %12s %9s %22s %22s\n' $kind "$(mib "$first_use")" "$(mib "$first_read")" "$first_seconds" "$found" "$grid"
  mv v-files vault.$kind
  rm -rf v-grid $kind.1
done

for first in ext4 ntfs xfs btrfs vfat; do
  [ -e vault.$first ] || continue
  for second in ext4 ntfs xfs btrfs vfat; do
    if [ $first = $second ] || [ ! -e $second.2 ]; then continue; fi
    cp -r vault.$first vault
    back_up $second.2 vault across
    printf 'files of %s found on %s: %s %%\n' $first $second "$found"
    rm -rf vault
  done
done

# A disk as a machine with two systems has it.
if wanted disk; then
  rm -rf vault.* -- *.2
  truncate -s 12G disk
  printf 'label: gpt\nsize=512M, type=uefi\nsize=5G, type=linux\nsize=1G, type=swap\ntype=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n' |
    sfdisk -q disk
  mapfile -t parts < <(sfdisk --json disk |
    python3 -IS -c 'import json, sys; [print(p["start"] * 512, p["size"] * 512) for p in json.load(sys.stdin)["partitiontable"]["partitions"]]')
  total=0
  for i in 0 1 2 3; do
    read -r offset size <<<"${parts[i]}"
    attach disk --offset "$offset" --sizelimit "$size"
    kinds=(vfat ext4 swap ntfs)
    kind=${kinds[i]}
    if [ "$kind" = swap ]; then
      mkswap "$node" >/dev/null
      total=$((total + 4096))
    else
      make_volume "$kind" "$node"
      if [ "$kind" = vfat ]; then
        head -c 40M /dev/urandom | mcopy -i "$node" - ::kernel 2>>mtools.log
      else
        mount_volume "$kind" "$node" mounted
        junk >mounted/junk
        fill_volume files mounted 0
        rm mounted/junk
        sync -f mounted
      fi
      total=$((total + $(in_use_of "$kind" "$node" mounted)))
    fi
    release
  done
  "$UMBRA" backup disk --to warm.umbra --quiet
  "$UMBRA" init vault --quiet
  back_up disk vault disk
  printf 'disk of 12 GiB (EFI, ext4, swap, NTFS): %s MiB in use, %s MiB read (%s %%), %s s, %s MiB/s of what is in use\n' "$(mib "$total")" \
    "$(mib "$read")" "$(python3 -IS -c "print('%.1f' % (100 * $read / $total))")" "$seconds" \
    "$(python3 -IS -c "print('%.0f' % ($total / 1048576 / $seconds))")"
fi
