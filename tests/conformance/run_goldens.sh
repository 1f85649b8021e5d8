#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run_goldens.sh GOLDEN_DIR: the independent reader checks and restores every golden image, bit for bit.
# GOLDEN_DIR/native-v1 holds NAME.umbra with NAME.umbra.sha256, and vaults NAME/ (with an object "vault") with NAME.sha256.
# A line of the former is "SHA256  SOURCE", of the latter "SHA256  IMAGE-ID SOURCE". Parents of a file lie in the same folder.
set -euo pipefail
golden=$1/native-v1
reader=$(realpath "$(dirname "$0")/umbra_reader.py")
export PYTHONDONTWRITEBYTECODE=1
if [ ! -d "$golden" ]; then
  echo "no golden images yet: $golden"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
images=0

# compare IMAGE SOURCE SHA256
compare() {
  rm -f "$scratch/out"
  /usr/bin/python3 "$reader" restore "$1" "$scratch/out" --source "$2"
  local found
  found=$(sha256sum "$scratch/out" | cut -d' ' -f1)
  if [ "$found" != "$3" ]; then
    echo "$1, source $2: restored bytes differ: $found instead of $3" >&2
    exit 1
  fi
  echo "$1, source $2: restored"
  images=$((images + 1))
}

shopt -s nullglob
for image in "$golden"/*.umbra; do
  /usr/bin/python3 "$reader" check "$image"
  while read -r sum source; do compare "$image" "$source" "$sum"; done <"$image.sha256"
done
for vault in "$golden"/*/vault; do
  vault=$(dirname "$vault")
  while read -r sum id source; do
    /usr/bin/python3 "$reader" check "$vault::$id"
    compare "$vault::$id" "$source" "$sum"
  done <"$vault.sha256"
done
[ "$images" -gt 0 ] || {
  echo "no golden image in $golden" >&2
  exit 1
}
echo "$images sources restored"
