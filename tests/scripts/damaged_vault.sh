#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A vault whose files are flipped, cut off or deleted: each kind of file is told, with exit code 6 or without loss, nothing wrong is
# ever restored, and a repaired vault is whole again.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
cp disk disk.1
umbra 0 init good
umbra 0 backup disk --to good --name a
scribble disk 1000 5000 3
umbra 0 backup disk --to good --name a
umbra 0 verify good --deep
umbra 0 info good::a@1 --json
first=$(json_value 'd["id"]')
umbra 0 info good::a --json
second=$(json_value 'd["id"]')

flip() { printf '%b' "\\x$(printf '%02x' $((0x$(xxd_at "$1" "$2") ^ 0x10)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
xxd_at() { od -An -tx1 -j "$2" -N 1 "$1" | tr -d ' '; }
fresh() {
  rm -rf v back
  cp -r good v
}
# Never bytes that are wrong: restored whole, refused, or with a fault that names the place.
restores_or_says() {
  local code=0
  rm -f back
  last_command="umbra restore $1"
  "$UMBRA" restore "$1" --to back >out 2>err || code=$?
  case $code in
    0) same_bytes back "$2" ;;
    6) grep -qE 'damaged|not recognised' err || fail "no word about damage" ;;
    *) fail "exit code $code" ;;
  esac
}

# Packs: one byte anywhere is found; what does not need it still comes back.
for place in 0 100 4100 20000 -1; do
  fresh
  pack=v/packs/${second:0:2}/$second-0
  [ "$place" != -1 ] || place=$(($(stat -c %s "$pack") - 1))
  flip "$pack" "$place"
  umbra 6 verify v
  says err 'umbra: damaged: packs/' "$second-0"
  says out 'DAMAGED: '
  umbra 6 verify v --json
  json 'd["event"] == "done"' 'd["faults"]["count"] > 0' 'd["faults"]["listed"][0]["kind"] == "damaged"'
  restores_or_says v::a disk
  umbra 0 restore "v::$first" --to back --yes
  same_bytes back disk.1
  umbra 0 verify "v::$first" --deep
done

for how in 'truncate -s 0' 'truncate -s 30000' 'rm'; do
  fresh
  $how "v/packs/${second:0:2}/$second-0"
  umbra 6 verify v
  umbra 6 verify v::a
  refuses 6 "$second-0" restore v::a --to back
  absent back
  umbra 0 restore "v::$first" --to back
  same_bytes back disk.1
  refuses 6 "'--parent none' takes a full image" backup disk --to v --name a
  umbra 0 backup disk --to v --name a --parent none --json
  umbra 0 restore "v::$(json_value 'd["image"]["id"]')" --to back --yes
  same_bytes back disk
done

# The manifest, the outcome: the image is told as damaged, and another one is never given in its place.
for object in plan-0 outcome; do
  for how in 'truncate -s 50' 'rm' 'flip'; do
    fresh
    file=v/sessions/$second/$object
    if [ "$how" = flip ]; then flip "$file" 60; else $how "$file"; fi
    if [ "$object $how" = 'outcome rm' ]; then
      # Without its outcome an image is none: as after a crash.
      umbra 0 list v --all
      says out unfinished
      umbra 0 verify v
      refuses 1 "image '$second' in v: not found" restore "v::$second" --to back
      continue
    fi
    umbra 6 list v
    says out damaged "${second:0:12}"
    umbra 6 list v --json
    json 'sorted(i["state"] for i in d["images"]) == ["damaged", "image"]' \
      '[i["name"] for i in d["images"]] == ["a", "a"]' 'any("problem" in i for i in d["images"])'
    umbra 6 verify v
    refuses 6 "image $second ('a') in v: damaged; 'umbra list' tells what is wrong" restore v::a --to back
    refuses 6 "image $second ('a') in v" info "v::$second"
    absent back
    umbra 0 restore "v::$first" --to back
    same_bytes back disk.1
    umbra 0 backup disk --to v --name a
    says err 'warning: ' ': taking a full image'
    says out 'full image'
  done
done

# The begin object matters to nobody, but it was stored.
fresh
flip "v/sessions/$second/begin" 60
umbra 6 verify v
says err "begin"
umbra 0 restore v::a --to back
same_bytes back disk

# The superblock: without it nothing can be read; told as what it is.
for how in 'truncate -s 100' 'truncate -s 0' 'flip' 'rm'; do
  fresh
  if [ "$how" = flip ]; then flip v/vault 3000; else $how v/vault; fi
  for verb in 'list v' 'verify v' 'info v::a' 'restore v::a --to back' 'backup disk --to v'; do
    # shellcheck disable=SC2086 # words
    refuses 6 "$([ "$how" = rm ] && echo 'superblock is gone' || echo 'v: vault superblock')" $verb
  done
  cp good/vault v/vault
  umbra 0 verify v --deep
done

# The index is derived: it costs time, never data.
for how in 'truncate -s 0' 'truncate -s 5000' 'flip' 'rm'; do
  fresh
  for run in v/index/*; do
    if [ "$how" = flip ]; then flip "$run" 4200; else $how "$run"; fi
  done
  umbra 0 verify v
  umbra 0 backup disk --to v --name again --json
  # A page that turns out to be damaged in the middle of a lookup costs a second copy of what it listed.
  json 'd["faults"]["count"] == 0' "d['new_bytes'] == 0 or '$how' == 'flip'"
  umbra 0 restore v::again --to back --yes
  same_bytes back disk
  umbra 0 verify v --deep
done
rm -rf v/index
umbra 0 backup disk --to v --name again --json
json 'd["new_bytes"] == 0'

# Single files
umbra 0 backup disk --to good.umbra
for place in 0 200 5000 -1; do
  cp good.umbra bad.umbra
  [ "$place" != -1 ] || place=$(($(stat -c %s bad.umbra) - 1))
  flip bad.umbra "$place"
  umbra 6 verify bad.umbra
  restores_or_says bad.umbra disk
done
for size in 0 1 4096 20000; do
  cp good.umbra bad.umbra
  truncate -s "$size" bad.umbra
  refuses 6 bad.umbra verify bad.umbra
  refuses 6 bad.umbra restore bad.umbra --to back
  refuses 6 bad.umbra backup disk --to next.umbra --parent bad.umbra
  absent next.umbra next.umbra.partial
done
