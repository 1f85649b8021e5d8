#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sources behind NBD servers: imaged, compared and measured like any other; what the server knows to be zeros is not read; a
# server that goes away ends the job.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/nbd.bash
source "$SOURCE_DIR/tests/scripts/lib/nbd.bash"

umbra 0 init v
make_disk disk.raw 64M
serve -r file disk.raw
umbra 0 backup "$uri" --to v --json
json 'd["image"]["name"] == "nbd1.sock"' 'd["image"]["sources"][0]["size"] == 64 << 20' \
  'd["image"]["sources"][0]["unallocated_bytes"] > 0'
umbra 0 info v::nbd1.sock --json
json 'd["metadata"]["sources"][0]["path"].startswith("nbd+unix://")' 'd["metadata"]["shadow"]["mode"] == "offline"'
# The file itself holds nothing that was not there.
umbra 0 backup disk.raw --to v --name file --parent none --json
json 'd["new_bytes"] == 0' 'd["deduplicated_bytes"] > 0'
umbra 0 restore v::nbd1.sock --to back.raw
umbra 0 verify v::nbd1.sock --source "$uri"
umbra 0 verify v::nbd1.sock --source back.raw
umbra 0 bench "$uri" --limit 4M --quiet

# A part of it; the same twice is a mistake, as with files.
umbra 0 backup "$uri@1M+8M" --to part.umbra
umbra 0 verify part.umbra --source disk.raw@1M+8M
refuses 2 'are the same source, or parts that overlap' backup "$uri" "$uri@1M+8M" --to twice.umbra
absent twice.umbra

# An incremental finds what changed, over NBD as well as in the file.
scribble disk.raw 40000000 5000 3
umbra 0 backup "$uri" --to v --all-blocks --json
json 'd["image"]["parent"]' '4096 <= d["new_bytes"] <= 3 * 65536'
umbra 0 verify v::nbd1.sock --source disk.raw
scribble disk.raw 40001000 10 4
umbra 3 verify v::nbd1.sock --source "$uri"
stop_serving

# 1 TiB with three bytes: nothing else is read.
serve data data='0x11 @0x8000000000 0x22 @0xffffffffff 0x33' size=1T
umbra 0 backup "$uri" --to v --name huge --json
json 'd["bytes_read"] < 64 << 20' '3 <= d["new_bytes"] <= 3 * 65536' 'd["image"]["sources"][0]["size"] == 1 << 40'
umbra 0 verify v::huge --source "$uri"
stop_serving

# Servers with rules of their own.
random_bytes 5 $((3 << 20)) >odd.raw
serve -r --filter=blocksize-policy file odd.raw \
  blocksize-minimum=4096 blocksize-preferred=4096 blocksize-maximum=64K blocksize-error-policy=error
umbra 0 backup "$uri" --to v --name rules
umbra 0 verify v::rules --source odd.raw
umbra 0 verify v::rules --source "$uri"
stop_serving
serve --filter=noextents --filter=multi-conn pattern size=20M multi-conn-mode=disable
umbra 0 backup "$uri" --to v --name plain --threads 4
umbra 0 verify v::plain --source "$uri"
stop_serving

# What does not work says so.
refuses 1 'nbd+unix:///?socket=/there/is/none' backup 'nbd+unix:///?socket=/there/is/none' --to none.umbra
refuses 2 'TLS and other ways are not understood' backup nbds://host/disk --to none.umbra
absent none.umbra

# is_read: large reads have reached the server, those of the backup itself
is_read() { grep -q 'Read.* count=0x80000' nbd.log 2>/dev/null; }

# A server that goes away while it is read: no image, and not one that calls the rest unreadable.
serve --filter=log --filter=delay pattern size=200M delay-read=100ms logfile="$PWD/nbd.log"
code=0
"$UMBRA" backup "$uri" --to v --name lost >out 2>err &
backup=$!
at_exit "kill $backup 2>/dev/null"
wait_for 'the backup reads' is_read
end_server KILL
wait "$backup" || code=$?
last_command='umbra backup, its server killed'
[ "$code" = 1 ] || fail "exit code $code instead of 1"
says err 'the connection to the NBD server is lost'
umbra 0 list v
lacks out lost
umbra 0 verify v
