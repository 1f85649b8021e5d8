# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Volumes of every file system that can be filled here, sourced by bench/filesystems.sh after make_disks.sh. What is attached and mounted
# goes with release(), which the script calls at its end.

held=() # commands, the latest last
release() {
  local i
  for ((i = ${#held[@]} - 1; i >= 0; --i)); do eval "${held[i]}" || true; done
  held=()
}

# attach FILE [OPTION]...: sets `node`
attach() {
  node=$(losetup --find --show "${@:2}" "$1")
  held+=("losetup -d '$node'")
}

# make_volume KIND NODE [SEED]
make_volume() {
  case $1 in
    ext4) mke2fs -q -F -t ext4 "$2" ;;
    xfs) mkfs.xfs -q -f "$2" ;;
    btrfs) mkfs.btrfs -q -f "$2" >/dev/null ;;
    ntfs) mkntfs -q -f -F "$2" >/dev/null 2>&1 ;;
    vfat) mkfs.vfat -F 32 "$2" >/dev/null ;;
    *) die "no volumes of $1 are made here" ;;
  esac
}

# mount_volume KIND NODE FOLDER
mount_volume() {
  mkdir -p "$3"
  if [ "$1" = ntfs ]; then
    ntfs-3g -o big_writes "$2" "$3"
  else
    mount "$2" "$3"
  fi
  held+=("umount '$3' || umount -l '$3'")
}

ordered() {
  if [ "$2" = 0 ]; then
    cat "$1"
  else
    awk -v seed="$2" 'BEGIN { srand(seed) } { printf "%.9f\t%s\n", rand(), $0 }' "$1" | LC_ALL=C sort | cut -f 2-
  fi
}

# fill_volume LIST FOLDER ORDER: the files that are named in LIST, in an order of that number; 0: as they stand there
fill_volume() {
  ordered "$1" "$3" | tar -c -P --no-recursion --verbatim-files-from -T - -f - | tar -x -C "$2" --no-same-owner --strip-components=1 -f - 2>tar.log ||
    grep -q 'Exiting with failure status' tar.log
  sync -f "$2"
}

# fill_fat LIST NODE ORDER: the same through mtools, as not every kernel mounts FAT; a hundred files to a folder
fill_fat() {
  local folder=0 batch
  ordered "$1" "$3" | while mapfile -t -n 100 batch && [ ${#batch[@]} -gt 0 ]; do
    mmd -i "$2" "::$folder" 2>>mtools.log
    mcopy -i "$2" -D s "${batch[@]}" "::$folder" 2>>mtools.log || true # two of one name
    folder=$((folder + 1))
  done
}

# Half as much as the files, of bytes that are not zero, which is removed again when the files are there: free space that is no hole.
# shellcheck disable=SC2154 # "bytes" is the script's
junk() { head -c $((bytes << 19)) /dev/urandom; }

# in_use_of KIND NODE [FOLDER]: bytes, as the file system itself counts
in_use_of() {
  if [ "$1" = vfat ]; then
    local cluster
    cluster=$(minfo -i "$2" 2>>mtools.log | awk -F '[: ]+' '/cluster size/ { sectors = $3 } /sector size/ { size = $3 } END { print sectors * size }')
    fsck.fat -n "$2" | awk -v cluster="$cluster" 'END { split($(NF - 1), used, "/"); printf "%.0f\n", used[1] * cluster }'
  else
    echo $(($(stat -f -c '(%b - %f) * %S' "$3")))
  fi
}

# list_files BYTES: names of regular files, about that many bytes of them
list_files() {
  find /usr /opt /var/lib -xdev -type f -size -60000k ! -name $'*\n*' ! -name '*[:"|<>?*\\]*' -printf '%s\t%p\n' 2>/dev/null |
    LC_ALL=C sort -k 2 | awk -F '\t' -v limit="$1" '{ total += $1; if (total <= limit) print substr($0, length($1) + 2) }'
}
