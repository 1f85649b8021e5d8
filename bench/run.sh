#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures whole jobs beside their floors. `./run bench` builds the programs and starts this; docs/benchmarks.md explains the rows.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=/dev/null
. "$here/support/make_disks.sh"

usage() {
  cat <<'TEXT'
usage: ./run bench [OPTION]...         whole jobs beside their floors: the table of docs/benchmarks.md
       ./run bench micro [OPTION]...   the micro benches; the options are Google Benchmark's
       ./run bench peers [OPTION]...   other programs beside Umbra; bench/peers.sh --help
       ./run bench freeze [OPTION]...  how long writes are held for a shadow copy; bench/freeze.sh --help
       ./run bench filesystems [OPTION]...  bytes read beside bytes in use, and files found again elsewhere; bench/filesystems.sh --help
       ./run bench map [OPTION]...     seconds and memory to find out what of a large volume is in use; bench/map.sh --help
       ./run bench clean               remove what is kept in the scratch folder

  --quick             a disk of 2 GiB with 1 GiB of files, one round: minutes shorter, and rough
  --only GROUP,...    full file incremental restore verify dedup memory open
  --rounds N          of floor and job in turns (3); the table has medians
  --disk FILE         a disk of yours, only read; with --other-disk FILE for the dedup rows
  --scratch DIR       where disks and images go (UMBRA_BENCH_DIR, or umbra-bench in TMPDIR or /var/tmp): about 25 GiB
  --markdown, --json  another form of the table
  --threads N
TEXT
}

disk_size=12G
file_bytes=$((6400 << 20))
needed=25000
disk=
other_disk=
form=text
arguments=()

clean() {
  # Nothing but what these scripts make.
  rm -rf "$scratch"/disk-*.raw* "$scratch"/other-*.raw* "$scratch/altered" "$scratch/out" "$scratch/peers"
  rmdir "$scratch" 2>/dev/null || true
}

[[ ${1:-} != micro ]] || exec "$BUILD_DIR/bench/umbra_micro_bench" "${@:2}"
[[ ${1:-} != peers ]] || exec "$here/peers.sh" "${@:2}"
[[ ${1:-} != freeze ]] || exec "$here/freeze.sh" "${@:2}"
[[ ${1:-} != filesystems ]] || exec "$here/filesystems.sh" "${@:2}"
[[ ${1:-} != map ]] || exec "$here/map.sh" "${@:2}"
if [[ ${1:-} = clean ]]; then
  clean
  exit
fi

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      usage
      exit
      ;;
    --quick)
      disk_size=2G
      file_bytes=$((1100 << 20))
      needed=6000
      arguments+=(--rounds 1 --spread-size $((1 << 40)) --records $((1 << 20)))
      shift
      ;;
    --markdown | --json)
      form=${1#--}
      shift
      ;;
    --disk | --other-disk | --scratch | --only | --rounds | --threads)
      [ $# -ge 2 ] || die "$1 needs a value"
      case $1 in
        --disk) disk=$2 ;;
        --other-disk) other_disk=$2 ;;
        --scratch) scratch=$2 ;;
        *) arguments+=("$1" "$2") ;;
      esac
      shift 2
      ;;
    *) die "unknown option '$1': ./run bench --help" ;;
  esac
done

mkdir -p "$scratch/out"
scratch=$(realpath "$scratch")
trap 'rm -rf "$scratch/out" "$scratch/altered" "$scratch"/*.partial' EXIT
check_space "$needed"
if [ -z "$disk" ]; then make_disks "$disk_size" "$file_bytes"; fi
if [ -n "$other_disk" ]; then arguments+=(--other-disk "$other_disk"); fi

machine=$(describe_machine)
rows=$("$BUILD_DIR/bench/umbra_job_bench" "$disk" --scratch "$scratch/out" --umbra "$UMBRA" --output "$form" "${arguments[@]}")
case $form in
  json) printf '{"machine": "%s",\n"rows": %s}\n' "$machine" "$rows" ;;
  markdown) printf '%s.\n\n%s\n' "$machine" "$rows" ;;
  text) printf '%s\n%s\n' "$machine" "$rows" ;;
esac
