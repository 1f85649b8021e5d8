# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The disks that are measured, sourced by bench/run.sh and bench/peers.sh: make_disks sets `disk` and `other_disk`. They are made
# once and kept in the folder `scratch`. Real files fill them: first those of this machine's own folders, then altered copies.

repository=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
: "${scratch:=${UMBRA_BENCH_DIR:-${TMPDIR:-/var/tmp}/umbra-bench}}"

say() { printf '%s\n' "$*" >&2; }
die() {
  say "bench: $*"
  exit 1
}

describe_machine() {
  local cpu memory
  cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
  memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)
  echo "${cpu:-unknown processor}, $(nproc) cores, $memory of memory, Linux $(uname -r), scratch on $(df --output=fstype,source "$scratch" | tail -n 1)"
}

# Mebibytes that files in this folder take.
taken_by() { du -sm "$1" 2>/dev/null | cut -f 1; }

# check_space MIB: the scratch folder can grow to this.
check_space() {
  local free taken
  free=$(($(stat -f -c '%a * %S' "$scratch") >> 20))
  taken=$(taken_by "$scratch")
  say "bench: works in $scratch, which grows to $1 MiB (now $taken MiB; $free MiB are free)"
  [ $((free + taken)) -ge "$1" ] || die "not enough room; --scratch DIR or UMBRA_BENCH_DIR names another place"
}

# How many bytes to take of each folder, so that all together have $1 bytes: no more than there is, else the same of each.
share_of_each() {
  local want=$1
  shift
  du -sxb "$@" 2>/dev/null | sort -n | awk -v want="$want" '
    { size[NR] = $1 }
    END {
      for (i = 1; i <= NR; ++i) {
        share = want / (NR - i + 1)
        if (size[i] >= share) break
        want -= size[i]
      }
      printf "%.0f\n", share
    }'
}

# make_disk FILE SIZE BYTES [OPTION]...
make_disk() {
  local file=$1 size=$2 bytes=$3 folder folders=() files=() present copy=0 more
  shift 3
  for folder in /usr /opt /var/lib; do
    if [ -d "$folder" ]; then folders+=("$folder"); fi
  done
  present=$(du -sxbc "${folders[@]}" 2>/dev/null | tail -n 1 | cut -f 1)
  local altered=$scratch/altered
  rm -rf "$altered"
  for folder in "${folders[@]}"; do files+=(--files "$folder"); done
  # The part that this machine's own files do not fill.
  while [ "$present" -lt "$bytes" ]; do
    copy=$((copy + 1))
    [ "$copy" -lt 255 ] || die "${folders[*]} hold too few files"
    more=$((bytes - present))
    mkdir -p "$altered/$copy"
    python3 "$repository/bench/support/altered_copy.py" "$copy" "$more" "$altered/$copy" "${folders[@]}"
    files+=(--files "$altered/$copy")
    folders+=("$altered/$copy")
    present=$(du -sxbc "${folders[@]}" 2>/dev/null | tail -n 1 | cut -f 1)
  done
  local status=0
  "$repository/tests/support/make_disk.sh" "$file.partial" "$size" "${files[@]}" \
    --fill "$(share_of_each "$bytes" "${folders[@]}")" "$@" || status=$?
  rm -rf "$altered"
  [ "$status" -eq 0 ] || die "the disk could not be made"
  sync -f "$file.partial"
  mv "$file.partial" "$file"
}

# make_disks SIZE BYTES: two disks of SIZE (12G) with BYTES of files, the same in another order on the second.
make_disks() {
  disk=$scratch/disk-$1.raw
  other_disk=$scratch/other-$1.raw
  if [ -e "$disk" ] && [ -e "$other_disk" ]; then return 0; fi
  [ "$(id -u)" -eq 0 ] || die "making the disks needs root (loop devices); --disk FILE takes one of yours instead"
  say "bench: making a disk of $1 with $(($2 >> 20)) MiB of files, and another with the same files in another order; both are kept"
  if [ ! -e "$disk" ]; then make_disk "$disk" "$1" "$2"; fi
  if [ ! -e "$other_disk" ]; then make_disk "$other_disk" "$1" "$2" --seed 2 --order 2; fi
}
