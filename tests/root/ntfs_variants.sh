#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# NTFS with small and large clusters and sectors: what Umbra takes is what $Bitmap calls used, what comes back is clean by the
# accounts of ntfsresize, and all files are the same. The same for copies of volumes that ntfs-3g was writing to just then.
#
# In a mount namespace of its own: a mount that another process has taken into its namespace ends only there, and ntfs-3g writes
# out what it has when its mount ends.
[ -n "${IN_OWN_NAMESPACE:-}" ] || IN_OWN_NAMESPACE=1 exec unshare --mount --propagation private "$BASH" "$0"
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
[ -e /dev/fuse ] || skip 'no FUSE'
need_tools unshare mkntfs mount.ntfs-3g ntfsinfo ntfsfix ntfsresize python3
"$UMBRA" init vault --quiet
size=$(((160 << 20) + 5 * 512))

# print_of FILE: names and hashes of the file system in it
print_of() {
  attach "$1" --read-only "${@:3}"
  mount_at printed -t ntfs-3g -o ro "$node"
  fingerprint printed >"$2"
  unmount printed
  detach "$node"
}

# used_by_ntfsinfo FILE: clusters in use, in bytes, and what lies behind the last cluster
used_by_ntfsinfo() {
  ntfsinfo -f -m "$1" | awk -v size="$(stat -c %s "$1")" -F ': *' '
    /Cluster Size:/ { cluster = $2 }
    /Volume Size in Clusters:/ { count = $2 }
    /Free Clusters:/ { free = $2 + 0 }
    END { printf "%.0f\n", (count - free) * cluster + size - count * cluster }'
}

taken() {
  echo $(($(field image.sources.0.size report.json) - $(field image.sources.0.unallocated_bytes report.json)))
}

# back_again NAME DISK: an image of it, restored over junk
back_again() {
  "$UMBRA" backup "$2" --to vault --name "$1" --json >report.json
  junk back.img 160M
  truncate -s "$(stat -c %s "$2")" back.img
  "$UMBRA" restore "vault::$1" --to back.img --yes --quiet
}

check_variant() {
  local name=$1 used found
  shift
  back_again "$name" disk.img
  used=$(used_by_ntfsinfo disk.img)
  found=$(taken)
  expect_between "$used" "$found" $((used + used / 100)) "$name: bytes in use"
  [ "$used" -lt $((120 << 20)) ] || fail "$name: the whole disk is in use, which proves nothing"
  ntfsresize --info --force back.img >check.log 2>&1 || fail "$name: ntfsresize: $(tail -n 5 check.log)"
  ntfsfix -n back.img >check.log 2>&1 || fail "$name: ntfsfix: $(tail -n 5 check.log)"
  print_of back.img back.print "$@"
  cmp disk.print back.print || fail "$name: files differ"
  say "  $name: $(mib "$used") in use, $(mib "$found") taken"
}

# A copy of the disk in the middle of things: files come and go, then ntfs-3g is stopped for as long as the copy takes. Nobody
# promises that it is consistent; but what can be read out of the copy must be the same in what comes back of it.
check_live() {
  local name=$1 writer driver
  shift
  driver=$(pgrep -f "^[^ ]*mount.ntfs-3g $disk_node ")
  (while :; do
    random_bytes 300K >disk/coming
    cp -r disk/some-more disk/again
    rm -r disk/again disk/coming
  done) 2>/dev/null &
  writer=$!
  sleep 1
  kill -STOP "$driver"
  cp "$disk_node" live.img
  kill -CONT "$driver"
  kill "$writer"
  wait "$writer" 2>/dev/null || true
  back_again "$name-live" live.img
  # Errors of single files are allowed, the same ones.
  print_of live.img live.print "$@" 2>live.errors || true
  print_of back.img back.print "$@" 2>back.errors || true
  cmp live.print back.print || fail "$name: files of the live copy differ"
  cmp live.errors back.errors || fail "$name: errors of the live copy differ"
  [ "$(wc -l <live.print)" -gt 500 ] || fail "$name: nothing in the copy of the live disk"
  say "  $name, live: $(mib "$(taken)") taken"
}

# variant NAME SECTOR MOUNT-OPTIONS MKNTFS-OPTION...
variant() {
  local name=$1 sector=$2 options=$3
  shift 3
  rm -f disk.img
  truncate -s $((size / sector * sector)) disk.img
  attach disk.img --sector-size "$sector"
  disk_node=$node
  mkntfs -q -F -Q "$@" "$disk_node" >mkntfs.log 2>&1 || fail "$name: mkntfs: $(cat mkntfs.log)"
  mount_at disk -t ntfs-3g -o "$options" "$disk_node"
  cp -a files/. disk/
  rm -r disk/some
  check_live "$name" --sector-size "$sector"
  rm -rf disk/again disk/coming
  unmount disk
  detach "$disk_node"
  print_of disk.img disk.print --sector-size "$sector"
  check_variant "$name" --sector-size "$sector"
}

# Files with holes, of one byte and of many pieces; folders that leave free space among them; then real ones.
mkdir files files/some files/some-more
fill files/some 2M /usr/share
fill files 16M /usr/lib/x86_64-linux-gnu
fill files/some-more 1M /usr/share/doc /usr/share/perl
truncate -s 3M files/hole
printf x | dd of=files/hole bs=1 seek=2000000 conv=notrunc status=none
printf x >files/one-byte
for n in $(seq 400); do random_bytes 5K >"files/piece-$n"; done
for n in $(seq 200); do cat "files/piece-$n" >>files/large; done
rm files/piece-*[13579]

say 'bytes in use by ntfsinfo and in our image, ntfsresize, ntfsfix, file hashes:'
variant clusters-512 512 rw -c 512
variant clusters-4k 512 rw -c 4096
variant compressed 512 compression -c 4096 -C
variant clusters-64k 512 rw -c 65536
variant clusters-128k 512 rw -c 131072
variant sectors-4k 4096 rw -s 4096
