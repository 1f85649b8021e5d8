# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts that damage volumes of a file system, each in 200 ways: never a crash, a hang, or too much memory, and never a map that lacks
# something where the file system's own check finds nothing wrong. MUTATIONS and MUTATION_SEED ask for more and for others.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

skip() {
  echo "skipped: $*"
  exit 77
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

need_tools() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
}

map_volume=$(dirname "$UMBRA")/../tests/map_volume
[ -x "$map_volume" ] || skip 'map_volume is not built'

# The folder stock, for volumes to be filled with: few bytes in many names, so that most of a volume that is no hole is not files.
mkdir -p stock/some/deep
for n in $(seq 60); do head -c $((n * 311)) "$UMBRA" | tail -c $((n * 30)) >"stock/some/file-$n"; done
head -c 400000 "$UMBRA" >stock/some/deep/large
seq 30000 >stock/numbers

# mutate VOLUME ORACLE ACCEPT-COMMAND: see mutated_volumes.py
mutate() {
  "$map_volume" "$1" | grep -q '"kind": "[^"]' || skip "$1 is not understood"
  "$SOURCE_DIR/tests/support/mutated_volumes.py" --tool "$map_volume" --number "${MUTATIONS:-200}" --seed "${MUTATION_SEED:-1}" \
    --oracle "$2" --accept "$3" "$1" >counted || fail "$1"
  echo "  $1: $(cat counted)"
  rm "$1"
}
