#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# ext2, ext3 and ext4 as they have been made over the years: what Umbra takes is what dumpe2fs calls used, to the byte, and what
# comes back is clean and the same. Where the map could not be understood it would be all of the disk, and fail here.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_file_system ext4
need_tools mke2fs e2fsck dumpe2fs python3
"$UMBRA" init vault --quiet

# used_by_dumpe2fs FILE: blocks in use, in bytes, and what lies behind the file system
used_by_dumpe2fs() {
  local size
  size=$(stat -c %s "$1")
  dumpe2fs -h "$1" 2>/dev/null | awk -v size="$size" -F ': *' '
    /^Block count/ { count = $2 }
    /^Free blocks/ { free = $2 }
    /^Block size/ { block = $2 }
    END { printf "%.0f\n", (count - free) * block + size - count * block }'
}

check_variant() {
  local name=$1 used found
  "$UMBRA" backup "$disk_node" --to vault --name "$name" --json >report.json
  used=$(used_by_dumpe2fs disk.img)
  found=$(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
  [ "$used" -eq "$found" ] || fail "$name: dumpe2fs says $used bytes are in use, the image has $found"
  [ "$used" -lt $((120 << 20)) ] || fail "$name: the whole disk is in use, which proves nothing"

  "$UMBRA" restore "vault::$name" --to "$back_node" --yes --quiet
  e2fsck -fn back.img >check.log 2>&1 || fail "$name: e2fsck -fn: $(tail -n 5 check.log)"
  dumpe2fs disk.img 2>/dev/null | "$SOURCE_DIR/tests/support/same_blocks.py" --dumpe2fs disk.img back.img >compared
  fingerprint_of back.img >back.print
  cmp disk.print back.print || fail "$name: files differ"
  say "  $name: $(mib "$used") in use"
}

# variant NAME TYPE MKE2FS-OPTION...
variant() {
  local name=$1
  type=$2
  shift 2
  rm -f disk.img
  truncate -s $(((160 << 20) + 5 * 512)) disk.img
  mke2fs -q -F -t "$type" "$@" disk.img || fail "$name: mke2fs"
  attach disk.img
  disk_node=$node
  mount_at disk -t "$type" "$disk_node"
  cp -a files/. disk/
  rm -r disk/some
  fingerprint disk >disk.print
  unmount disk
  check_variant "$name"
  detach "$disk_node"
}

# Files with holes, of one byte and of many pieces; a folder that leaves free space among them; then real ones.
mkdir files files/some
fill files/some 2M /usr/share
fill files 16M /usr/lib/x86_64-linux-gnu
truncate -s 3M files/hole
printf x | dd of=files/hole bs=1 seek=2000000 conv=notrunc status=none
printf x >files/one-byte
for n in $(seq 400); do random_bytes 5K >"files/piece-$n"; done
rm files/piece-*[13579]

junk back.img 160M
truncate -s $(((160 << 20) + 5 * 512)) back.img
attach back.img
back_node=$node

say 'bytes in use by dumpe2fs and in our image, e2fsck, blocks, file hashes:'
variant ext2 ext2
variant ext2-rev0 ext2 -r 0
variant ext2-1k-blocks ext2 -b 1024
variant ext3 ext3
variant ext3-small-inodes ext3 -I 128 -b 2048
variant ext4 ext4
variant ext4-64bit ext4 -O 64bit
variant ext4-32bit ext4 -O ^64bit
variant ext4-1k-blocks ext4 -b 1024
variant ext4-bigalloc ext4 -O bigalloc -C 65536
variant ext4-bigalloc-1k ext4 -b 1024 -O bigalloc -C 16384
variant ext4-meta_bg ext4 -O meta_bg,^resize_inode
variant ext4-meta_bg-1k ext4 -b 1024 -O meta_bg,^resize_inode,^flex_bg
variant ext4-uninit_bg ext4 -O ^metadata_csum,uninit_bg
variant ext4-no-checksums ext4 -O ^metadata_csum,^uninit_bg
variant ext4-no-flex_bg ext4 -O ^flex_bg
variant ext4-sparse_super2 ext4 -O sparse_super2,^resize_inode
variant ext4-no-journal ext4 -O ^has_journal
variant ext4-lazy ext4 -E lazy_itable_init=1,lazy_journal_init=1
variant ext4-inline ext4 -O inline_data -I 512
variant ext4-odd-groups ext4 -g 8192 -N 3000
