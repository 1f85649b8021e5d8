#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Redis: with an append-only file the copy holds every write that was acknowledged before freeze; without, a dump made for it.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
needs redis-cli redis-check-rdb redis-check-aof

make_disk 200M
mkdir "$place/sock" "$place/disk/data"
chown 65534:65534 "$place/sock" "$place/disk/data"

# The server is redis-check-rdb by another name: package redis-tools has it without a service.
start_server() {
  local folder=$1 name=$2
  shift 2
  become_server bash -c 'exec -a redis-server redis-check-rdb "$@"' _ --port 0 --unixsocket "$place/sock/$name" --dir "$folder" "$@" \
    >"$place/log.$name" 2>&1 &
  running $!
  until_true redis_call "$name" PING >/dev/null 2>&1
}
redis_call() {
  local name=$1
  shift
  redis-cli -s "$place/sock/$name" "$@" | grep -v '^Could not connect'
}
session=(--env "UMBRA_WRITER_REDIS=socket=$place/sock/live" --volume "$place/disk" --metadata)
copy_of() {
  play 0 "${session[@]}" --after freeze "redis-cli -s $place/sock/live GET count >$place/at_freeze && $place/snapshot" -- "$writers/redis"
  mount_copy
}

# A dump, of a server that would never have made one by itself.
start_server "$place/disk/data" live --save '' --requirepass secret
redis-cli -s "$place/sock/live" ping | grep -q NOAUTH || fail "the server asks for no password"
play 1 "${session[@]}" -- "$writers/redis"
answered '^hello: .*NOAUTH'
play 1 --env "UMBRA_WRITER_REDIS=socket=$place/sock/live password=wrong" -- "$writers/redis"
answered '^hello: .*WRONGPASS'
export REDISCLI_AUTH=secret
session[1]+=" password=secret"
redis_call live SET count 41 >/dev/null
redis_call live SET greeting "$(head -c 100000 /dev/zero | tr '\0' x)" >/dev/null
copy_of
answered '"backup_metadata":".*append_only\\": false'
redis-check-rdb "$place/copy/data/dump.rdb" >/dev/null || fail "the dump is damaged"
start_server "$place/copy/data" copy --save '' --requirepass secret
[ "$(redis_call copy GET count)" = 41 ] || fail "the copy lost a key"
[ "$(redis_call copy STRLEN greeting)" = 100000 ] || fail "the copy lost a long value"
redis_call copy SHUTDOWN NOSAVE >/dev/null || true
until_true test ! -e "$place/sock/copy"
unmount_copy
# A dump that cannot be written is a failure.
rm "$place/disk/data/dump.rdb"
mkdir "$place/disk/data/dump.rdb"
play 1 "${session[@]}" -- "$writers/redis"
answered '^prepare_snapshot: VSS_E_WRITERERROR_NONRETRYABLE.*could not write its dump'
redis_call live SHUTDOWN NOSAVE >/dev/null || true
until_true test ! -e "$place/sock/live"

# An append-only file, under load.
unset REDISCLI_AUTH
session[1]=UMBRA_WRITER_REDIS=socket=$place/sock/live
rm -rf "$place/disk/data"/*
start_server "$place/disk/data" live --save '' --appendonly yes
yes 'INCR count' | redis-cli -s "$place/sock/live" >/dev/null 2>&1 &
running $!
load=$!
has_count() { [ -n "$(redis_call live GET count)" ]; }
until_true has_count
redis_call live BGREWRITEAOF >/dev/null
copy_of
answered '"backup_metadata":".*append_only\\": true'
redis-check-aof "$place/copy/data/appendonlydir/appendonly.aof.manifest" >/dev/null || fail "the append-only file is damaged"
start_server "$place/copy/data" copy --save '' --appendonly yes
[ "$(redis_call copy GET count)" -ge "$(cat "$place/at_freeze")" ] || fail "$(cat "$place/at_freeze") was acknowledged, the copy has $(redis_call copy GET count)"
redis_call copy SHUTDOWN NOSAVE >/dev/null || true
until_true test ! -e "$place/sock/copy"
kill "$load"

play 3 --env "UMBRA_WRITER_REDIS=socket=$place/sock/none" -- "$writers/redis"
