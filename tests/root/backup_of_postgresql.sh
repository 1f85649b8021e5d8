#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A PostgreSQL under load is backed up as a user does it, its image restored elsewhere, and a server started on that: every
# transaction that was committed before is there, and none by half.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/postgresql_kit.sh
. "$SOURCE_DIR/tests/support/postgresql_kit.sh"
needs mkfs.xfs

make_host 2G
make_disk 700M
make_server
start_server "$place/disk/data" 5432
start_load

mkdir writers.d
cp "$writers/postgresql" writers.d/
cp -r "$writers/lib" writers.d/
chmod -R go-w writers.d
device=$(findmnt -n -o SOURCE "$place/disk")
export UMBRA_WRITER_POSTGRESQL="socket=$place/sock"
"$UMBRA" init vault --quiet

# back_up KIND: exit code 0, and what the report says of the volume and the writer
back_up() {
  tail -n 1 "$place/acknowledged" >"at_freeze.$1"
  "$UMBRA" backup "$device" --to vault --name db --writers writers.d --json >report.json 2>said || fail "backup: $(cat said)"
  python3 - <<'PYTHON' || fail "the report: $(cat report.json)"
import json
shadow = json.loads(open("report.json").read().splitlines()[-1])["shadow"]
volume, = shadow["volumes"]
writer, = shadow["writers"]
assert volume["provider"] == "reflink", volume
assert volume["consistency"] == "application-consistent", volume
assert writer["name"].startswith("PostgreSQL"), writer
assert "failure" not in writer, writer
label = json.dumps(shadow["backup_components"])
assert "LABEL: umbra" in label, label
PYTHON
}
back_up full
ticks_now() { tail -n 1 "$place/acknowledged"; }
before=$(ticks_now)
more_ticks() { [ "$(ticks_now)" -gt $((before + 20)) ]; }
until_true more_ticks
back_up incremental
stop_load
stop "$server" INT

# restored IMAGE KIND
restored() {
  rm -f "$place/copy.img"
  "$UMBRA" restore "$1" --to "$place/copy.img" --yes --quiet || fail "restore of $1"
  e2fsck -fn "$place/copy.img" >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
  mount_copy
  rm -f "$place/copy/data/postmaster.pid"
  start_server "$place/copy/data" 5433
  check_copy "$(cat "at_freeze.$2")"
  stop "$server" INT
  unmount_copy
}
restored vault::db@1 full
restored vault::db incremental
"$UMBRA" info vault::db | grep -q 'writer PostgreSQL' || fail 'info does not tell of the writer'
