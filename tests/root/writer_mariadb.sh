#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# MariaDB under load: nothing is committed between freeze and thaw; the copy holds what was committed before, and no more.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/mariadb_kit.sh
. "$SOURCE_DIR/tests/support/mariadb_kit.sh"

make_disk 700M
make_server
# Not even what was committed reaches the disk at once: freeze has to see to it.
start_server "$place/disk/data" live --log-bin=binlog --innodb-flush-log-at-trx-commit=0

start_load
last() { tail -n 1 "$place/acknowledged"; }
goes_on() { [ "$(last)" -gt "$1" ]; }

session=(--env "UMBRA_WRITER_MARIADB=socket=$place/sock/live" --volume "$place/disk" --metadata)
play 0 "${session[@]}" --after freeze "tail -n 1 $place/acknowledged >$place/at_freeze && $place/snapshot && tail -n 1 $place/acknowledged >$place/at_thaw" \
  -- "$writers/mariadb"
answered '"backup_metadata":".*binlog_position'
until_true goes_on "$(cat "$place/at_thaw")"
# The one whose answer was on its way when commits were stopped may be in the second and not in the first.
[ "$(($(cat "$place/at_thaw") - $(cat "$place/at_freeze")))" -le 1 ] || fail "transactions were committed while it was frozen"

# However the session ends, commits go on.
play 1 "${session[@]}" --after freeze false -- "$writers/mariadb"
until_true goes_on "$(last)"
play 0 "${session[@]}" --stop-after freeze -- "$writers/mariadb"
until_true goes_on "$(last)"
play 1 "${session[@]}" --after freeze "mariadb --no-defaults --socket=$place/sock/live --user=root -e \"KILL \$(mariadb --no-defaults --socket=$place/sock/live --user=root -BNe \"SELECT ID FROM information_schema.PROCESSLIST WHERE DB IS NULL AND ID <> CONNECTION_ID() AND USER = 'root'\")\"" \
  -- "$writers/mariadb"
answered '^thaw: VSS_E_WRITERERROR_RETRYABLE'
until_true goes_on "$(last)"

# Two backups at once: the second one may come again.
play 1 "${session[@]}" --after freeze "'$writer_play' --env 'UMBRA_WRITER_MARIADB=socket=$place/sock/live lock_wait=1' -- '$writers/mariadb' >second; exit 1" \
  -- "$writers/mariadb"
grep -q '^prepare_snapshot: VSS_E_WRITERERROR_RETRYABLE' second || fail "the second backup: $(cat second)"

play 0 --env "UMBRA_WRITER_MARIADB=socket=$place/sock/live" --volume /proc --metadata -- "$writers/mariadb"
if grep -q backup_metadata answers; then fail "a set without its volume froze the server"; fi
play 3 --env "UMBRA_WRITER_MARIADB=socket=$place/sock/none" -- "$writers/mariadb"
play 1 --env "UMBRA_WRITER_MARIADB=socket=$place/sock/live user=stranger" -- "$writers/mariadb"
answered '^hello: VSS_E_WRITERERROR_NONRETRYABLE.*Access denied'
stop_load

mount_copy
start_server "$place/copy/data" copy
at_freeze=$(cat "$place/at_freeze")
check_copy "$at_freeze"
[ "$highest" -le $((at_freeze + 1)) ] || fail "$at_freeze was acknowledged at freeze, but the copy ends at $highest"
