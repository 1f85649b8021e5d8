#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A physical volume of LVM: free extents are left out, and of plain logical volumes what their file systems call free. LVM writes
# its metadata without the kernel's device-mapper; the logical volumes' bytes are put into their extents by hand.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools pvcreate vgcreate lvcreate lvs pvs mke2fs e2fsck dumpe2fs debugfs mkfs.fat fsck.fat mkswap sfdisk python3
"$UMBRA" init vault --quiet
extent=$((4 << 20))

# lvm COMMAND ARGUMENT...: sees no other devices than those in `physical`
lvm() {
  local filter='' one
  for one in "${physical[@]}"; do filter+="\"a|^$one\$|\","; done
  command lvm "$1" --config "devices { use_devicesfile=0 filter=[$filter\"r|.*|\"] scan=[\"/dev\"] }
    global { activation=0 } backup { backup=0 archive=0 } activation { udev_sync=0 udev_rules=0 }" "${@:2}" \
    >lvm.out 2>lvm.log || fail "lvm $*: $(tail -n 3 lvm.log)"
}

# segments VOLUME: "FIRST-EXTENT COUNT" on the physical volume, in the order of the logical one
segments() {
  lvm lvs --noheadings --segments -o seg_start_pe,seg_pe_ranges -O seg_start_pe "umbra_test/$1"
  sed -E 's/.*:([0-9]+)-([0-9]+) *$/\1 \2/' lvm.out | awk '{ print $1, $2 - $1 + 1 }'
}

# copy_volume FROM-DISK PE-START VOLUME FILE: out of its extents; with "to" as fifth argument, into them
copy_volume() {
  local disk=$1 start=$2 volume=$3 file=$4 at=0 first count
  segments "$volume" >places
  while read -r first count; do
    if [ "${5:-from}" = to ]; then
      dd if="$file" of="$disk" bs=1M skip=$((at * 4)) seek=$((start / 1048576 + first * 4)) count=$((count * 4)) conv=notrunc status=none
    else
      dd if="$disk" of="$file" bs=1M seek=$((at * 4)) skip=$((start / 1048576 + first * 4)) count=$((count * 4)) conv=notrunc status=none
    fi
    at=$((at + count))
  done <places
}

mkdir files
fill files 12M /usr/lib/x86_64-linux-gnu
random_bytes 3M >files/hole

# A disk with the physical volume on a partition, and a second disk.
truncate -s 210M disk.img
printf 'label: gpt\nstart=2048, size=200M, type=lvm\n' | sfdisk -q disk.img
truncate -s 100M second.img
attach disk.img --offset 1M --sizelimit 200M
part=$node
attach second.img
second=$node
physical=("$part" "$second")
lvm pvcreate "$part" "$second"
lvm vgcreate umbra_test "$part"
lvm lvcreate -an -Zn -Wn -L 40M -n root umbra_test
lvm lvcreate -an -Zn -Wn -L 20M -n gone umbra_test
lvm lvcreate -an -Zn -Wn -L 20M -n boot umbra_test
lvm lvremove -y umbra_test/gone
lvm lvextend -L +32M umbra_test/root
lvm lvcreate -an -Zn -Wn -L 16M -n swap umbra_test
lvm vgextend umbra_test "$second"
lvm lvcreate -an -Zn -Wn -i 2 -L 16M -n striped umbra_test
[ "$(segments root | wc -l)" -gt 1 ] || fail 'the volume root is in one piece, which proves little'

truncate -s 72M root.img
mke2fs -q -F -t ext4 -d files root.img
debugfs -w -R 'rm hole' root.img >/dev/null 2>&1
truncate -s 20M boot.img
mkfs.fat -F 16 boot.img >/dev/null
truncate -s 16M swap.img
mkswap -q swap.img
random_bytes 8M >striped.img
for volume in root boot swap; do copy_volume "$part" 1048576 "$volume" "$volume.img" to; done
random_bytes 3M >noise
dd if=noise of="$part" bs=1M seek=190 conv=notrunc status=none # in free extents
sync
lvm lvs --noheadings --segments -o lv_name,lv_size,seg_start_pe,seg_pe_ranges umbra_test
sed 's/ [^ ]*:/ /g' lvm.out >before
detach "$part"

LC_ALL=C "$UMBRA" inspect disk.img | tee tree
for name in root boot swap; do
  grep -Eq "^ *[|\`]  [|\`]- .* volume umbra_test/$name " tree || fail "$name is not in the tree"
done
if grep -q 'volume umbra_test/striped' tree; then fail 'a volume that does not lie here as a whole is in the tree'; fi
"$UMBRA" backup disk.img --to vault --name lvm --json >report.json
"$UMBRA" restore vault::lvm --to back.img --quiet

# used_of FILE: what a backup of the volume alone has in use
used_of() {
  "$UMBRA" backup "$1" --to vault --name "alone-$1" --json >alone.json
  echo $(($(field image.sources.0.size alone.json) - $(field image.sources.0.unallocated_bytes alone.json)))
}
used=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
inside=0
for volume in root boot swap; do inside=$((inside + $(used_of "$volume.img"))); done
# Around the partition 10 MiB; in it 1 MiB before the extents and 3 MiB behind them; 2 extents of the striped volume.
[ "$used" -eq $((inside + (14 << 20) + 2 * extent)) ] ||
  fail "$used bytes are in use, not $inside in plain volumes and what lies around them"
blocks=$(dumpe2fs -h root.img 2>/dev/null | awk -F ': *' '/^Block count/ { n += $2 } /^Free blocks/ { n -= $2 } /^Block size/ { b = $2 } END { print n * b }')
[ "$(used_of root.img)" -eq "$blocks" ] || fail 'dumpe2fs counts otherwise'

attach back.img --offset 1M --sizelimit 200M
part=$node
physical=("$part" "$second")
lvm lvs --noheadings --segments -o lv_name,lv_size,seg_start_pe,seg_pe_ranges umbra_test
sed 's/ [^ ]*:/ /g' lvm.out >after
cmp before after || fail 'LVM reads other metadata from the restored disk'
lvm vgck umbra_test
for volume in root boot swap; do
  truncate -s "$(stat -c %s "$volume.img")" "back-$volume"
  copy_volume "$part" 1048576 "$volume" "back-$volume"
done
e2fsck -fn back-root >check.log 2>&1 || fail "e2fsck: $(tail -n 3 check.log)"
fsck.fat -n back-boot >check.log || fail "fsck.fat: $(tail -n 3 check.log)"
cmp <(head -c 4096 swap.img) <(head -c 4096 back-swap) || fail 'the header of the swap space differs'
mkdir out out/one out/two
debugfs -R 'rdump / out/one' root.img >/dev/null 2>&1
debugfs -R 'rdump / out/two' back-root >/dev/null 2>&1
[ "$(find out/two -type f | wc -l)" -gt 10 ] || fail 'debugfs found no files'
diff -r --no-dereference out/one out/two >diff.log || fail "files differ: $(head -n 3 diff.log)"
say "of a disk of 210 MiB with LVM $(mib "$used") are in use, $(mib "$inside") of them in plain logical volumes; all came back"
