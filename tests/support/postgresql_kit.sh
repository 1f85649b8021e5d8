# shellcheck shell=bash disable=SC2154 # server_kit.sh sets `place`
# SPDX-License-Identifier: GPL-3.0-or-later
# For root tests with a PostgreSQL under load, after server_kit.sh: its data lie on $place/disk.
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH

make_server() {
  needs initdb postgres pgbench psql
  mkdir "$place/sock" "$place/archive"
  chown 65534:65534 "$place/sock" "$place/archive"
  as_server initdb -D "$place/disk/data" -A peer -U nobody >"$place/log" 2>&1 || fail "initdb: $(cat "$place/log")"
}

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

# start_load: pgbench, and a client that counts: each number stands in $place/acknowledged after it was committed
start_load() {
  as_server pgbench -q -i -s 1 -h "$place/sock" postgres >"$place/log" 2>&1 || fail "pgbench: $(cat "$place/log")"
  sql 5432 'CREATE TABLE ticks (n int PRIMARY KEY)'
  become_server pgbench -c 2 -T 3600 -h "$place/sock" postgres >/dev/null 2>&1 &
  running $!
  load=$!
  seq 1 10000000 | sed 's/.*/INSERT INTO ticks VALUES (&);\n\\echo &/' |
    become_server psql -X -q -A -t -h "$place/sock" -d postgres >"$place/acknowledged" 2>/dev/null &
  running $!
  ticks=$!
  until_true test -s "$place/acknowledged"
}
stop_load() { kill "$load" "$ticks"; }

# check_copy NUMBER: what the server on port 5433 has holds every number up to that, and no transaction by half
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
