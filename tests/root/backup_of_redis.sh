#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A Redis under load is backed up as a user does it, its image restored elsewhere, and a server started on that: every write that
# was acknowledged before is there, and its own checks find no fault. Without an append-only file it is the dump made for it.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/redis_kit.sh
. "$SOURCE_DIR/tests/support/redis_kit.sh"
# shellcheck source=tests/support/server_backup_kit.sh
. "$SOURCE_DIR/tests/support/server_backup_kit.sh"
needs mkfs.xfs

make_host 1G
make_disk 200M
make_server
make_vault redis
export UMBRA_WRITER_REDIS="socket=$place/sock/live"

# restored IMAGE NUMBER OPTION...: the server's count is that at least; sets `count`
restored() {
  restore_copy "$1"
  local at_least=$2
  shift 2
  start_server "$place/copy/data" copy --save '' "$@"
  count=$(redis_call copy GET count)
  [ "$count" -ge "$at_least" ] || fail "$at_least was acknowledged, the copy has $count"
  [ "$(redis_call copy STRLEN greeting)" = 100000 ] || fail 'the copy lost a long value'
  end_server copy
}
greet() { redis_call live SET greeting "$(head -c 100000 /dev/zero | tr '\0' x)" >/dev/null; }

# A server that would never have made a dump by itself: what was written before the backup is there.
start_server "$place/disk/data" live --save ''
greet
start_load
before=$(acknowledged)
back_up dump Redis '"append_only\\\": false" in components'
load_goes_on
stop_load
end_server live
restored vault::db "$before"
redis-check-rdb "$place/copy/data/dump.rdb" >check.log || fail "the dump: $(cat check.log)"
[ "$count" -lt "$(acknowledged)" ] || fail 'the copy holds what was written after it'
unmount_copy

rm -rf "$place/disk/data"/*
start_server "$place/disk/data" live --save '' --appendonly yes
greet
start_load
redis_call live BGREWRITEAOF >/dev/null
is_append_only='"append_only\\\": true" in components'
back_up full Redis "$is_append_only"
load_goes_on
back_up incremental Redis "$is_append_only"
load_goes_on
stop_load
end_server live
for image in db@1:full db:incremental; do
  restored "vault::${image%:*}" "$(cat "at_freeze.${image#*:}")" --appendonly yes
  [ "$count" -lt "$(acknowledged)" ] || fail 'the copy holds what was written after it'
  redis-check-aof "$place/copy/data/appendonlydir/appendonly.aof.manifest" >check.log || fail "the append-only file: $(cat check.log)"
  unmount_copy
done
info_tells Redis
