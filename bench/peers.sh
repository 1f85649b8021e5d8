#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Other programs that image a disk, beside Umbra, on the same disk in the page cache: a full image, the same again with nothing
# changed, and what each stores. `./run bench peers` builds Umbra and starts this. docs/benchmarks.md says what each one is asked.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=/dev/null
. "$here/support/make_disks.sh"

usage() {
  cat <<'TEXT'
usage: ./run bench peers [OPTION]... [PROGRAM]...

  PROGRAM         umbra borg restic qemu-img partclone casync; default: those that are installed
  --install       install those that are not (as root, Debian packages)
  --runs N        of each (3); the table has medians
  --quick         a disk of 2 GiB with 1 GiB of files
  --disk FILE     a disk of yours, only read; partclone wants its first partition to be ext4
  --scratch DIR   as of ./run bench
TEXT
}

all=(umbra borg restic qemu-img partclone casync)
declare -A package=([borg]=borgbackup [restic]=restic [qemu-img]=qemu-utils [partclone]="partclone lz4" [casync]=casync)
runs=3
disk_size=12G
file_bytes=$((6400 << 20))
needed=25000
install=no
disk=
chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --install) install=yes && shift ;;
    --quick) disk_size=2G && file_bytes=$((1100 << 20)) && needed=6000 && runs=1 && shift ;;
    --runs | --disk | --scratch)
      [ $# -ge 2 ] || die "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || die "unknown program or option '$1': ./run bench peers --help"
      chosen+=("$1")
      shift
      ;;
  esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${all[@]}")

is_there() {
  case $1 in
    umbra) true ;;
    partclone) command -v partclone.ext4 >/dev/null && command -v lz4 >/dev/null && [ "$(id -u)" -eq 0 ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

if [ $install = yes ]; then
  missing=()
  for program in "${chosen[@]}"; do
    if ! is_there "$program"; then read -r -a names <<<"${package[$program]}" && missing+=("${names[@]}"); fi
  done
  [ ${#missing[@]} -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends install "${missing[@]}" >&2
fi
command -v hyperfine >/dev/null || die "hyperfine is missing"

mkdir -p "$scratch"
scratch=$(realpath "$scratch")
work=$scratch/peers
partition=
clean_up() {
  if [ -n "$partition" ]; then losetup -d "$partition"; fi
  rm -rf "$work" "$scratch/altered" "$scratch"/*.partial
}
trap clean_up EXIT
check_space "$needed"
if [ -z "$disk" ]; then make_disks "$disk_size" "$file_bytes"; fi
export BORG_BASE_DIR=$work/borg-home BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_RELOCATED_REPO_ACCESS_IS_OK=yes
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$work/restic-cache XDG_CACHE_HOME=$work/cache

version_of() {
  case $1 in
    umbra) "$UMBRA" --version ;;
    borg) borg --version ;;
    restic) restic version ;;
    qemu-img) qemu-img --version ;;
    partclone) partclone.ext4 --version ;;
    casync) casync --version ;;
  esac 2>&1 | head -n 1 | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1
}

# What each is asked. An image of the disk, into $work/store: `prepare` makes the empty store, `image N` takes the Nth image. Those
# that remember the state of files are told not to: a disk has no modification time.
prepare_of() {
  case $1 in
    umbra) echo "'$UMBRA' init '$work/store' --quiet" ;;
    borg) echo "borg init -e none '$work/store'" ;;
    restic) echo "restic init -q -r '$work/store'" ;;
    *) echo "mkdir -p '$work/store'" ;;
  esac
}
image_of() {
  local n=$2
  case $1 in
    umbra) echo "'$UMBRA' backup '$disk' --to '$work/store' --name disk --quiet" ;;
    borg) echo "borg create --compression lz4 --files-cache disabled '$work/store::image-$n-'\$\$ '$disk'" ;;
    restic) echo "restic backup -q --force -r '$work/store' '$disk'" ;;
    qemu-img) echo "qemu-img convert -c -o compression_type=zstd -f raw -O qcow2 '$disk' '$work/store/$n.qcow2'" ;;
    partclone) echo "partclone.ext4 -q -c -s '$partition' -o - -L '$work/partclone.log' | lz4 -q -f - '$work/store/$n.lz4'" ;;
    casync) echo "casync make --store='$work/store/chunks' '$work/store/$n.caibx' '$disk'" ;;
  esac
}
has_incremental() { [ "$1" != qemu-img ] && [ "$1" != partclone ]; }

# time_of NAME PREPARE COMMAND: median seconds. All that was written is on the medium when the clock stops.
time_of() {
  hyperfine --runs "$runs" --shell=bash --export-json "$work/times.json" --prepare "$2" "set -o pipefail; $3 && sync -f '$work'" \
    >"$work/$1.log" 2>&1 || { cat "$work/$1.log" >&2 && die "$1 failed"; }
  python3 -c 'import json, sys; print("%.2f" % json.load(open(sys.argv[1]))["results"][0]["median"])' "$work/times.json"
}
stored() { du -sm --apparent-size "$work/store" | cut -f 1; }

# A row of the table.
measure() {
  local name=$1 anew full full_size again=- again_size=-
  anew="rm -rf '$work/store' && $(prepare_of "$name") && sync -f '$work'"
  say "bench: $name, full image"
  full=$(time_of "$name" "$anew" "$(image_of "$name" 1)")
  full_size=$(stored)
  if has_incremental "$name"; then
    say "bench: $name, nothing changed"
    again=$(time_of "$name" "sync -f '$work'" "$(image_of "$name" 2)")
    again_size=$(($(stored) - full_size))
    again_size=$(awk -v all="$again_size" -v runs="$runs" 'BEGIN { printf "%.1f MiB", all / runs }')
    again="$again s"
  fi
  printf '| %s %s | %s s | %s MiB | %s | %s |\n' "$name" "$(version_of "$name")" "$full" "$full_size" "$again" "$again_size"
}

mkdir -p "$work"
if [[ " ${chosen[*]} " == *" partclone "* ]] && is_there partclone; then
  read -r start sectors < <(sfdisk -d "$disk" | sed -nE 's/.*start= *([0-9]+), size= *([0-9]+).*/\1 \2/p' | head -n 1)
  partition=$(losetup -f --show -r --offset $((start * 512)) --sizelimit $((sectors * 512)) "$disk")
fi
cat "$disk" >/dev/null # into the page cache

describe_machine
echo
echo "| program | full image | stored | nothing changed | stored for it |"
echo "|---|---|---|---|---|"
for program in "${chosen[@]}"; do
  if is_there "$program"; then
    measure "$program"
  else
    say "bench: $program is not installed; --install does that"
  fi
done
