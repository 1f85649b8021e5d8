#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# File systems made by their own tools, without mounting: what comes back is what went in, and their own checkers are satisfied.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_tools mke2fs e2fsck mkfs.xfs xfs_repair mkfs.btrfs btrfs mkfs.vfat fsck.vfat mkntfs ntfsfix ntfscp ntfscat mkswap nbdkit nbdcopy \
  python3
"$UMBRA" init vault --quiet
mkdir stock
fill stock 30M
random_bytes 2M >stock/random
files=$(find stock -type f | wc -l)

# check NAME CHECKER...: the file system in NAME.raw, there and back, and compared with the source
check() {
  local name=$1
  shift
  "$UMBRA" backup "$name.raw" --to vault --name "$name" --json >report.json
  "$UMBRA" restore "vault::$name" --to back.raw --quiet
  "$@" back.raw >check.log 2>&1 || fail "$name: $*: $(tail -n 5 check.log)"
  "$UMBRA" verify "vault::$name" --source "$name.raw" --quiet
  say "  $name: $(mib "$(field image.sources.0.stored_bytes report.json)") of $(mib "$(field image.sources.0.size report.json)"), ${1} is satisfied"
}
same_bits() { cmp "$1.raw" back.raw || fail "$1: not bit for bit the same"; }
done_with() { rm -f "$1.raw" back.raw; }

say "$files files on each:"
truncate -s 100M ext4.raw
mke2fs -q -F -t ext4 -d stock ext4.raw
check ext4 e2fsck -fn
done_with ext4

truncate -s 320M xfs.raw
mkfs.xfs -q xfs.raw
check xfs xfs_repair -n
same_bits xfs
done_with xfs

truncate -s 200M btrfs.raw
mkfs.btrfs -q --rootdir stock btrfs.raw >/dev/null 2>&1
check btrfs btrfs check --readonly --check-data-csum
done_with btrfs

# In one folder: fsck.vfat finds fault with how nbdkit links folders.
mkdir flat
find stock/lib -type f -size +16k | awk 'NR <= 200' >names
while read -r name; do cp --backup=numbered "$name" flat/; done <names
# shellcheck disable=SC2016 # nbdkit sets $uri
nbdkit -U - floppy flat size=200M --run 'nbdcopy "$uri" fat-disk.raw'
sfdisk --json fat-disk.raw | python3 -IS -c '
import json, sys
p = json.load(sys.stdin)["partitiontable"]["partitions"][0]
print(p["start"] * 512, p["size"] * 512)' >place
read -r offset length <place
dd if=fat-disk.raw of=fat.raw bs=1M iflag=skip_bytes,count_bytes skip="$offset" count="$length" status=none
check fat fsck.vfat -n
same_bits fat
done_with fat
check fat-disk sfdisk --verify
same_bits fat-disk
done_with fat-disk

truncate -s 64M ntfs.raw
mkntfs -q -F -Q ntfs.raw >/dev/null 2>&1
ntfscp -f ntfs.raw stock/random random >/dev/null 2>&1
check ntfs ntfsfix -n
same_bits ntfs
ntfscat -f back.raw random | cmp - stock/random || fail 'ntfscat reads something else'
done_with ntfs

truncate -s 16M swap.raw
mkswap -q swap.raw 2>/dev/null
check swap swaplabel
same_bits swap
done_with swap
