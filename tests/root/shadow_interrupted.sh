#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Backups of mounted volumes that are cancelled or killed leave no copy, device, mount, process or lock; and only one makes its set
# at a time.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"
# shellcheck source=tests/support/shadow_script.bash
source "$SOURCE_DIR/tests/support/shadow_script.bash"
need_loop_devices
need_file_system ext4
need_tools mke2fs

make_host xfs 900M
make_volume data 192M
data=$node
make_slow_source data/slow
umbra 0 init v
remember_traces
writes_go_on() { echo more >>data/more && sync data/more; }

say 'Ctrl-C, SIGTERM and kill -9 in the middle of reading'
for signal in INT TERM KILL; do
  make_writer notes "$SCRATCH/data"
  before=$(packs_in v || true)
  start backup "$data" --to v --name data --writers "$SCRATCH/writers" "${slow_options[@]}"
  still_running_until 'there was a pack' more_packs_than v "$before"
  ! no_more_traces || fail 'traces of a running backup are not seen'
  kill "-$signal" "$running"
  case $signal in
    KILL) ended 137 ;;
    *)
      ended 5
      says err 'umbra: backup: cancelled'
      ;;
  esac
  wait_for 'the writer ended' has_heard notes end
  ! has_heard notes backup_complete || fail 'a writer heard that a backup was complete that was not'
  expect_no_more_traces
  writes_go_on
  umbra 0 list v --json
  json 'd["images"] == []'
  forget_writers
done

say 'kill -9 while a writer is frozen'
make_writer notes "$SCRATCH/data" "freeze) until [ -e $SCRATCH/go-on ]; do sleep 0.05; done; answer ;;"
start backup "$data" --to v --name data --writers "$SCRATCH/writers"
still_running_until 'the writer was frozen' has_heard notes freeze
kill -KILL "$running"
ended 137
touch go-on
wait_for 'the writer ended' has_heard notes end
expect_no_more_traces
writes_go_on
forget_writers
rm go-on

say 'Ctrl-C while a writer prepares'
make_writer notes "$SCRATCH/data" "prepare_snapshot) sleep 600; answer ;;"
start backup "$data" --to v --name data --writers "$SCRATCH/writers"
still_running_until 'the writer prepared' has_heard notes prepare_snapshot
kill -INT "$running"
ended 5
expect_no_more_traces
writes_go_on
forget_writers

say 'a second one while the first makes its set'
make_writer notes "$SCRATCH/data" "prepare_snapshot) until [ -e $SCRATCH/go-on ]; do sleep 0.05; done; answer ;;"
mkdir -m 755 no-writers
umbra 0 init other
start backup "$data" --to v --name data --writers "$SCRATCH/writers"
still_running_until 'the writer prepared' has_heard notes prepare_snapshot
refuses 4 'makes a shadow copy set' backup "$data" --to other --name data --writers no-writers
refuses 4 'makes a shadow copy set' shadow create data --writers no-writers --records records
umbra 0 shadow list --records records
says out 'no shadow copies'
touch go-on
ended 0
umbra 0 backup "$data" --to other --name data --writers no-writers
umbra 0 verify v --deep
expect_no_more_traces
forget_writers

say 'kill -9 while a copy that stays is made: the next command clears it away'
rm go-on
make_writer notes "$SCRATCH/data" "prepare_snapshot) until [ -e $SCRATCH/go-on ]; do sleep 0.05; done; answer ;;"
start shadow create data --writers "$SCRATCH/writers" --records records
still_running_until 'the writer prepared' has_heard notes prepare_snapshot
find host -name 'umbra-shadow*' | grep -q . || fail 'no file of a copy in the making'
kill -KILL "$running"
ended 137
touch go-on
clears_it_away() {
  umbra 0 shadow list --records records
  no_more_traces
}
wait_for 'nothing is left of it' clears_it_away
says out 'no shadow copies'
[ -z "$(ls records)" ] || fail "a record is left: $(ls records)"
