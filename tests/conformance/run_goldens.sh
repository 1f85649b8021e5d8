#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# run_goldens.sh GOLDEN_DIR: the independent reader checks and restores every golden image, bit for bit, and refuses every image
# that must be refused.
# GOLDEN_DIR/native-v1 holds NAME.umbra with NAME.umbra.sha256, and vaults NAME/ (with an object "vault") with NAME.sha256.
# A line of the former is "SHA256  SOURCE [OFFSET LENGTH]", of the latter "SHA256  IMAGE-ID SOURCE". Parents of a file lie in the
# same folder. GOLDEN_DIR/must-fail/NAME holds image.umbra or a vault, and `expect`: "read KIND" if reading it must fail, "verify
# KIND" if only a full verification finds it.
set -euo pipefail
golden=$1
reader=$(realpath "$(dirname "$0")/umbra_reader.py")
export PYTHONDONTWRITEBYTECODE=1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sources=0 refused=0

fail() {
  echo "$*" >&2
  exit 1
}

# What the reader answers: 6 is "damaged or not mine to read"; anything else but 0 is a crash.
read_image() {
  local code=0
  /usr/bin/python3 "$reader" "$@" >"$scratch/words" 2>&1 || code=$?
  echo "$code"
}

# compare IMAGE SOURCE SHA256 [OFFSET LENGTH]
compare() {
  local found
  rm -f "$scratch/out"
  [ "$(read_image restore "$1" "$scratch/out" --source "$2")" = 0 ] || fail "$1, source $2: $(cat "$scratch/words")"
  if [ -n "${4:-}" ]; then
    found=$(dd if="$scratch/out" iflag=skip_bytes,count_bytes skip="$4" count="$5" status=none | sha256sum | cut -d' ' -f1)
  else
    found=$(sha256sum "$scratch/out" | cut -d' ' -f1)
  fi
  [ "$found" = "$3" ] || fail "$1, source $2: restored bytes differ: $found instead of $3"
  sources=$((sources + 1))
}

check() {
  [ "$(read_image check "$1")" = 0 ] || fail "$1: $(cat "$scratch/words")"
}

# refuse IMAGE read|verify
refuse() {
  local code
  code=$(read_image restore "$1" "$scratch/out" --ids)
  if [ "$2" = verify ]; then
    [ "$code" = 0 ] || fail "$1: $(cat "$scratch/words")"
    code=$(read_image check "$1")
  fi
  [ "$code" = 6 ] || fail "$1: exit code $code where 6 is due: $(cat "$scratch/words")"
  refused=$((refused + 1))
}

shopt -s nullglob
for image in "$golden"/native-v1/*.umbra; do
  check "$image"
  while read -r sum source offset length; do compare "$image" "$source" "$sum" "$offset" "$length"; done <"$image.sha256"
done
for vault in "$golden"/native-v1/*/vault; do
  vault=$(dirname "$vault")
  checked=
  while read -r sum id source; do
    [ "$checked" = "$id" ] || check "$vault::$id"
    checked=$id
    compare "$vault::$id" "$source" "$sum"
  done <"$vault.sha256"
done
for expect in "$golden"/must-fail/*/expect; do
  folder=$(dirname "$expect")
  read -r when _ <"$expect"
  if [ -e "$folder/vault" ]; then refuse "$folder::" "$when"; else refuse "$folder/image.umbra" "$when"; fi
done
if [ "$sources" -eq 0 ] || [ "$refused" -eq 0 ]; then fail "no golden image in $golden"; fi
echo "$sources sources restored, $refused images refused"
