#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# PostgreSQL under load: a copy taken between freeze and thaw holds every transaction that was committed before, and none by half.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/postgresql_kit.sh
. "$SOURCE_DIR/tests/support/postgresql_kit.sh"

make_disk 700M
make_server
start_server "$place/disk/data" 5432 archive_mode=on "archive_command=cp %p $place/archive/%f"
start_load

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

stop_load

# The copy, started as it is: crash recovery.
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
