#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# MariaDB under load: nothing is committed between freeze and thaw; the copy holds what was committed before, and no more.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
PATH=$PATH:/usr/sbin
needs mariadb mariadbd mariadb-install-db

make_disk 700M
mkdir "$place/sock"
chown 65534:65534 "$place/sock"
as_server mariadb-install-db --no-defaults --datadir="$place/disk/data" --auth-root-authentication-method=socket \
  --auth-root-socket-user=root --skip-test-db >"$place/log" 2>&1 || fail "mariadb-install-db: $(cat "$place/log")"

# start_server DATA NAME [OPTION]...
start_server() {
  local data=$1 name=$2
  shift 2
  become_server mariadbd --no-defaults --datadir="$data" --socket="$place/sock/$name" --pid-file="$place/sock/$name.pid" \
    --skip-networking --innodb-log-file-size=32M "$@" >"$place/log.$name" 2>&1 &
  running $!
  until_true sql "$name" 'SELECT 1' >/dev/null 2>&1
}
sql() { mariadb --no-defaults --socket="$place/sock/$1" --user=root --batch --skip-column-names -e "$2"; }
# Not even what was committed reaches the disk at once: freeze has to see to it.
start_server "$place/disk/data" live --log-bin=binlog --innodb-flush-log-at-trx-commit=0

sql live 'CREATE DATABASE shop; USE shop; CREATE TABLE ticks (n INT PRIMARY KEY) ENGINE=InnoDB;
  CREATE TABLE old (n INT PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE aria (n INT PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=1;
  CREATE TABLE a (id INT PRIMARY KEY, amount INT) ENGINE=InnoDB; CREATE TABLE b LIKE a; INSERT INTO a VALUES (1, 0); INSERT INTO b VALUES (1, 0)'
seq 1 10000000 | sed 's/.*/START TRANSACTION; UPDATE a SET amount = amount + &; UPDATE b SET amount = amount - &; INSERT INTO ticks VALUES (&); COMMIT; INSERT INTO old VALUES (&); INSERT INTO aria VALUES (&); SELECT &;/' |
  mariadb --no-defaults --socket="$place/sock/live" --user=root --batch --skip-column-names --unbuffered shop >"$place/acknowledged" 2>/dev/null &
running $!
load=$!
until_true test -s "$place/acknowledged"
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
kill "$load"

mount_copy
start_server "$place/copy/data" copy
at_freeze=$(cat "$place/at_freeze")
count=$(sql copy 'SELECT COUNT(*) FROM shop.ticks')
highest=$(sql copy 'SELECT MAX(n) FROM shop.ticks')
[ "$count" = "$highest" ] || fail "$count numbers, but the highest is $highest"
if [ "$highest" -lt "$at_freeze" ] || [ "$highest" -gt $((at_freeze + 1)) ]; then
  fail "$at_freeze was acknowledged at freeze, but the copy ends at $highest"
fi
[ "$(sql copy 'SELECT a.amount + b.amount FROM shop.a, shop.b')" = 0 ] || fail "a transaction is there by half"
for table in ticks old aria; do
  sql copy "CHECK TABLE shop.$table EXTENDED" | grep -q 'status.OK' || fail "table $table: $(sql copy "CHECK TABLE shop.$table EXTENDED")"
done
[ "$(sql copy 'SELECT COUNT(*) FROM shop.old')" -ge $((at_freeze - 1)) ] || fail "the MyISAM table lost rows"
