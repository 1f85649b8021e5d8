#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# umbra inspect on devices: tables as sfdisk and sgdisk see them, contents as blkid and dumpe2fs see them. GPT, hybrid, MBR with
# extended partitions, sectors of 4096 bytes, an array's member, and an image of two disks.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools sfdisk sgdisk blkid mke2fs dumpe2fs mkfs.vfat mkswap python3

# inspect DISK...: the document goes to the file layout.json
inspect() { "$UMBRA" inspect "$@" --json >layout.json; }

# judge NODE CONDITION...: the table that umbra sees on it is the one that sfdisk sees; every byte belongs to one region; and each
# condition, in Python, holds: d is the disk, p its partitions by number, c their contents.
judge() {
  local node=$1
  shift
  sfdisk --json "$node" >sfdisk.json 2>/dev/null
  python3 -IS - "$node" "$@" <<'PYTHON' || fail "inspect of $node"
import json, sys
node = sys.argv[1]
d = json.load(open("layout.json", encoding="utf-8"))["disks"][0]
t = json.load(open("sfdisk.json", encoding="utf-8"))["partitiontable"]
sector = t.get("sectorsize", 512)
at = 0
for region in d["regions"]:
    assert region["offset"] == at and region["size"] > 0, region
    at += region["size"]
assert at == d["size"], (at, d["size"])
assert d["table"]["kind"] == {"gpt": "gpt", "dos": "mbr"}[t["label"]]
assert d["table"]["sector"] == sector, d["table"]
assert d["table"]["id"] == t["id"].lower().removeprefix("0x"), (d["table"]["id"], t["id"])
p = {r["number"]: r for r in d["regions"] if r["kind"] == "partition"}
c = {number: r["content"] for number, r in p.items()}
seen = {**p, **{x["number"]: x for x in d["table"]["containers"]}}
told = {int(x["node"].removeprefix(node).lstrip("p")): x for x in t["partitions"]}
assert seen.keys() == told.keys(), (seen.keys(), told.keys())
bits = {"RequiredPartition": "required", "NoBlockIOProtocol": "no_block_io", "LegacyBIOSBootable": "legacy_boot"}
for number, ours in seen.items():
    theirs = told[number]
    assert ours["offset"] == theirs["start"] * sector, (ours, theirs)
    assert ours["size"] == theirs["size"] * sector, (ours, theirs)
    assert ours["boot"] == theirs.get("bootable", False), (ours, theirs)
    assert ours["name"] == theirs.get("name", ""), (ours, theirs)
    if t["label"] == "gpt":
        assert ours["type"] == theirs["type"].lower() and ours["id"] == theirs["uuid"].lower(), (ours, theirs)
        words = theirs.get("attrs", "").split()
        expected = [bits[w] for w in words if w in bits]
        expected += ["bit_" + n for w in words if w.startswith("GUID:") for n in w[5:].split(",")]
        assert sorted(ours["attributes"]) == sorted(expected), (ours, theirs)
    else:
        assert int(ours["type"], 16) == int(theirs["type"], 16), (ours, theirs)
for condition in sys.argv[2:]:
    if not eval(condition, {"d": d, "p": p, "c": c}):
        sys.exit("does not hold: %s\n  of %s" % (condition, json.dumps(d)[:6000]))
PYTHON
}

# place NUMBER: offset and length of a partition of layout.json
place() {
  read -r offset length < <(python3 -IS -c '
import json, sys
for r in json.load(open("layout.json"))["disks"][0]["regions"]:
    if r.get("number") == int(sys.argv[1]):
        print(r["offset"], r["size"])' "$1")
}

# same_as_blkid DISK NUMBER [LOSETUP-OPTION]...: label and UUID of the partition are those that blkid finds
same_as_blkid() {
  local disk=$1 number=$2 tag
  shift 2
  place "$number"
  attach "$disk" --read-only --offset "$offset" --sizelimit "$length" "$@"
  for tag in LABEL:label UUID:id; do
    blkid -p -o value -s "${tag%:*}" "$node" >theirs || true
    python3 -IS -c '
import json, sys
for r in json.load(open("layout.json"))["disks"][0]["regions"]:
    if r.get("number") == int(sys.argv[1]):
        print(r["content"][sys.argv[2]])' "$number" "${tag#*:}" >ours
    [ -s theirs ] || echo >theirs
    cmp -s ours theirs || fail "partition $number: $tag is $(cat ours), blkid says $(cat theirs)"
  done
  detach "$node"
}

# on_partition DISK NUMBER COMMAND...: COMMAND NODE with a loop device over the partition
on_partition() {
  local disk=$1 part_node
  place "$2"
  shift 2
  attach "$disk" --offset "$offset" --sizelimit "$length" "${sector_options[@]}"
  part_node=$node
  "$@" "$part_node"
  detach "$part_node"
}
sector_options=()

# used_by_dumpe2fs NUMBER: what is used of the ext4 there is at least what dumpe2fs counts, and at most 1 % and 1 MiB more
used_by_dumpe2fs() {
  local ours blocks free size
  place "$2"
  read -r blocks free size < <(dumpe2fs -h "$1?offset=$offset" 2>/dev/null |
    awk -F ': *' '/^Block count/ { b = $2 } /^Free blocks/ { f = $2 } /^Block size/ { s = $2 } END { print b, f, s }')
  ours=$(python3 -IS -c '
import json, sys
for r in json.load(open("layout.json"))["disks"][0]["regions"]:
    if r.get("number") == int(sys.argv[1]):
        print(r["content"]["used"])' "$2")
  local theirs=$(((blocks - free) * size))
  expect_between "$theirs" "$ours" $((theirs + theirs / 100 + (1 << 20))) 'used bytes of ext4'
}

say 'GPT: BIOS boot, EFI system, ext4, swap, nothing known'
truncate -s 300M gpt.img
sfdisk -q gpt.img <<'TABLE'
label: gpt
first-lba: 34
start=40, size=2008, type=21686148-6449-6E6F-744E-656564454649
start=2048, size=65536, type=uefi, name="EFI system partition", attrs="RequiredPartition NoBlockIOProtocol GUID:60,63"
start=67584, size=204800, type=linux, attrs="LegacyBIOSBootable"
start=272384, size=8192, type=swap
start=282000, size=262144, type=linux
TABLE
inspect gpt.img
on_partition gpt.img 2 mkfs.vfat -n UMBRA >/dev/null
on_partition gpt.img 3 mke2fs -q -F -t ext4 -L 'root of all'
on_partition gpt.img 4 mkswap -q -L pages
attach gpt.img
disk_node=$node
inspect "$disk_node"
judge "$disk_node" 'd["path"].startswith("/dev/loop")' 'd["notes"] == []' 'not d["table"]["hybrid"]' \
  '[r["kind"] for r in d["regions"]].count("table") == 5' 'c[1]["state"] == "unknown"' 'c[2]["kind"].startswith("FAT")' \
  'c[3]["kind"] == "ext4" and c[3]["state"] == "understood"' 'c[4]["kind"] == "swap"' 'c[5]["used"] is None' \
  'c[3]["used"] + c[3]["free"] == p[3]["size"]' 'p[2]["type_name"] == "EFI system"'
for number in 2 3 4; do same_as_blkid gpt.img $number; done
used_by_dumpe2fs gpt.img 3
COLUMNS=80 LC_ALL=C.UTF-8 "$UMBRA" inspect "$disk_node" | tee text
grep -q '▏3 root of all ext4 █' text || fail 'the line of the disk'
"$UMBRA" backup "$disk_node" --to gpt.umbra --quiet
cp layout.json of_disk.json
"$UMBRA" inspect gpt.umbra --json >of_image.json
python3 -IS -c '
import json
a, b = (json.load(open(n))["disks"][0] for n in ("of_disk.json", "of_image.json"))
for one in a, b:
    for key in "path", "image", "source":
        one.pop(key, None)
assert a == b, (a, b)' || fail 'the image shows other things than the disk'
detach "$disk_node"

say 'the same with a hybrid MBR'
cp --sparse=always gpt.img hybrid.img
sgdisk -h 2:3 hybrid.img >/dev/null
inspect hybrid.img
python3 -IS -c '
import json
d = json.load(open("layout.json"))["disks"][0]
assert d["table"]["kind"] == "gpt" and d["table"]["hybrid"], d["table"]
assert any("hybrid" in n for n in d["notes"]), d["notes"]
assert [r["number"] for r in d["regions"] if r["kind"] == "partition"] == [1, 2, 3, 4, 5]' || fail 'hybrid'

say 'the second copy of the GPT left behind on a larger disk'
cp --sparse=always gpt.img grown.img
truncate -s 400M grown.img
attach grown.img
inspect "$node"
judge "$node" 'any("has grown" in n for n in d["notes"])' 'any(r.get("piece") == "gpt_backup_header" for r in d["regions"])'
detach "$node"

say 'MBR with an extended partition'
truncate -s 200M mbr.img
sfdisk -q mbr.img <<'TABLE'
label: dos
unit: sectors
sector-size: 512
start=63, size=160001, type=83, bootable
start=160065, size=8192, type=82
start=170000, size=239000, type=f
start=170063, size=120000, type=83
start=290200, size=40000, type=7
start=340000, size=60000, type=8e
TABLE
inspect mbr.img
on_partition mbr.img 1 mke2fs -q -F -t ext3 -L old
on_partition mbr.img 5 mke2fs -q -F -t ext2
attach mbr.img
disk_node=$node
inspect "$disk_node"
judge "$disk_node" 'sorted(p) == [1, 2, 5, 6, 7]' 'c[1]["kind"] == "ext3"' 'c[5]["kind"] == "ext2"' \
  'p[7]["container"] == 3 and "container" not in p[1]' 'sum(r.get("piece") == "ebr" for r in d["regions"]) == 3' \
  'all(r.get("container") == 3 for r in d["regions"] if r.get("piece") == "ebr")' \
  'p[6]["id"] == d["table"]["id"] + "-06"'
for number in 1 5; do same_as_blkid mbr.img $number; done
used_by_dumpe2fs mbr.img 1
"$UMBRA" inspect "$disk_node" | cat
detach "$disk_node"

say 'sectors of 4096 bytes'
truncate -s 129M big.img
attach big.img --sector-size 4096
disk_node=$node
printf 'label: gpt\nstart=256, size=28160, type=linux, name=large\nstart=28672, size=256, type=swap\n' | sfdisk -q "$disk_node" 2>/dev/null
sector_options=(--sector-size 4096)
inspect "$disk_node"
on_partition big.img 1 mke2fs -q -F -t ext4 -L sectors
on_partition big.img 2 mkswap -q
blockdev --flushbufs "$disk_node"
inspect "$disk_node"
judge "$disk_node" 'd["sector"] == 4096' 'c[1]["label"] == "sectors"' 'c[2]["kind"] == "swap"' 'd["regions"][0]["size"] == 4096'
for number in 1 2; do same_as_blkid big.img $number --sector-size 4096; done
detach "$disk_node"
inspect big.img
judge_file() { python3 -IS -c '
import json
d = json.load(open("layout.json"))["disks"][0]
assert d["sector"] == 512 and d["table"]["sector"] == 4096 and d["regions"][0]["size"] == 4096, d["table"]
assert [r["content"]["kind"] for r in d["regions"] if r["kind"] == "partition"] == ["ext4", "swap"]'; }
judge_file || fail 'the same disk as a file'
sector_options=()

say 'a member of an array, on a whole disk'
truncate -s 20M member.img
python3 -IS - <<'PYTHON'
# md superblock of version 1.2 (include/uapi/linux/raid/md_p.h), 4 KiB from the beginning, with its checksum.
import struct
block = bytearray(1024)
struct.pack_into("<IIII16s32sQIIQIi", block, 0, 0xA92B4EFC, 1, 0, 0, bytes(range(16)), b"host:data", 0, 1, 0, 16384, 0, 2)
struct.pack_into("<QQQ", block, 128, 2048, 16384, 8)
struct.pack_into("<I", block, 220, 2)
size = 256 + 2 * 2
total = sum(struct.unpack("<%dI" % (size // 4), block[:size]))
total = (total & 0xFFFFFFFF) + (total >> 32)
struct.pack_into("<I", block, 216, total & 0xFFFFFFFF)
with open("member.img", "r+b") as disk:
    disk.seek(4096)
    disk.write(block)
PYTHON
inspect member.img
python3 -IS -c '
import json
d = json.load(open("layout.json"))["disks"][0]
c = d["regions"][0]["content"]
assert c["kind"] == "Linux RAID" and c["label"] == "host:data", c
assert c["id"] == "00010203-0405-0607-0809-0a0b0c0d0e0f", c' || fail 'the member of an array'

say 'two disks in one image'
attach gpt.img
first=$node
attach mbr.img
second=$node
"$UMBRA" init vault --quiet
"$UMBRA" backup "$first" "$second" --to vault --name both --quiet
"$UMBRA" info vault::both --json >info.json
"$UMBRA" inspect vault::both --json >of_image.json
"$UMBRA" inspect "$first" "$second" --json >of_disks.json
python3 -IS - <<'PYTHON' || fail 'the layouts of two disks in one image'
import json
def disks(name):
    return json.load(open(name))["disks"]
noted = [s["layout"] for s in json.load(open("info.json"))["metadata"]["sources"]]
assert len(noted) == 2 and noted[0]["table"]["kind"] == "gpt" and noted[1]["table"]["kind"] == "mbr"
for told, now, then in zip(noted, disks("of_disks.json"), disks("of_image.json"), strict=True):
    for one in now, then:
        for key in "path", "image", "source":
            one.pop(key, None)
    assert told == now == then
PYTHON
