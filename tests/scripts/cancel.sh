#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Ctrl-C and SIGTERM: exit code 5, no image, and the next run finds what was stored.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"

make_source disk
make_slow_source slow

for signal in INT TERM; do
  rm -rf v back
  umbra 0 init v
  umbra 0 backup disk --to v --name disk
  start backup slow --to v --name slow "${slow_options[@]}" --json
  still_running_until 'there was a pack' more_packs_than v 1
  kill "-$signal" "$running"
  ended 5
  says err 'umbra: backup: cancelled; what was stored is kept, the next run picks up from there'
  json 'd["event"] == "error"' 'd["error"] == "cancelled"' 'all(e["event"] == "progress" for e in docs[:-1])'

  umbra 0 list v --json
  json '[i["name"] for i in d["images"]] == ["disk"]'
  umbra 0 list v --all
  says out 'slow' 'given up'
  refuses 1 "image 'slow' in v: not found; it has disk" restore v::slow --to back
  umbra 0 verify v --deep

  umbra 0 backup slow --to v --name slow --json
  json 'd["deduplicated_bytes"] > 0' 'd["new_bytes"] + d["deduplicated_bytes"] == 64 << 20' 'd["image"]["parent"] is None'
  umbra 0 restore v::slow --to back
  same_bytes back slow
  umbra 0 verify v
done

# A single file leaves nothing.
start backup slow --to slow.umbra "${slow_options[@]}"
still_running_until 'there was a file' test -e slow.umbra.partial
kill -INT "$running"
ended 5
says err 'umbra: backup: cancelled; nothing was left behind'
absent slow.umbra slow.umbra.partial

# The other verbs. A new target goes again, an old one is named.
rm back
with_pending TERM restore v::slow --to back
says err 'umbra: cancelled'
absent back
truncate -s 64M back
with_pending INT restore v::slow --to back --yes
says err 'cancelled; back holds only a part of the image now'
umbra 0 restore v::slow --to back --yes
same_bytes back slow
with_pending INT verify v --deep
says err 'cancelled'
with_pending INT verify v::slow --source slow
with_pending TERM bench slow
umbra 0 verify v
