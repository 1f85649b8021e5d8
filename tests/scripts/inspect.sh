#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# umbra inspect: what lies on disks and in images, for people and for programs; and the layout that a backup leaves in its image.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

python -c 'import jsonschema' 2>/dev/null || skip "the package python3-jsonschema is missing"

# by_schema: the JSON in the file out, a document of inspect, is as docs/schemas/disk-layout.schema.json says, and the regions of
# each disk hold every byte once.
by_schema() {
  python - "$SOURCE_DIR/docs/schemas/disk-layout.schema.json" <<'PYTHON' || fail "not as the schema says"
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
document = json.loads(open("out", encoding="utf-8").read().splitlines()[-1])
disks = document["disks"] if "disks" in document else [s["layout"] for s in document["metadata"]["sources"]]
assert disks
for disk in disks:
    validator.validate(disk)
    at = 0
    for region in disk["regions"]:
        assert region["offset"] == at and region["size"] > 0, region
        at += region["size"]
    assert at == disk["size"], at
# The schema is no rubber stamp.
for spoil in ({"kind": "other"}, {"offset": -1}, {"size": "1"}, {"content": {}}):
    assert not validator.is_valid({**disks[0], "regions": [{**disks[0]["regions"][0], **spoil}]}), spoil
assert not validator.is_valid({**disks[0], "regions": [{"kind": "partition", "offset": 0, "size": 1}]})
PYTHON
}

make_disk gpt.raw 64M
truncate -s 40M mbr.raw
sfdisk -q mbr.raw <<'TABLE'
label: dos
label-id: 0x1a2b3c4d
start=2048, size=8M, type=83, bootable
start=20480, size=20M, type=5
start=22528, size=4M, type=82
TABLE
head -c 5M /dev/zero >nothing.raw

# For programs.
umbra 0 inspect gpt.raw mbr.raw nothing.raw --json
by_schema
json '[disk["path"] for disk in d["disks"]] == ["gpt.raw", "mbr.raw", "nothing.raw"]' \
  'd["disks"][0]["table"]["kind"] == "gpt"' 'len(d["disks"][0]["table"]["id"]) == 36' \
  '[r["kind"] for r in d["disks"][0]["regions"]] == ["table"] * 3 + ["gap", "partition", "free", "table", "table"]' \
  'd["disks"][0]["regions"][4]["content"]["kind"] == "ext4"' \
  '0 < d["disks"][0]["regions"][4]["content"]["used"] < d["disks"][0]["regions"][4]["size"]' \
  'd["disks"][1]["table"]["id"] == "1a2b3c4d"' 'd["disks"][1]["table"]["containers"][0]["number"] == 2' \
  '[r["id"] for r in d["disks"][1]["regions"] if r["kind"] == "partition"] == ["1a2b3c4d-01", "1a2b3c4d-05"]' \
  '[r["kind"] for r in d["disks"][2]["regions"]] == ["whole"]' 'd["disks"][2]["regions"][0]["content"]["state"] == "unknown"'
silent err

# For people.
LC_ALL=C umbra 0 inspect mbr.raw nothing.raw
says out '40.0 MiB (41943040 bytes), MBR 1a2b3c4d, sectors of 512 bytes' '|- 1 ' 'Linux file system, boot' '|  |- 5 ' \
  'no partition table, sectors of 512 bytes' 'whole disk' "|$(printf '=%.0s' {1..78})|"
if LC_ALL=C grep -q '[^ -~]' out; then fail "more than ASCII"; fi
tame out
LC_ALL=C.UTF-8 umbra 0 inspect gpt.raw
says out '├─ 1 ' '▕1 ext4 █'
tame out
# As wide as the terminal.
python "$SOURCE_DIR/tests/scripts/lib/on_terminal.py" out columns:50 -- /usr/bin/env LC_ALL=C "$UMBRA" inspect nothing.raw
says out "|$(printf '=%.0s' {1..48})|"
lacks out "|$(printf '=%.0s' {1..49})"

# A part of a disk.
umbra 0 inspect gpt.raw@1M+60M --json
by_schema
json 'd["disks"][0]["table"]["kind"] == "none"' 'd["disks"][0]["regions"][0]["content"]["kind"] == "ext4"'

# Names from a disk steer no terminal.
python - <<'PYTHON'
with open("mbr.raw", "r+b") as disk:
    disk.seek(2048 * 512 + 1024)
    disk.write(b"\x01\0\0\0\xff\0\0\0\0\0\0\0" + b"0123456789abcdef" + b"\x1b[2J\xff\x07")
    disk.seek(2048 * 512 + 4086)
    disk.write(b"SWAPSPACE2")
PYTHON
umbra 0 inspect mbr.raw
says out swap
tame out
umbra 0 inspect mbr.raw --json
by_schema

# An image tells the same of its disks, also where the disks have gone.
umbra 0 inspect gpt.raw mbr.raw nothing.raw --json
cp out of_disks
umbra 0 init v
umbra 0 backup gpt.raw mbr.raw nothing.raw --to v --name all
umbra 0 backup gpt.raw --to one.umbra
umbra 0 inspect v::all --json
by_schema
cp out of_image
python - <<'PYTHON' || fail "the image shows other things than its disks"
import json
disks, image = (json.load(open(name, encoding="utf-8"))["disks"] for name in ("of_disks", "of_image"))
for number, (a, b) in enumerate(zip(disks, image, strict=True)):
    assert b.pop("image") == "v::all" and b.pop("source") == number
    assert a == b, (a, b)
PYTHON
umbra 0 inspect one.umbra v::all
says out 'one.umbra, source 0: gpt.raw' 'v::all, source 1: mbr.raw' 'v::all, source 2: nothing.raw'

# And so does what the backup has noted.
umbra 0 info v::all --json
by_schema
python - <<'PYTHON' || fail "the layouts in the manifest are not those of the disks"
import json
disks = json.load(open("of_disks", encoding="utf-8"))["disks"]
sources = json.loads(open("out", encoding="utf-8").read())["metadata"]["sources"]
for disk, source in zip(disks, sources, strict=True):
    assert disk.pop("path") == source["path"]
    assert disk == source["layout"], (disk, source["layout"])
PYTHON
umbra 0 backup gpt.raw --to all_blocks.umbra --all-blocks
umbra 0 info all_blocks.umbra --json
by_schema
json 'd["metadata"]["sources"][0]["layout"]["regions"][4]["content"]["used"] > 0' 'd["metadata"]["sources"][0]["notes"] == []'

# An incremental file finds its parent elsewhere.
mkdir elsewhere
umbra 0 backup gpt.raw --to two.umbra --parent one.umbra
mv one.umbra elsewhere
umbra 1 inspect two.umbra
umbra 0 inspect two.umbra --parent elsewhere --json
by_schema

# A table of very many partitions: what would not fit a manifest is left out.
truncate -s 64M many.raw
{
  echo 'label: gpt'
  echo 'table-length: 1000'
  for ((i = 0; i < 800; ++i)); do echo "start=$((4096 + i * 8)), size=8, name=$(printf 'n%.0s' {1..36})"; done
} | sfdisk -q many.raw
umbra 0 inspect many.raw
[ "$(grep -c 'Linux file system' out)" = 800 ] || fail "partitions are missing"
umbra 0 backup many.raw --to many.umbra
umbra 0 info many.umbra --json
json 'd["metadata"]["sources"][0]["layout"] is None'

refuses 1 'none.raw' inspect none.raw
refuses 2 'DISK|IMAGE' inspect
refuses 1 'no-image' inspect v::no-image
: >empty.raw
refuses 2 'empty.raw is empty' inspect empty.raw
