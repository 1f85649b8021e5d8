#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks that come out of qcow2 and go into other formats: qemu-img finds no difference between them and what Umbra brings back.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools qemu-img qemu-io mke2fs sfdisk python3

mkdir stock
fill stock 60M
"$SOURCE_DIR/tests/support/make_disk.sh" disk.raw 200M --files stock --no-mount
"$UMBRA" init vault --quiet

same() { qemu-img compare -q "$@" || fail "qemu-img compare $*"; }

say 'raw, out of qcow2, out of vmdk: one disk, one content'
"$UMBRA" backup disk.raw --to vault --name disk --quiet
for format in qcow2 vmdk vdi vpc; do
  # vpc rounds sizes to its geometry unless told to keep them.
  options=()
  [ $format != vpc ] || options=(-o force_size=on)
  qemu-img convert -q -O $format "${options[@]}" disk.raw "disk.$format"
  qemu-img convert -q -f $format -O raw "disk.$format" "from.raw"
  "$UMBRA" backup from.raw --to vault --name "$format" --parent none --json >report.json
  # Blocks end where a source file's holes begin, and qemu-img places holes in its own way.
  expect_between 0 "$(field new_bytes report.json)" $((256 << 10)) "$format: new bytes"
  "$UMBRA" restore "vault::$format" --to "$format.raw" --quiet
  same -f raw -F $format "$format.raw" "disk.$format"
  rm from.raw "$format.raw"
done

say 'a compressed qcow2 of what came back'
"$UMBRA" restore vault::disk --to back.raw --quiet
same -f raw -F raw disk.raw back.raw
qemu-img convert -q -c -O qcow2 back.raw back.qcow2
same -f qcow2 -F raw back.qcow2 disk.raw
qemu-img check -q back.qcow2

say 'a snapshot chain of qcow2, one incremental for each'
qemu-img create -q -f qcow2 -b disk.qcow2 -F qcow2 monday.qcow2
qemu-io -f qcow2 -c 'write -P 0x5a 70M 3M' -c 'write -z 100M 2M' monday.qcow2 >/dev/null
qemu-img create -q -f qcow2 -b monday.qcow2 -F qcow2 tuesday.qcow2
qemu-io -f qcow2 -c 'write -P 0xa5 71M 64k' -c 'discard 120M 1M' -c 'write -P 1 199M 1M' tuesday.qcow2 >/dev/null
for day in disk monday tuesday; do
  qemu-img convert -q -O raw $day.qcow2 chain.raw
  # All blocks: the writes above do not ask the file system.
  "$UMBRA" backup chain.raw --to vault --name chain --all-blocks --json >report.json
  say "  $day: $(mib "$(field new_bytes report.json)") new, $(mib "$(field unchanged_bytes report.json)") unchanged"
done
back=2
for day in disk monday tuesday; do
  rm -f back.raw
  "$UMBRA" restore "vault::chain@$back" --to back.raw --quiet
  same -f raw -F qcow2 back.raw $day.qcow2
  back=$((back - 1))
done

say 'a restored file is as sparse as the image allows'
data=$(qemu-img map -f raw --output json back.raw | python3 -IS -c '
import json, sys
print(sum(e["length"] for e in json.load(sys.stdin) if e["data"]))')
expect_between 1 "$data" "$(($(field image.sources.0.stored_bytes report.json) + (4 << 20)))" 'bytes of data in the restored file'
"$UMBRA" verify vault --deep --quiet
