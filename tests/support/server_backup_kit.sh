# shellcheck shell=bash disable=SC2154 # server_kit.sh sets `place`
# SPDX-License-Identifier: GPL-3.0-or-later
# For root tests in which a server under load is backed up as a user does it, after server_kit.sh and the server's own kit. The
# load's last number stands in $place/acknowledged; $place/disk is the volume, in a file that can be cloned.

# make_vault WRITER: an empty one, and a folder with that writer of Umbra's. Beside it a hook notes what was acknowledged when it
# is frozen: all that must be in the copy.
make_vault() {
  mkdir writers.d
  cp "$writers/$1" writers.d/
  cp -r "$writers/lib" writers.d/
  cat >writers.d/note.hook <<HOOK
#!/bin/sh
[ "\$1" = freeze ] || exit 0
tail -n 1 '$place/acknowledged' >'$place/at_freeze'
HOOK
  chmod +x writers.d/note.hook
  chmod -R go-w writers.d
  volume_node=$(findmnt -n -o SOURCE "$place/disk")
  "$UMBRA" init vault --quiet
}

# back_up KIND WRITER EXPRESSION...: exit code 0, and what the report says of the volume and of the writer whose name begins so.
# The expressions hold in Python, of `shadow`, `volume`, `writer`, and `components`: what the backup's document has of that writer.
back_up() {
  local kind=$1
  shift
  rm -f "$place/at_freeze"
  "$UMBRA" backup "$volume_node" --to vault --name db --writers writers.d --json >report.json 2>said || fail "backup: $(cat said)"
  python3 - "$@" <<'PYTHON' || fail "the report: $(cat report.json)"
import json, sys
shadow = json.loads(open("report.json").read().splitlines()[-1])["shadow"]
volume, = shadow["volumes"]
assert volume["provider"] == "reflink", volume
assert volume["consistency"] == "application-consistent", volume
writer, = [w for w in shadow["writers"] if w["name"].startswith(sys.argv[1])]
assert all("failure" not in w for w in shadow["writers"]), shadow["writers"]
components = json.dumps(shadow["backup_components"])
for expression in sys.argv[2:]:
    assert eval(expression), expression
PYTHON
  cp "$place/at_freeze" "at_freeze.$kind" || fail "nobody noted the freeze"
}

acknowledged() { tail -n 1 "$place/acknowledged"; }
has_gone_on() { [ "$(acknowledged)" -gt "$1" ]; }
# load_goes_on: the load is not held, and changes more of the volume
load_goes_on() { until_true has_gone_on $(($(acknowledged) + 20)); }

# restore_copy IMAGE: a file system without faults, mounted at $place/copy
restore_copy() {
  rm -f "$place/copy.img"
  "$UMBRA" restore "$1" --to "$place/copy.img" --yes --quiet || fail "restore of $1"
  e2fsck -fn "$place/copy.img" >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
  mount_copy
}

# info_tells WRITER
info_tells() { "$UMBRA" info vault::db | grep -q "writer $1.*: took part" || fail "info does not tell of the writer: $("$UMBRA" info vault::db)"; }
