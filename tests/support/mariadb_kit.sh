# shellcheck shell=bash disable=SC2154 # server_kit.sh sets `place`
# SPDX-License-Identifier: GPL-3.0-or-later
# For root tests with a MariaDB under load, after server_kit.sh: its data lie on $place/disk.
PATH=$PATH:/usr/sbin

make_server() {
  needs mariadb mariadbd mariadb-install-db
  mkdir "$place/sock"
  chown 65534:65534 "$place/sock"
  as_server mariadb-install-db --no-defaults --datadir="$place/disk/data" --auth-root-authentication-method=socket \
    --auth-root-socket-user=root --skip-test-db >"$place/log" 2>&1 || fail "mariadb-install-db: $(cat "$place/log")"
}

# start_server DATA NAME [OPTION]...
start_server() {
  local data=$1 name=$2
  shift 2
  become_server mariadbd --no-defaults --datadir="$data" --socket="$place/sock/$name" --pid-file="$place/sock/$name.pid" \
    --skip-networking --innodb-log-file-size=32M "$@" >"$place/log.$name" 2>&1 &
  server=$!
  running "$server"
  until_true sql "$name" 'SELECT 1' >/dev/null 2>&1
}
sql() { mariadb --no-defaults --socket="$place/sock/$1" --user=root --batch --skip-column-names -e "$2"; }

# start_load: a client of the server `live` that counts in tables of all engines, and moves amounts from one table to another:
# each number stands in $place/acknowledged after it was committed
start_load() {
  sql live 'CREATE DATABASE shop; USE shop; CREATE TABLE ticks (n INT PRIMARY KEY) ENGINE=InnoDB;
    CREATE TABLE old (n INT PRIMARY KEY) ENGINE=MyISAM; CREATE TABLE aria (n INT PRIMARY KEY) ENGINE=Aria TRANSACTIONAL=1;
    CREATE TABLE a (id INT PRIMARY KEY, amount INT) ENGINE=InnoDB; CREATE TABLE b LIKE a; INSERT INTO a VALUES (1, 0); INSERT INTO b VALUES (1, 0)'
  seq 1 10000000 | sed 's/.*/START TRANSACTION; UPDATE a SET amount = amount + &; UPDATE b SET amount = amount - &; INSERT INTO ticks VALUES (&); COMMIT; INSERT INTO old VALUES (&); INSERT INTO aria VALUES (&); SELECT &;/' |
    mariadb --no-defaults --socket="$place/sock/live" --user=root --batch --skip-column-names --unbuffered shop >"$place/acknowledged" 2>/dev/null &
  load=$!
  running "$load"
  until_true test -s "$place/acknowledged"
}
stop_load() { kill "$load"; }

# check_copy NUMBER: what the server `copy` has holds every number up to that, no transaction by half, and tables without faults;
# sets `highest`
check_copy() {
  local at_least=$1 count table
  count=$(sql copy 'SELECT COUNT(*) FROM shop.ticks')
  highest=$(sql copy 'SELECT MAX(n) FROM shop.ticks')
  [ "$count" = "$highest" ] || fail "$count numbers, but the highest is $highest"
  [ "$highest" -ge "$at_least" ] || fail "$at_least was committed, but the copy ends at $highest"
  [ "$(sql copy 'SELECT a.amount + b.amount FROM shop.a, shop.b')" = 0 ] || fail "a transaction is there by half"
  for table in ticks old aria a b; do
    sql copy "CHECK TABLE shop.$table EXTENDED" | grep -q 'status.OK' || fail "table $table: $(sql copy "CHECK TABLE shop.$table EXTENDED")"
  done
  # Without transactions a row may be missing that was on its way.
  for table in old aria; do
    [ "$(sql copy "SELECT COUNT(*) FROM shop.$table")" -ge $((at_least - 1)) ] || fail "table $table lost rows"
  done
}
