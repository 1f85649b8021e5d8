#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Volumes of every file system that is understood, each damaged in 200 ways: never a crash, a hang, or too much memory, and never a map
# that lacks something where the file system's own check finds nothing wrong.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
tool=$(dirname "$UMBRA")/../tests/map_volume
[ -x "$tool" ] || {
  echo 'skipped: map_volume is not built'
  exit 77
}
number=${MUTATIONS:-200}
seed=${MUTATION_SEED:-1}
tried=0

has() {
  local one
  for one in "$@"; do
    command -v "$one" >/dev/null || {
      echo "  without ${file_system:-}: $one is not installed"
      return 1
    }
  done
}

mkdir -p stock/some/deep
for n in $(seq 60); do head -c $((n * 311)) "$UMBRA" | tail -c $((n * 30)) >"stock/some/file-$n"; done
head -c 400000 "$UMBRA" >stock/some/deep/large
seq 30000 >stock/numbers

# mutate NAME ORACLE ACCEPT-COMMAND: of the volume NAME
mutate() {
  local said
  if ! "$tool" "$1" | grep -q '"kind": "[^"]'; then
    echo "  $1 is not understood yet"
    return
  fi
  tried=$((tried + 1))
  said=$("$SOURCE_DIR/tests/support/mutated_volumes.py" --tool "$tool" --number "$number" --seed "$seed" --oracle "$2" --accept "$3" "$1") || {
    echo "FAILED: $1"
    exit 1
  }
  echo "  $1: $said"
  rm "$1"
}

# ext_volume NAME MKE2FS-OPTION...
ext_volume() { mke2fs -q -F -d stock "${@:2}" "$1" 12M >/dev/null 2>&1; }

# log_changes NAME BLOCK-SIZE [OPTION]: what the journal holds then turns the volume into a later state of it, in which much has gone
# and something has come. OPTION: of debugfs' journal_open.
log_changes() {
  cp "$1" later
  printf 'rm numbers\nmkdir new\ncd new\nwrite %s one\ncd /\nrm some/file-9\n' stock/some/file-60 >commands
  debugfs -w -f commands later >/dev/null 2>&1
  python3 -IS - "$1" later "$2" "${3:-}" >commands <<'PYTHON'
import sys
size = int(sys.argv[3])
a, b = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
changed = [n for n in range(len(a) // size) if a[n * size:(n + 1) * size] != b[n * size:(n + 1) * size]]
with open("blocks", "wb") as out:
    for n in changed:
        out.write(b[n * size:(n + 1) * size])
print("jo", sys.argv[4])
print("jw -b %s blocks" % ",".join(map(str, changed)))
print("jc")
PYTHON
  debugfs -w -f commands "$1" >/dev/null 2>&1
  "$tool" "$1" | grep -q 'taken into account' || {
    echo "FAILED: the journal of $1 holds nothing"
    exit 1
  }
}

if has mke2fs e2fsck dumpe2fs debugfs; then
  ext_volume ext4 -t ext4 -b 1024 && mutate ext4 dumpe2fs 'e2fsck -fn {}'
  ext_volume ext4-no-checksums -t ext4 -O ^metadata_csum,^uninit_bg && mutate ext4-no-checksums dumpe2fs 'e2fsck -fn {}'
  ext_volume ext4-inline -t ext4 -I 512 -O inline_data && mutate ext4-inline dumpe2fs 'e2fsck -fn {}'
  ext_volume ext3 -t ext3 -b 1024 && mutate ext3 dumpe2fs 'e2fsck -fn {}'
  ext_volume ext4-to-replay -t ext4 -b 1024 && log_changes ext4-to-replay 1024 -c && mutate ext4-to-replay replay true
  ext_volume ext3-to-replay -t ext3 -b 1024 && log_changes ext3-to-replay 1024 && mutate ext3-to-replay replay true
fi
if has mkntfs ntfsresize ntfscp; then
  truncate -s 12M ntfs
  mkntfs -q -F -f -s 512 -p 0 -H 0 -S 0 ntfs >/dev/null 2>&1
  for file in stock/numbers stock/some/file-{1,20,60} stock/some/deep/large; do ntfscp -q -f ntfs "$file" "${file##*/}" >/dev/null 2>&1; done
  mutate ntfs seed 'ntfsresize --info --force --no-progress-bar {}'
fi
if has mkfs.xfs xfs_repair; then
  truncate -s 300M xfs
  mkfs.xfs -q xfs
  mutate xfs seed 'xfs_repair -n {}'
fi
if has mkfs.btrfs btrfs; then
  truncate -s 128M btrfs
  mkfs.btrfs -q -r stock btrfs >/dev/null 2>&1
  mutate btrfs seed 'btrfs check --readonly {}'
fi
if has mkfs.vfat fsck.fat mcopy; then
  for bits in 12 16 32; do
    truncate -s $((bits == 32 ? 40000 : bits == 16 ? 16000 : 1500))K fat$bits
    mkfs.vfat -F $bits -s 1 fat$bits >/dev/null
    mcopy -s -i fat$bits stock/some stock/numbers ::
    mutate fat$bits seed 'fsck.fat -n {}'
  done
fi
if has mkfs.exfat fsck.exfat; then
  truncate -s 12M exfat
  mkfs.exfat exfat >/dev/null
  mutate exfat seed 'fsck.exfat -n {}'
fi
[ "$tried" -gt 0 ] || {
  echo 'skipped: no tools to make a volume with'
  exit 77
}
