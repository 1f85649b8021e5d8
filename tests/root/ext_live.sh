#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Copies of mounted ext volumes at an instant, without a freeze: their journals hold changes. What Umbra takes of such a copy is what is
# in use once e2fsck has replayed the journal, and what comes back is, after the replay, the same.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_file_system xfs
need_tools mke2fs e2fsck dumpe2fs mkfs.xfs python3
map_volume=$(dirname "$UMBRA")/../tests/map_volume
[ -x "$map_volume" ] || skip 'map_volume is not built'

writer=
end_writer() {
  if [ -n "$writer" ]; then { kill -KILL "$writer" && wait "$writer"; } 2>/dev/null || true; fi
  writer=
}
trap 'end_writer; release_disks' EXIT

truncate -s 1200M host.img
mkfs.xfs -q host.img
attach host.img
mount_at host "$node"
"$UMBRA" init vault --quiet

# Files come, grow, shrink and go, in folders that do the same; now and then all is written out.
write_into() {
  python3 -IS - "$1" <<'PYTHON' &
import os, random, shutil, sys
random.seed(7)
os.chdir(sys.argv[1])
n = 0
while True:
    n += 1
    folder = "d%d" % random.randrange(40)
    name = "%s/f%d" % (folder, random.randrange(30))
    try:
        os.makedirs(folder, exist_ok=True)
        what = random.random()
        if what < 0.6:
            with open(name, "wb") as file:
                file.write(os.urandom(random.randrange(1, 300000)))
                if n % 7 == 0:
                    os.fsync(file.fileno())
        elif what < 0.8 and os.path.exists(name):
            os.truncate(name, random.randrange(100000))
        elif what < 0.97 and os.path.exists(name):
            os.unlink(name)
        elif what >= 0.97:
            shutil.rmtree(folder)
    except OSError:
        for other in os.listdir("."):
            if other != "lost+found":
                shutil.rmtree(other)
    if n % 400 == 0:
        os.sync()
PYTHON
  writer=$!
}

# printed_after_replay FILE: the fingerprint of its files; the kernel replays the journal of a clone
printed_after_replay() {
  cp --reflink=always "$1" host/replay.img
  attach host/replay.img
  mount_at printed "$node"
  fingerprint printed
  unmount printed
  detach "$node"
  rm host/replay.img
}

replays=0 # copies whose journal held something
check_copy() {
  local name=$1 copy=host/copy.img
  "$map_volume" "$copy" >map.json
  grep -q 'copied whole' map.json && fail "$name: $(field notes map.json)"
  if grep -q 'taken into account' map.json; then replays=$((replays + 1)); fi
  cp --reflink=always "$copy" host/oracle.img
  e2fsck -E journal_only -y host/oracle.img >fsck.log 2>&1 || [ $? -eq 1 ] || fail "$name: $(tail -n 5 fsck.log)"
  dumpe2fs host/oracle.img >dump.txt 2>dump.log
  "$SOURCE_DIR/tests/support/map_checks.py" --dumpe2fs dump.txt --larger-by 1 map.json >sums || fail "$name: the map is wrong"
  rm host/oracle.img

  "$UMBRA" backup "$copy" --to vault --name "$name" --quiet
  rm -f host/back.img
  junk host/back.img "$size"
  "$UMBRA" restore "vault::$name" --to host/back.img --yes --quiet
  printed_after_replay "$copy" >copy.print
  printed_after_replay host/back.img >back.print
  cmp copy.print back.print || fail "$name: files differ"
  e2fsck -fy host/back.img >fsck.log 2>&1 || [ $? -eq 1 ] || fail "$name: e2fsck: $(tail -n 5 fsck.log)"
  e2fsck -fn host/back.img >fsck.log 2>&1 || fail "$name: e2fsck -fn: $(tail -n 5 fsck.log)"
  say "  $name: $(cut -d ' ' -f 1 sums) bytes in use after the replay, $(cut -d ' ' -f 2 sums) in the map; $(field notes map.json | grep -o 'its [0-9]* blocks of [0-9]* transactions' || echo 'nothing to replay')"
}

# live NAME MOUNT-OPTIONS TYPE MKE2FS-OPTION...
live() {
  local name=$1 options=$2 n volume_node
  shift 2
  replays=0 size=96M
  truncate -s "$size" host/volume.img
  mke2fs -q -F -t "$@" host/volume.img
  attach host/volume.img
  volume_node=$node
  mount_at volume -o "$options" "$node"
  write_into volume
  for n in 1 2 3; do
    sleep 2
    cp --reflink=always host/volume.img host/copy.img
    check_copy "$name-$n"
  done
  end_writer
  unmount volume
  detach "$volume_node"
  rm host/volume.img host/copy.img
  [ "$replays" -gt 0 ] || fail "$name: no copy had anything to replay, which proves nothing"
}

say 'copies of volumes in use:'
live ext4 defaults ext4
live ext4-1k-data-journal data=journal ext4 -b 1024 -J size=16
live ext4-32bit defaults ext4 -O ^64bit,^metadata_csum,uninit_bg
live ext3 data=ordered ext3 -b 2048
live ext4-bigalloc defaults ext4 -O bigalloc -C 32768
