#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The stage bench: every stage is there, one is named, and nothing stays behind.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
cp disk before
mkdir scratch
umbra 0 bench disk --limit 1M --scratch scratch --json
json '[s["stage"] for s in d["stages"]] == ["read", "zero", "xxh3", "blake3", "lz4", "write", "pipeline"]' \
  'all(s["bytes"] > 0 and s["seconds"] > 0 and s["bytes_per_second"] > 0 and s["cores"] >= 0 for s in d["stages"])' \
  'd["limiting"] in [s["stage"] for s in d["stages"]]' 'd["explanation"]' '0 < d["stored_share"] <= 1'
silent err
same_bytes disk before
[ -z "$(ls scratch)" ] || fail "the write stage's file is still there"

umbra 0 bench --limit 2M --seed 7 --codec zstd --threads 1
says out 'STAGE' 'RATE' 'CORES' 'blake3' 'zstd' 'pipeline' 'limit'

refuses 2 "--limit: 'x' is not a size" bench --limit x
refuses 2 '--limit 0: less than 1M tells nothing' bench --limit 0
refuses 2 "--seed: 'x' is not a whole number" bench --seed x
refuses 2 "--codec: 'gzip' is none of lz4, zstd, none" bench --codec gzip
refuses 1 'nowhere' bench nowhere
refuses 1 'no-folder' bench disk --limit 1M --scratch no-folder
refuses 2 'is a directory' bench scratch
