#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Two backups into one vault, or one file, at the same time.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"

make_source disk
make_slow_source slow
truncate -s 8M slow
umbra 0 init v

# One stands still in the middle while others come and go.
start backup slow --to v --name slow "${slow_options[@]}"
still_running_until 'there was a pack' more_packs_than v 0
kill -STOP "$running"

refuses 4 "image name 'slow' in v: in use; session " backup disk --to v --name slow
umbra 4 backup disk --to v --name slow --json
json 'd["error"] == "busy"'
umbra 0 backup disk --to v --name disk
umbra 0 backup slow --to v --name twin
umbra 0 list v --json
json 'sorted(i["name"] for i in d["images"]) == ["disk", "twin"]'
umbra 0 list v --all
says out 'unfinished'
umbra 0 verify v --deep
umbra 0 restore v::twin --to back
same_bytes back slow

kill -CONT "$running"
ended 0
umbra 0 verify v --deep
says out 'all good: 3 images'
umbra 0 restore v::slow --to back --yes
same_bytes back slow
umbra 0 backup disk --to v --name slow
says err 'taking a full image'

# Many at once, none held back.
pids=()
for n in 1 2 3 4; do
  make_source "disk.$n" "$n"
  "$UMBRA" backup "disk.$n" --to v --name "n$n" --quiet >"out.$n" 2>"err.$n" &
  pids+=($!)
done
last_command='four backups at once'
for pid in "${pids[@]}"; do wait "$pid" || fail "one failed: $(cat err.[1-4])"; done
for n in 1 2 3 4; do
  umbra 0 restore "v::n$n" --to back.n --yes
  same_bytes back.n "disk.$n"
done
umbra 0 verify v --deep
says out 'all good: 8 images'

# One file: the first to finish has it, the other is told and leaves nothing.
start backup slow --to one.umbra "${slow_options[@]}"
still_running_until 'there was a file' test -e one.umbra.partial
kill -STOP "$running"
umbra 0 backup disk --to one.umbra
kill -CONT "$running"
ended 1
says err 'one.umbra' 'exists'
umbra 0 verify one.umbra --source disk
[ "$(find . -name 'one.umbra*' | wc -l)" = 1 ] || fail "something was left: $(ls)"
