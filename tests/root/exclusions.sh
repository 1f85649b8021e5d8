#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Files that are left out: their data are not in the image, the files come back as zeros, everything else as it was.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
at_exit release_disks
need_loop_devices
need_file_system ext4
need_tools mke2fs e2fsck mkswap mkntfs ntfs-3g ntfsfix
umbra 0 init v
mkdir -m 755 no-writers

# is_zero FILE [SKIP-BYTES]
is_zero() { cmp -s -i "${2:-0}:0" -n $(($(stat -c %s "$1") - ${2:-0})) "$1" /dev/zero; }

say 'swap space and what the user names, on a partition of a disk'
truncate -s 130M disk.img
printf 'label: gpt\nstart=2048, size=262144\n' | sfdisk -q disk.img
part_of_disk=(--offset $((2048 * 512)) --sizelimit $((262144 * 512)))
attach disk.img "${part_of_disk[@]}"
mke2fs -q -t ext4 "$node"
mount_at volume "$node"
mkdir volume/films volume/var
random_bytes 1 $((32 << 20)) >volume/swapfile
mkswap -L spare volume/swapfile >/dev/null 2>&1
random_bytes 2 $((8 << 20)) >volume/films/a.iso
random_bytes 3 $((4 << 20)) >volume/films/a.txt
random_bytes 4 $((6 << 20)) >volume/var/swapfile # no swap space, whatever its name
sha1sum volume/films/a.txt volume/var/swapfile volume/films/a.iso >sums
unmount volume
detach "$node"

umbra 0 backup disk.img --to v --name some --exclude-file '*.iso' --exclude-file /nothing/here
says out '31.9 MiB, partition 1: /swapfile (swap file)' '8.0 MiB, partition 1: /films/a.iso (--exclude-file *.iso)'
says err 'exclude-file /nothing/here: nothing was left out for it'
umbra 0 backup disk.img --to v --name json --exclude-file '*.iso' --json
json 'sorted(f["path"] for f in d["left_out"]) == ["/films/a.iso", "/swapfile"]' \
  'sum(f["bytes"] for f in d["left_out"]) == 40 * 2**20 - 65536' 'd["image"]["sources"][0]["excluded_bytes"] == 40 * 2**20 - 65536'
umbra 0 info v::some
says out 'left out   39.9 MiB' '8.0 MiB, partition 1: /films/a.iso'
umbra 0 restore v::some --to back.img
attach back.img "${part_of_disk[@]}"
e2fsck -fn "$node" >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
mount_at volume -o ro "$node"
head -n 2 sums | sha1sum --quiet -c
[ "$(stat -c %s volume/films/a.iso)" -eq $((8 << 20)) ] || fail 'the file has another size'
is_zero volume/films/a.iso || fail 'the file is not zeros'
is_zero volume/swapfile 65536 || fail 'what was swapped out came back'
blkid -p volume/swapfile | grep -q 'LABEL="spare".*TYPE="swap"' || fail 'the swap file lost its header'
unmount volume
detach "$node"

say 'the next image has what is no longer left out'
umbra 0 backup disk.img --to v --name some --exclude-nothing
says out incremental
rm back.img
umbra 0 restore v::some --to back.img
attach back.img "${part_of_disk[@]}"
mount_at volume -o ro "$node"
sha1sum --quiet -c sums
if is_zero volume/swapfile 65536; then fail 'the swap file was left out'; fi
unmount volume
detach "$node"
umbra 0 verify v::some --source disk.img
refuses 2 'looks at no file system' backup disk.img --to v --exclude-file '*.iso' --all-blocks

say 'a vault on its own source'
truncate -s 200M own.img
attach own.img
mke2fs -q -t ext4 "$node"
mount_at volume "$node"
mkdir 'volume/the vaults'
umbra 0 init 'volume/the vaults/v*'
random_bytes 5 $((20 << 20)) >volume/data
umbra 0 backup "$node" --to 'volume/the vaults/v*' --name own --vault-on-source --shadow freeze --writers no-writers
sync -f volume
umbra 0 backup "$node" --to 'volume/the vaults/v*' --name again --parent none --vault-on-source --shadow freeze --writers no-writers --json
json '{f["why"] for f in d["left_out"]} == {"the destination itself"}' 'sum(f["bytes"] for f in d["left_out"]) > 20 * 2**20' \
  'all(f["path"].startswith("/the vaults/v*/") for f in d["left_out"])'
unmount volume
detach "$node"

say 'what Windows does not need back'
truncate -s 120M win.img
mkntfs -q -F win.img >/dev/null 2>&1
attach win.img
mkdir ntfs
ntfs-3g "$node" ntfs
held+=("mount ntfs")
random_bytes 6 $((10 << 20)) >ntfs/pagefile.sys
random_bytes 7 $((7 << 20)) >ntfs/hiberfil.sys
random_bytes 8 $((5 << 20)) >ntfs/keep.sys
sha1sum ntfs/keep.sys >sums
unmount ntfs
detach "$node"
umbra 0 backup win.img --to v --name win
says out '10.0 MiB, /pagefile.sys (paging file of Windows)' '7.0 MiB, /hiberfil.sys'
umbra 0 restore v::win --to winback.img
attach winback.img
ntfsfix -n "$node" >fsck.log 2>&1 || fail "ntfsfix: $(cat fsck.log)"
ntfs-3g -o ro "$node" ntfs
held+=("mount ntfs")
sha1sum --quiet -c sums
[ "$(stat -c %s ntfs/pagefile.sys)" -eq $((10 << 20)) ] || fail 'the paging file has another size'
is_zero ntfs/pagefile.sys || fail 'the paging file is not zeros'
unmount ntfs
detach "$node"
