#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Images in single files: a full one, incrementals that build on it, and where a chain's files are looked for.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
cp disk disk.0
umbra 0 backup disk --to full.umbra
says out 'full image of 1.0 MiB' 'full.umbra  (disk)'
for n in 1 2; do
  scribble disk $((n * 100000)) 3000 "$n"
  cp disk "disk.$n"
  parent=$([ "$n" = 1 ] && echo full.umbra || echo day1.umbra)
  umbra 0 backup disk --to "day$n.umbra" --parent "$parent" --json
  json 'd["image"]["parent"]' '0 < d["new_bytes"] <= 2 * 65536'
done
absent full.umbra.partial day1.umbra.partial

umbra 0 info day2.umbra
says out 'kind         incremental on' 'packs        3'
umbra 0 info day2.umbra --json
json 'len(d["packs"]) == 3' 'd["name"] == "disk"'
umbra 0 verify day2.umbra --deep
says out 'all good: 1 image, 3 packs'
umbra 0 diff full.umbra day2.umbra --json
json 'd["range_count"] > 0'
umbra 0 verify day1.umbra --source disk.1
umbra 0 restore full.umbra --to back.0
umbra 0 restore day1.umbra --to back.1
umbra 0 restore day2.umbra --to back.2
for n in 0 1 2; do same_bytes "back.$n" "disk.$n"; done

# Nothing is overwritten, and nothing that has the name is in the way for long.
refuses 1 'full.umbra: already exists' backup disk --to full.umbra
umbra 0 verify full.umbra
refuses 1 "no-such-folder/x.umbra" backup disk --to no-such-folder/x.umbra
mkdir folder.umbra
refuses 1 "vault in folder.umbra: not found; 'umbra init' makes one" backup disk --to folder.umbra
echo leftover >x.umbra.partial
umbra 0 backup disk --to x.umbra
absent x.umbra.partial
umbra 0 verify x.umbra

# A chain over three folders. Each place is named, in any order of arguments; none is guessed.
mkdir a b c
mv full.umbra a/renamed.umbra
mv day1.umbra b
mv day2.umbra c
for verb in verify 'restore --to back.3'; do
  # shellcheck disable=SC2086 # two words
  refuses 1 "looked for in c: not found; name its file or folder with --parent" $verb c/day2.umbra
  # shellcheck disable=SC2086
  refuses 1 "parent image" $verb c/day2.umbra --parent a
  absent back.3
  # shellcheck disable=SC2086
  umbra 0 $verb --parent a --parent b/day1.umbra c/day2.umbra
done
same_bytes back.3 disk.2
refuses 1 'parent image' verify c/day2.umbra --source disk.2
umbra 0 verify c/day2.umbra --source disk.2 --parent a --parent b
umbra 0 diff a/renamed.umbra c/day2.umbra --parent a --parent b
# What it holds can be told without its parents.
umbra 0 info c/day2.umbra
refuses 1 "one more --parent" backup disk --to c/day3.umbra --parent c/day2.umbra
absent c/day3.umbra c/day3.umbra.partial
umbra 0 backup --parent c/day2.umbra --parent a --parent b disk --to c/day3.umbra
umbra 0 restore c/day3.umbra --to back.4 --parent a --parent b
same_bytes back.4 disk

# Files and vaults do not mix.
umbra 0 init v
umbra 0 backup disk --to v
refuses 2 '--parent v::disk lies in a vault' backup disk --to y.umbra --parent v::disk
refuses 2 '--parent x.umbra is a file' backup disk --to v --parent x.umbra
refuses 1 'different vaults or chains' diff x.umbra v::disk
refuses 2 'several --parent are for single files' backup disk --to v --parent disk --parent x.umbra
absent y.umbra y.umbra.partial

# Blocks of another size; the parent's are kept.
umbra 0 backup disk --to small.umbra --block-size 4K
umbra 0 info small.umbra
says out 'up to 4.0 KiB'
refuses 2 '--block-size' backup disk --to z.umbra --block-size 8K --parent small.umbra
umbra 0 backup disk --to z.umbra --parent small.umbra --codec zstd --level 9
umbra 0 info z.umbra --json
json 'd["block_size"] == 4096' 'd["new_plain_bytes"] == 0'
