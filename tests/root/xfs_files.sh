#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Files of XFS by path, in folders of every form the kernel makes: their data are left out and nothing else is. What a file shares
# stays.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system xfs
need_tools mkfs.xfs xfs_db xfs_repair fsfreeze xfs_io python3
"$UMBRA" init vault --quiet

# names FOLDER COUNT: empty files, and one to be left out among them
names() {
  mkdir -p "$1"
  python3 -IS -c '
import sys
for i in range(int(sys.argv[2])): open(f"{sys.argv[1]}/a_file_of_many_in_a_folder_{i}", "w").close()' "$1" "$2"
  random_bytes 200K >"$1/leave.out"
}

# Every second block of a file, from its end on, so that its extents need a tree.
in_pieces() {
  python3 -IS - "$1" <<'PYTHON'
import os, sys
with open(sys.argv[1], "wb") as out:
    for i in reversed(range(2000)):
        os.pwrite(out.fileno(), b"%05d piece here" % i * 256, i * 8192)
PYTHON
}

# form FILE [FIELD]: how it is kept, by xfs_db: an inode's form and its size
form() {
  local inode
  inode=$(awk -v name="$1" '$2 == name { print $1 }' inodes)
  xfs_db -r -c "inode $inode" -c "p ${2:-core.format core.size}" disk.img | awk '{ printf "%s ", $3 }'
}

check() {
  local name=$1 saved file
  shift
  rm -f disk.img
  truncate -s 320M disk.img
  mkfs.xfs -q -f "$@" disk.img >mkfs.log 2>&1 || fail "$name: $(tail -n 3 mkfs.log)"
  attach disk.img
  mount_at disk "$node"
  names disk/short 1
  names disk/block 8
  names disk/leaf 150
  names disk/deep/er/node 6000
  in_pieces disk/leave.pieces
  random_bytes 300K >disk/leave.shared
  cp --reflink=auto disk/leave.shared disk/kept
  xfs_io -f -c 'falloc 0 2m' disk/leave.reserved
  random_bytes 300K >disk/other
  ln disk/other disk/block/another-name
  (cd disk && find . ! -name 'a_file*' -printf '%i\t%P\n') >inodes
  fingerprint disk >disk.print
  fsfreeze -f disk
  cp --sparse=always disk.img frozen.img
  fsfreeze -u disk
  unmount disk
  [ "$(form leave.pieces core.format)" = '3 ' ] || fail "$name: the extents of leave.pieces need no tree"
  say "  $name: folders $(for folder in short block leaf deep/er/node; do form $folder; done)"

  "$UMBRA" backup frozen.img --to vault --name "$name" --exclude-nothing --exclude-file leave.out --exclude-file '/leave.*' --json \
    >report.json
  saved=$(field image.sources.0.excluded_bytes report.json)
  # Four of 200 KiB, 2000 pieces of 4 KiB, 2 MiB, and 300 KiB unless they are shared.
  expect_between $((10848 << 10)) "$saved" $((11148 << 10)) "$name: bytes left out"
  "$UMBRA" restore "vault::$name" --to back.img --yes --quiet
  attach back.img
  mount_at back -o nouuid "$node"
  fingerprint back >back.print
  for file in short/leave.out block/leave.out leaf/leave.out deep/er/node/leave.out leave.pieces leave.reserved; do
    [ "$(tr -d '\0' <"back/$file" | wc -c)" -eq 0 ] || fail "$name: $file was not left out"
  done
  [ -z "${shares:-}" ] || cmp back/leave.shared back/kept || fail "$name: what is shared was left out"
  unmount back
  # Nothing but the hashes of what was left out may differ.
  diff disk.print back.print | grep '^[<>]' | grep -v 'leave\.' >differ && fail "$name: $(head -n 3 differ)"
  xfs_repair -n "$node" >check.log 2>&1 || fail "$name: xfs_repair -n: $(tail -n 5 check.log)"
  detach "$node"
}

junk back.img 320M
say 'left out by path:'
shares=yes check default
check blocks-1k -b size=1024 -m reflink=0
shares=yes check folders-16k -n size=16384
