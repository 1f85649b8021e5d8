#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A source that becomes shorter while it is read fails the backup, and nothing else.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"

make_slow_source slow
cp slow whole
make_source disk
umbra 0 init v
umbra 0 backup disk --to v --name disk

start backup slow --to v --name slow "${slow_options[@]}"
still_running_until 'there was a pack' more_packs_than v 1
kill -STOP "$running"
truncate -s 100000 slow
kill -CONT "$running"
ended 1
says err 'slow' 'changed while it was read'
[ "$(wc -l <err)" = 1 ] || fail "more than one line"

umbra 0 list v --json
json '[i["name"] for i in d["images"]] == ["disk"]'
umbra 0 verify v --deep
umbra 0 restore v::disk --to back
same_bytes back disk
cp whole slow
umbra 0 backup slow --to v --name slow --json
json 'd["deduplicated_bytes"] > 0'
