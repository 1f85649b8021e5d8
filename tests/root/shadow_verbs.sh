#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# umbra shadow as a user types it: every verb, its JSON, its errors.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"
# shellcheck source=tests/scripts/lib/terminal.bash
source "$SOURCE_DIR/tests/scripts/lib/terminal.bash"
# shellcheck source=tests/support/shadow_script.bash
source "$SOURCE_DIR/tests/support/shadow_script.bash"
need_loop_devices
need_file_system ext4
need_tools mke2fs
umask 022

make_host xfs 700M
make_volume data 64M
make_volume more 64M
data=$(findmnt -n -o SOURCE data)
mkdir no-writers yesterday
here=(--records records)
quiet=(--writers no-writers "${here[@]}")
unknown=11111111-2222-3333-4444-555555555555
echo monday >data/day
remember_traces

say 'providers, writers'
umbra 0 shadow providers
says out 'lvm-thin ' 'lvm-thick ' 'reflink ' 'none '
umbra 0 shadow providers --json
json '[p["name"] for p in docs].index("reflink") < [p["name"] for p in docs].index("none")' 'd["type"] == "system"'
umbra 0 shadow writers --writers no-writers
says out 'no writers'
make_writer notes "$SCRATCH/data"
make_writer ledger "$SCRATCH/data" "identify) refuse 'no such database' ;;"
umbra 3 shadow writers --writers "$SCRATCH/writers"
says out 'notes  stable'
says err 'ledger' 'no such database'
umbra 3 shadow writers --writers "$SCRATCH/writers" --json
json '[w["name"] for w in docs if w["last_error"] == ""] == ["notes"]' 'd["state"] == "stable"'
umbra 3 shadow writers --writers nowhere
says err "writer $SCRATCH/nowhere: No such file or directory"

say 'nothing there'
umbra 0 shadow list "${here[@]}"
says out 'no shadow copies'
umbra 0 shadow storage "${here[@]}"
says out 'no shadow copies'
umbra 0 shadow list "${here[@]}" --json
silent out
for verb in show delete unexpose; do
  refuses 1 "shadow copy {$unknown}: not found" shadow $verb $unknown "${here[@]}"
  refuses 1 "shadow copy 1111: not found; 'umbra shadow list' tells those that there are" shadow $verb 1111 "${here[@]}"
  refuses 2 "'111' is too short" shadow $verb 111 "${here[@]}"
done
refuses 1 'not found' shadow expose $unknown yesterday "${here[@]}"
refuses 1 'not found' shadow revert $unknown --yes "${here[@]}"
refuses 1 'shadow copy set 1111: not found' shadow delete --set 1111 "${here[@]}"

say 'create'
umbra 3 shadow create data more --writers "$SCRATCH/writers" "${here[@]}"
says out "$SCRATCH/data" "$SCRATCH/more" 'writes were held for'
says err 'ledger' 'no such database'
rm writers/ledger
umbra 0 shadow list "${here[@]}" --json
json 'len(docs) == 2' 'docs[0]["snapshot_set_id"] == docs[1]["snapshot_set_id"]' 'd["snapshots_count"] == 2'
set_id=$(json_value 'd["snapshot_set_id"][1:9]')
umbra 0 shadow delete --set "$set_id" "${here[@]}" --json
json 'd["deleted"] == 2' 'd["not_deleted"] == ""'
no_more_traces || fail "left behind: $(traces | LC_ALL=C sort | diff - traces.before)"
umbra 0 shadow create "$data" --writers "$SCRATCH/writers" "${here[@]}" --json
json 'd["original_volume_name"] == "'"$SCRATCH"'/data"' 'd["held_microseconds"] > 0' 'd["status"] == "created"' 'd["attributes"] == "persistent|no_auto_release"'
id=$(json_value 'd["snapshot_id"]')
short=${id:1:6}
refuses 2 'is a folder of' shadow create "$SCRATCH" "${quiet[@]}"
refuses 1 'no-such-folder: No such file or directory' shadow create no-such-folder "${quiet[@]}"
refuses 1 'lies on no block device' shadow create /proc "${quiet[@]}"
refuses 2 '--context all: not a context' shadow create data --context all "${quiet[@]}"
refuses 2 "'zfs' is none of auto, lvm-thin" shadow create data --provider zfs "${quiet[@]}"
refuses 1 "$SCRATCH/data: provider freeze: it makes no shadow copies that outlast a session" \
  shadow create data --provider freeze "${quiet[@]}"
refuses 1 'provider lvm-thin: it is no logical volume' shadow create data --provider lvm-thin "${quiet[@]}"
refuses 2 "$data: this volume is named twice" shadow create data "$data" "${quiet[@]}"

say 'list, show, storage'
umbra 0 shadow list "${here[@]}"
says out "$id  " "$SCRATCH/data"
for name in "$short" "{$short" "$id" "${id:1:36}" "${id^^}"; do
  umbra 0 shadow show "$name" "${here[@]}"
  says out "snapshot_id              $id" 'attributes               persistent|no_auto_release'
done
umbra 0 shadow show "$short" "${here[@]}" --json
json 'd["snapshot_id"] == "'"$id"'"' 'd["exposed_name"] == ""'
umbra 0 shadow storage "${here[@]}"
says out "$SCRATCH/data  in $SCRATCH/host  "
umbra 0 shadow storage "${here[@]}" --json
json 'd["volume"] == "'"$SCRATCH"'/data"' 'd["storage"] == "'"$SCRATCH"'/host"' 'd["used_bytes"] >= 0' 'd["fault"] == "none"'

say 'expose, unexpose, delete'
echo tuesday >data/day
refuses 1 'at nowhere: No such file or directory' shadow expose "$short" nowhere "${here[@]}"
umbra 0 shadow expose "$short" yesterday "${here[@]}"
says out "exposed at $SCRATCH/yesterday"
[ "$(cat yesterday/day)" = monday ] || fail 'the copy does not show the day before'
! touch yesterday/new 2>/dev/null || fail 'the copy can be written to'
umbra 0 shadow list "${here[@]}"
says out "exposed at $SCRATCH/yesterday"
mkdir again
refuses 1 "shadow copy $id at $SCRATCH/yesterday: already exists; umbra shadow unexpose takes it from there" \
  shadow expose "$short" again "${here[@]}"
refuses 4 "shadow copy $id is exposed at $SCRATCH/yesterday: in use; unexpose it first, or --force" shadow delete "$short" "${here[@]}"
umbra 0 shadow unexpose "$short" "${here[@]}" --json
json 'd["exposed_name"] == ""'
absent yesterday/day
refuses 1 'is not exposed' shadow unexpose "$short" "${here[@]}"
umbra 0 shadow expose "$short" again "${here[@]}" --json
json 'd["exposed_name"] == "'"$SCRATCH"'/again"'
umbra 0 shadow unexpose "$short" "${here[@]}"

say 'revert'
refuses 2 'say --yes, or run this on a terminal' shadow revert "$short" "${here[@]}"
refuses 4 "$data is mounted at $SCRATCH/data; unmount it first" shadow revert "$short" --yes "${here[@]}"
unmount data
# The question names the volume, and only its name is a yes.
question="This brings $SCRATCH/data back to 2"
for answer in 'no\n' 'yes\n' '\n' "$data\n" '\x04' '\x03'; do
  on_terminal 5 "see:$question" "see:Type the volume's name to go on:" "type:$answer" \
    -- shadow revert "$short" "${here[@]}"
  says out 'revert: not confirmed'
done
mount_at data "$data"
[ "$(cat data/day)" = tuesday ] || fail 'a no was taken for a yes'
unmount data
on_terminal 0 'see:to go on:' "type:$SCRATCH/data\n" -- shadow revert "$short" "${here[@]}"
mount_at data "$data"
[ "$(cat data/day)" = monday ] || fail 'the volume is not what it was'
echo wednesday >data/day
unmount data
on_terminal 0 -- shadow revert "$short" --yes "${here[@]}"
lacks out 'go on'
umbra 0 shadow revert "$short" --yes "${here[@]}"
mount_at data "$data"
[ "$(cat data/day)" = monday ] || fail 'the volume is not what it was, the second time'

say 'a copy that is exposed, deleted by force'
umbra 0 shadow expose "$short" again "${here[@]}"
umbra 0 shadow delete "$short" --force "${here[@]}"
says out '1 deleted'
absent again/day
refuses 1 'not found' shadow show "$short" "${here[@]}"
no_more_traces || fail "left behind: $(traces | LC_ALL=C sort | diff - traces.before)"

say 'copies for the time of a session'
umbra 0 shadow create data --context backup "${quiet[@]}"
says err 'copies of context backup go when this command ends: --hold keeps it open'
no_more_traces || fail "left behind: $(traces | LC_ALL=C sort | diff - traces.before)"
start shadow create data --context backup --hold "${quiet[@]}"
still_running_until 'the copy was made' grep -q 'Ctrl-C' running.err
losetup -a | grep -qF "$SCRATCH/" || fail 'no copy'
kill -INT "$running"
ended 0
says out "$SCRATCH/data" 'writes were held for'
expect_no_more_traces
umbra 0 shadow list "${here[@]}"
says out 'no shadow copies'
