#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Numbers that are no numbers, and words that are none of those that can be chosen. All of it is told before anything is touched.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
to=(backup disk --to new.umbra)

for size in foo 12Q 64KB -1 1e5 0x10 1.5 '' ' ' 99999999999999999999 9E99; do
  refuses 2 "--block-size: '$size' is not a size: write bytes, or a number with K, M, G or T (64K, 1.5G)" "${to[@]}" --block-size "$size"
  refuses 2 "--block-size: '$size' is not a size" init new --block-size "$size"
done
for size in 0 5K 2K 8M 128 65535; do
  refuses 2 "--block-size: '$size' is not a power of two from 4K to 4M" "${to[@]}" --block-size "$size"
  refuses 2 "--block-size: '$size' is not a power of two from 4K to 4M" init new --block-size "$size"
done

for number in x -1 257 1.5 '' 99999999999999999999 0x1 +1 '1 '; do
  for verb in 'backup disk --to new.umbra' 'verify x.umbra' 'restore x.umbra --to new' 'bench disk'; do
    # shellcheck disable=SC2086 # words
    refuses 2 "--threads: '$number' is not a whole number from 0 to 256" $verb --threads "$number"
  done
done
for percent in abc -1 101 nan inf 1e9 ''; do
  refuses 2 "--audit: '$percent' is not a percentage from 0 to 100" "${to[@]}" --audit "$percent"
done
refuses 2 "--level: 'x' is not a whole number from 0 to 19" "${to[@]}" --level x
refuses 2 'codec lz4: level 13 is not 0 or 3 to 12' "${to[@]}" --level 13
refuses 2 'codec lz4: level 1 is not 0 or 3 to 12' "${to[@]}" --level 1
refuses 2 "--level: '20' is not" "${to[@]}" --codec zstd --level 20
refuses 2 "--acceleration: '0' is not a whole number from 1 to 65537" "${to[@]}" --acceleration 0
refuses 2 "--acceleration: '99999999999' is not" "${to[@]}" --acceleration 99999999999
refuses 2 "--limit: '-1' is not a whole number from 0 to" diff a b --limit -1
refuses 2 "--source-number: '-1' is not a whole number" restore x.umbra --to new --source-number -1
refuses 2 "--source-number: 'x' is not a whole number" verify x.umbra --source disk --source-number x

refuses 2 "--codec: 'gzip' is none of lz4, zstd, none" "${to[@]}" --codec gzip
refuses 2 "--cuts: 'foo' is none of files, grid" "${to[@]}" --cuts foo
refuses 2 "--self-check: 'some' is none of all, sample, none" "${to[@]}" --self-check some
refuses 2 "--shadow: 'lvm' is none of auto, lvm-thin, lvm-thick, reflink, " "${to[@]}" --shadow lvm
refuses 2 '--deep excludes --source' verify x --deep --source disk
absent new new.umbra new.umbra.partial

# The limits themselves are fine.
umbra 0 "${to[@]}" --block-size 4M --threads 256 --audit 100 --level 12 --acceleration 65537
umbra 0 backup disk --to zstd.umbra --codec zstd --level 19 --audit 0 --threads 0 --self-check sample --direct
umbra 0 verify zstd.umbra --deep
