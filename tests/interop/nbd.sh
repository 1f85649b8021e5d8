#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks served over NBD: made by nbdkit's plugins, copied by nbdcopy, imaged, restored, served again and compared.
# shellcheck disable=SC2016 # nbdkit sets $uri
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools nbdkit nbdcopy qemu-nbd qemu-img qemu-io mke2fs e2fsck sfdisk python3
"$UMBRA" init vault --quiet

# serve PLUGIN ARGUMENT... -- COMMAND: runs it with $uri naming the disk
serve() {
  local plugin=()
  while [ "$1" != -- ]; do
    plugin+=("$1")
    shift
  done
  shift
  nbdkit -U - "${plugin[@]}" --run "$*"
}

# there_and_back NAME PLUGIN ARGUMENT...: out of NBD, into the vault, back into a file that nbdkit serves, compared
there_and_back() {
  local name=$1
  shift
  rm -f disk.raw back.raw again.raw
  serve "$@" -- 'nbdcopy "$uri" disk.raw'
  "$UMBRA" backup disk.raw --to vault --name "$name" --all-blocks --json >report.json
  "$UMBRA" restore "vault::$name" --to back.raw --quiet
  serve file back.raw -- 'nbdcopy "$uri" again.raw'
  cmp disk.raw again.raw || fail "$name: differs"
  say "  $name: $(mib "$(field image.sources.0.size report.json)"), $(mib "$(field image.sources.0.stored_bytes report.json)") of data"
}

say 'disks out of nbdkit'
mkdir stock
fill stock 20M
there_and_back linuxdisk linuxdisk stock size=+8M
sfdisk --verify back.raw >check.log 2>&1 || fail "$(cat check.log)"
e2fsck -fn 'back.raw?offset=1048576' >check.log 2>&1 || fail "$(tail -n 5 check.log)"
there_and_back pattern pattern size=64M
there_and_back random random size=20M seed=7
there_and_back sparse-random sparse-random size=512M seed=11 percent=4
there_and_back one-byte data data='0x41' size=1
there_and_back odd-size data data='@0x1000000 0x55*1000' size=16778217
there_and_back zero null size=100M

say 'a disk of 1 TiB with 3 bytes'
serve data data='0x11 @0x8000000000 0x22 @0xffffffffff 0x33' size=1T -- 'nbdcopy "$uri" huge.raw'
"$UMBRA" backup huge.raw --to vault --name huge --json >report.json
expect_between 3 "$(field new_bytes report.json)" $((3 * 65536)) 'new bytes'
"$UMBRA" restore vault::huge --to huge.back --quiet
[ "$(stat -c %s huge.back)" = $((1 << 40)) ] || fail 'another size'
expect_between 1 "$(stat -c %b huge.back)" 1024 'blocks that the restored file occupies'
"$UMBRA" verify vault::huge --source huge.raw --quiet
"$UMBRA" verify vault::huge --source huge.back --quiet
rm huge.raw huge.back

say 'out of qcow2 through qemu-nbd'
"$SOURCE_DIR/tests/support/make_disk.sh" disk.raw 64M --files stock --no-mount
qemu-img convert -q -c -O qcow2 disk.raw disk.qcow2
qemu-nbd --fork --read-only --pid-file=nbd.pid -k "$PWD/nbd.sock" -f qcow2 disk.qcow2
nbdcopy "nbd+unix:///?socket=$PWD/nbd.sock" copied.raw || fail 'nbdcopy from qemu-nbd'
tail --pid="$(cat nbd.pid)" -f /dev/null
"$UMBRA" backup copied.raw --to vault --name qcow2 --quiet
rm -f back.raw
"$UMBRA" restore vault::qcow2 --to back.raw --quiet
qemu-img compare -q -f raw -F qcow2 back.raw disk.qcow2 || fail 'qemu-img finds a difference'

say 'changed through the NBD server: the incremental holds that and no more'
"$UMBRA" backup back.raw --to vault --name changed --all-blocks --quiet
random_bytes 1M >fresh
serve file back.raw -- 'qemu-io -f raw -c "write -s fresh 40M 1M" "$uri" >/dev/null'
"$UMBRA" backup back.raw --to vault --name changed --all-blocks --json >report.json
expect_between $((1 << 20)) "$(field new_bytes report.json)" $((2 << 20)) 'changed bytes'
"$UMBRA" verify vault --deep --quiet
