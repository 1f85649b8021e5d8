#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Redis: with an append-only file the copy holds every write that was acknowledged before freeze; without, a dump made for it.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/redis_kit.sh
. "$SOURCE_DIR/tests/support/redis_kit.sh"

make_disk 200M
make_server

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
end_server copy
unmount_copy
# A dump that cannot be written is a failure.
rm "$place/disk/data/dump.rdb"
mkdir "$place/disk/data/dump.rdb"
play 1 "${session[@]}" -- "$writers/redis"
answered '^prepare_snapshot: VSS_E_WRITERERROR_NONRETRYABLE.*could not write its dump'
end_server live

# An append-only file, under load.
unset REDISCLI_AUTH
session[1]=UMBRA_WRITER_REDIS=socket=$place/sock/live
rm -rf "$place/disk/data"/*
start_server "$place/disk/data" live --save '' --appendonly yes
start_load
redis_call live BGREWRITEAOF >/dev/null
copy_of
answered '"backup_metadata":".*append_only\\": true'
redis-check-aof "$place/copy/data/appendonlydir/appendonly.aof.manifest" >/dev/null || fail "the append-only file is damaged"
start_server "$place/copy/data" copy --save '' --appendonly yes
[ "$(redis_call copy GET count)" -ge "$(cat "$place/at_freeze")" ] || fail "$(cat "$place/at_freeze") was acknowledged, the copy has $(redis_call copy GET count)"
end_server copy
stop_load

play 3 --env "UMBRA_WRITER_REDIS=socket=$place/sock/none" -- "$writers/redis"
