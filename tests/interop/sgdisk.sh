#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Partition tables as sgdisk makes and checks them: both copies of a GPT come back, also when one was broken, and onto larger disks.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools sgdisk sfdisk mke2fs e2fsck dumpe2fs python3
"$UMBRA" init vault --quiet
mkdir stock
fill stock 20M

verified() {
  sgdisk -v "$1" >check.log 2>&1 || fail "sgdisk -v $1: $(cat check.log)"
  grep -q 'No problems found' check.log || fail "sgdisk -v $1: $(cat check.log)"
}

# Partition 2 holds an ext4; 1 and 3 are there, 5 lies before them on the disk.
make_disk() {
  rm -f disk.raw
  truncate -s 150M disk.raw
  sgdisk -o -a 1 -n 1:100000:+8M -t 1:ef00 -n 2:130001:+64M -t 2:8300 -c 2:'data of mine' -n 3:-10M:0 -t 3:8200 -n 5:40:+4M -t 5:ef02 \
    -A 2:set:2 disk.raw >/dev/null
  truncate -s 64M part.raw
  mke2fs -q -F -t ext4 -d stock part.raw
  dd if=part.raw of=disk.raw bs=1M oflag=seek_bytes seek=$((130001 * 512)) conv=notrunc status=none
}

# same_to_inspect DISK: of each partition what sgdisk -i tells is what umbra inspect tells.
same_to_inspect() {
  "$UMBRA" inspect "$1" --json >layout.json
  for number in 1 2 3 5; do
    sgdisk -i $number "$1" 2>/dev/null >told
    python3 -IS - $number <<'PYTHON' || fail "$1: partition $number is not what sgdisk sees: $(cat told)"
import json, sys
disk = json.load(open("layout.json"))["disks"][0]
ours = next(r for r in disk["regions"] if r.get("number") == int(sys.argv[1]))
told = dict(line.split(": ", 1) for line in open("told") if ": " in line)
word = lambda name: told[name].split()[0].lower()
assert ours["type"] == word("Partition GUID code"), ours
assert ours["id"] == word("Partition unique GUID"), ours
assert ours["offset"] == int(word("First sector")) * 512, ours
assert ours["size"] == int(word("Partition size")) * 512, ours
assert ours["name"] == told["Partition name"].strip()[1:-1], ours
bits = int(word("Attribute flags"), 16)
names = {0: "required", 1: "no_block_io", 2: "legacy_boot"}
assert ours["attributes"] == [names.get(b, "bit_%d" % b) for b in range(64) if bits >> b & 1], (ours, bits)
PYTHON
  done
  python3 -IS -c '
import json, sys
disk = json.load(open("layout.json"))["disks"][0]
assert disk["table"]["id"] == sys.argv[1].lower(), (disk["table"], sys.argv)' \
    "$(sgdisk -p "$1" 2>/dev/null | sed -n 's/^Disk identifier (GUID): //p')" || fail "$1: the disk's GUID"
}

round_trip() {
  rm -f back.raw
  same_to_inspect disk.raw
  "$UMBRA" backup disk.raw --to vault --name "$1" --json >report.json
  "$UMBRA" restore "vault::$1" --to back.raw --quiet
  for number in 1 2 3 5; do
    diff <(sgdisk -i $number disk.raw 2>/dev/null) <(sgdisk -i $number back.raw 2>/dev/null) || fail "$1: partition $number"
  done
  e2fsck -fn "back.raw?offset=$((130001 * 512))" >check.log 2>&1 || fail "$1: $(tail -n 5 check.log)"
  dumpe2fs part.raw 2>/dev/null |
    "$SOURCE_DIR/tests/support/same_blocks.py" --dumpe2fs --offset $((130001 * 512)) disk.raw back.raw >/dev/null
  "$UMBRA" info "vault::$1" --json | field metadata.sources.0.notes >notes
  grep -q 'partition 2 (Linux file system): ext4' notes || fail "$1: $(cat notes)"
  expect_between $((30 << 20)) "$(field image.sources.0.unallocated_bytes report.json)" $((64 << 20)) "$1: free bytes"
}

say 'both copies whole'
make_disk
round_trip whole
verified back.raw
cmp <(head -c 20480 disk.raw) <(head -c 20480 back.raw) || fail 'the first copy differs'
cmp <(tail -c 16896 disk.raw) <(tail -c 16896 back.raw) || fail 'the second copy differs'

say 'onto a larger disk: sgdisk moves the second copy to its end'
rm back.raw
truncate -s 200M back.raw
"$UMBRA" restore vault::whole --to back.raw --yes --quiet
sgdisk -e back.raw >/dev/null
verified back.raw
e2fsck -fn "back.raw?offset=$((130001 * 512))" >check.log 2>&1 || fail "$(tail -n 5 check.log)"

say 'the first copy broken: the second one counts, and sgdisk mends the restored disk with it'
dd if=/dev/urandom of=disk.raw bs=512 seek=1 count=1 conv=notrunc status=none
round_trip first-broken
grep -q 'copy at the end' notes || fail "$(cat notes)"
printf 'r\nb\nw\ny\n' | gdisk back.raw >/dev/null 2>&1 || true
verified back.raw

say 'the second copy broken'
make_disk
dd if=/dev/urandom of=disk.raw bs=512 seek=$(((150 << 20) / 512 - 1)) count=1 conv=notrunc status=none
round_trip second-broken

say 'a hybrid MBR beside the GPT'
make_disk
sgdisk -h 1:2 disk.raw >/dev/null
round_trip hybrid
verified back.raw

say 'GPT turned into MBR'
make_disk
sgdisk -d 5 disk.raw >/dev/null
sgdisk -m 1:2:3 disk.raw >/dev/null
"$UMBRA" backup disk.raw --to vault --name mbr --json >report.json
rm -f back.raw
"$UMBRA" restore vault::mbr --to back.raw --quiet
diff <(sfdisk -d disk.raw 2>/dev/null | tail -n 3 | sed 's/^[^:]*//') <(sfdisk -d back.raw 2>/dev/null | tail -n 3 | sed 's/^[^:]*//') ||
  fail 'the MBR differs'
"$UMBRA" info vault::mbr --json | field metadata.sources.0.notes >notes
grep -q 'ext4' notes || fail "$(cat notes)"
"$UMBRA" verify vault --deep --quiet
