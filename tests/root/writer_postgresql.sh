#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# PostgreSQL under load: a copy taken between freeze and thaw holds every transaction that was committed before, and none by half.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
needs initdb postgres pgbench psql

make_disk 700M
mkdir "$place/sock" "$place/archive"
chown 65534:65534 "$place/sock" "$place/archive"
as_server initdb -D "$place/disk/data" -A peer -U nobody >"$place/log" 2>&1 || fail "initdb: $(cat "$place/log")"

# start_server DATA PORT [SETTING]...
start_server() {
  local data=$1 port=$2 settings=()
  shift 2
  for setting; do settings+=(-c "$setting"); done
  become_server postgres -D "$data" -k "$place/sock" -p "$port" -c listen_addresses= -c max_wal_size=256MB "${settings[@]}" \
    >"$place/log.$port" 2>&1 &
  server=$!
  running "$server" QUIT
  until_true as_server psql -X -q -h "$place/sock" -p "$port" -d postgres -c 'SELECT 1' >/dev/null 2>&1
}
sql() { as_server psql -X -q -A -t -h "$place/sock" -p "$1" -d postgres -c "$2"; }
start_server "$place/disk/data" 5432 archive_mode=on "archive_command=cp %p $place/archive/%f"

as_server pgbench -q -i -s 1 -h "$place/sock" postgres >"$place/log" 2>&1 || fail "pgbench: $(cat "$place/log")"
sql 5432 'CREATE TABLE ticks (n int PRIMARY KEY)'
become_server pgbench -c 2 -T 3600 -h "$place/sock" postgres >/dev/null 2>&1 &
running $!
load=$!
# Each number is acknowledged in the file after it was committed.
seq 1 10000000 | sed 's/.*/INSERT INTO ticks VALUES (&);\n\\echo &/' |
  become_server psql -X -q -A -t -h "$place/sock" -d postgres >"$place/acknowledged" 2>/dev/null &
running $!
ticks=$!
until_true test -s "$place/acknowledged"

session=(--env "UMBRA_WRITER_POSTGRESQL=socket=$place/sock" --volume "$place/disk" --metadata)
sessions_left() { [ "$(sql 5432 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'umbra'")" = "$1" ]; }

play 0 "${session[@]}" --after freeze "tail -n 1 $place/acknowledged >$place/at_freeze && $place/snapshot" -- "$writers/postgresql"
answered '"backup_metadata":".*LABEL: umbra'
cp answers image_answers
until_true sessions_left 0
segment=$(sql 5432 'SELECT pg_walfile_name(pg_switch_wal())')
until_true test -e "$place/archive/$segment"

# A session that is lost before freeze is a failure that may pass; one that goes away leaves nothing behind.
kill_session="SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'umbra'"
play 1 "${session[@]}" --after prepare_snapshot \
  "${server_user[*]} psql -X -q -o /dev/null -h $place/sock -d postgres -c \"$kill_session\"" -- "$writers/postgresql"
answered '^freeze: VSS_E_WRITERERROR_RETRYABLE.*terminating connection'
until_true sessions_left 0
play 0 "${session[@]}" --stop-after freeze -- "$writers/postgresql"
until_true sessions_left 0

# Volumes that hold nothing of it do not concern it; volumes that hold only a part are no use.
play 0 --env "UMBRA_WRITER_POSTGRESQL=socket=$place/sock" --volume /proc --metadata -- "$writers/postgresql"
if grep -q backup_metadata answers; then fail "a set without its volume made a label"; fi
mkdir "$place/space"
chown 65534:65534 "$place/space"
sql 5432 "CREATE TABLESPACE aside LOCATION '$place/space'"
play 1 "${session[@]}" -- "$writers/postgresql"
answered "^prepare_snapshot: VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT.*also lies in $place/space"
sql 5432 'DROP TABLESPACE aside'

# No server, nothing to say; a server that refuses us has to be told.
play 3 --env "UMBRA_WRITER_POSTGRESQL=socket=$place/sock port=6000" -- "$writers/postgresql"
play 1 --env "UMBRA_WRITER_POSTGRESQL=socket=$place/sock role=stranger" -- "$writers/postgresql"
answered '^hello: .*stranger'
play 1 --env "UMBRA_WRITER_POSTGRESQL=sockets=x" -- "$writers/postgresql"
answered 'unknown key sockets'

kill "$load" "$ticks"

# The copy, started as it is: crash recovery.
check_copy() {
  local at_least=$1 count highest
  count=$(sql 5433 'SELECT count(*) FROM ticks')
  highest=$(sql 5433 'SELECT max(n) FROM ticks')
  [ "$count" = "$highest" ] || fail "$count numbers, but the highest is $highest"
  [ "$highest" -ge "$at_least" ] || fail "$at_least was committed, but the copy ends at $highest"
  sums=$(sql 5433 'SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM pgbench_branches),
    (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)')
  [ "$(tr '|' '\n' <<<"$sums" | sort -u | wc -l)" -eq 1 ] || fail "a transaction is there by half: $sums"
  sql 5433 'SELECT count(*) FROM pgbench_history' | grep -qv '^0$' || fail "the load left no trace: the test shows nothing"
}
cp --sparse=always "$place/copy.img" "$place/kept.img"
mount_copy
rm "$place/copy/data/postmaster.pid" # that server still runs here
start_server "$place/copy/data" 5433 archive_mode=off
check_copy "$(cat "$place/at_freeze")"
stop "$server" INT
unmount_copy

# The same with the label that was kept, and the archive: recovery to a point after the copy.
mv "$place/kept.img" "$place/copy.img"
mount_copy
tail -n 1 image_answers | python3 -c '
import json, sys
kept = json.loads(json.load(sys.stdin)["components"][0]["backup_metadata"])
open(sys.argv[1] + "/backup_label", "w").write(kept["backup_label"])' "$place/copy/data"
: >"$place/copy/data/recovery.signal"
rm -f "$place/copy/data/postmaster.pid"
chown 65534:65534 "$place/copy/data/backup_label" "$place/copy/data/recovery.signal"
start_server "$place/copy/data" 5433 archive_mode=off "restore_command=cp $place/archive/%f %p" recovery_target_action=promote
has_recovered() { [ "$(sql 5433 'SELECT pg_is_in_recovery()')" = f ]; }
until_true has_recovered
grep -q 'consistent recovery state reached' "$place/log.5433" || fail "no recovery from the label: $(cat "$place/log.5433")"
check_copy "$(cat "$place/at_freeze")"
