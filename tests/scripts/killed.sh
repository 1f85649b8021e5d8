#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kill -9 in the middle of a backup: earlier images stay readable, and the next run works at once.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"

make_source disk
make_slow_source slow
umbra 0 init v
umbra 0 backup disk --to v --name disk

has_begun() { [ "$(find v/sessions -name begin | wc -l)" -gt "$1" ]; }

start backup slow --to v --name slow "${slow_options[@]}"
still_running_until 'it had begun' has_begun 1
kill -KILL "$running"
ended 137

start backup slow --to v --name slow "${slow_options[@]}"
still_running_until 'there was a pack' more_packs_than v 1
kill -KILL "$running"
ended 137

umbra 0 list v --json
json '[i["name"] for i in d["images"]] == ["disk"]'
umbra 0 list v --all
[ "$(grep -c unfinished out)" = 2 ] || fail "two sessions were killed"
umbra 0 verify v --deep
umbra 0 restore v::disk --to back
same_bytes back disk

# Neither the name nor the vault is held by the dead.
umbra 0 backup slow --to v --name slow
umbra 0 restore v::slow --to back.slow
same_bytes back.slow slow
umbra 0 verify v

start backup slow --to slow.umbra "${slow_options[@]}"
still_running_until 'there was a file' test -e slow.umbra.partial
kill -KILL "$running"
ended 137
absent slow.umbra
umbra 0 backup slow --to slow.umbra
absent slow.umbra.partial
umbra 0 verify slow.umbra --source slow
