#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The options of restore, and the targets that it refuses.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
umbra 0 init v
umbra 0 backup disk --to v --name d

# --plan says what would be done and does nothing.
umbra 0 restore v::d --to new --plan
says out 'source   0, 1.0 MiB' 'target   new, a new file' 'problem  none'
umbra 0 restore v::d --to new --plan --json
json 'd["target"] == "new"' 'not d["target_exists"]' 'd["problem"] is None' 'd["target_size"] == 0' 'd["write_bytes"] > 0' \
  'd["image"]["id"]'
absent new

umbra 0 restore v::d --to new --json
json 'd["event"] == "done"' 'd["target"] == "new"' 'd["size"] == 1048576' \
  'd["written_bytes"] + d["zeroed_bytes"] + d["kept_bytes"] == 1048576' 'd["unreadable_bytes"] == 0' 'd["verified"] is False' \
  'd["faults"]["count"] == 0' 'd["seconds"] >= 0'
same_bytes new disk

# What exists is overwritten only when that is said.
cp new before
refuses 2 "new exists and would be overwritten; say --yes" restore v::d --to new
same_bytes new before
umbra 0 restore v::d --to new --plan
says out 'what it holds will be overwritten' 'problem  none'
random_bytes 4 1048576 >new
umbra 0 restore v::d --to new --yes --verify
says out 'read back and equal'
same_bytes new disk
: >empty
umbra 0 restore v::d --to empty
same_bytes empty disk

# --delta writes only what differs.
umbra 0 restore v::d --to new --yes --delta --verify --json
json 'd["written_bytes"] == 0' 'd["verified"]'
scribble new 70000 10 6
umbra 0 restore v::d --to new --yes --delta --json
json '0 < d["written_bytes"] <= 2 * 65536'
same_bytes new disk

# --write-zeros leaves no hole.
umbra 0 restore v::d --to zeros --write-zeros --verify
same_bytes zeros disk
[ "$(stat -c %b zeros)" -ge 2048 ] || fail "there are holes in spite of --write-zeros"
umbra 0 restore v::d --to holes
[ "$(stat -c %b holes)" -lt 1200 ] || fail "zeros were written"

# A larger target keeps what lies behind.
random_bytes 5 1200000 >large
cp large before
umbra 0 restore v::d --to large --yes --verify
[ "$(stat -c %s large)" = 1200000 ] || fail "the target's size changed"
cmp -n 1048576 large disk
cmp -i 1048576 large before

# Refused, and the image still whole.
truncate -s 1048575 short
refuses 1 'short is too small: 1048575 bytes, the image needs 1048576' restore v::d --to short --yes
umbra 1 restore v::d --to short --plan --json
json '"too small" in d["problem"]' 'd["target_exists"]' 'd["target_size"] == 1048575'
mkdir folder
refuses 2 'folder is a directory' restore v::d --to folder --yes
mkfifo pipe
refuses 2 'pipe is a pipe' restore v::d --to pipe --yes
refuses 2 'character device' restore v::d --to /dev/null --yes
refuses 2 'empty' restore v::d --to '' --yes
refuses 1 'nowhere/new: No such file or directory' restore v::d --to nowhere/new
ln -s nothing link
refuses 2 'link is a symbolic link to nothing' restore v::d --to link
absent nothing

# Neither the image itself, nor its parents, nor other images, nor the vault.
umbra 0 backup disk --to full.umbra
scribble disk 0 4096 7
umbra 0 backup disk --to day.umbra --parent full.umbra
ln full.umbra alias
# Large enough to be restored to.
umbra 0 backup disk@0+64K --to tiny.umbra
refuses 2 'tiny.umbra is the image itself' restore tiny.umbra --to tiny.umbra --yes
refuses 2 'full.umbra is an Umbra image: it would be destroyed' restore day.umbra --to full.umbra --yes
refuses 2 'alias is an Umbra image' restore tiny.umbra --to alias --yes
umbra 2 restore tiny.umbra --to full.umbra --plan
says out 'problem  full.umbra is an Umbra image'
umbra 0 init w
umbra 0 backup disk@0+64K --to w --name tiny
pack=$(find w/packs -type f)
refuses 2 "$pack lies inside the vault" restore w::tiny --to "$pack" --yes
refuses 2 "lies inside the vault" restore w::tiny --to w/packs/new
umbra 2 restore w::tiny --to w/new --plan
says out "lies inside the vault"
refuses 2 "is an Umbra image" restore v::d --to "$pack" --yes
absent w/packs/new w/new
umbra 0 verify w --deep
umbra 0 verify day.umbra --deep
umbra 0 verify v
