#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes a disk image with one partition that holds an ext file system full of real files.
#
#   make_disk.sh FILE SIZE [--table gpt|mbr|none] [--fs ext2|ext3|ext4] [--files DIR]... [--fill SIZE] [--order N] [--seed N]
#                [--no-mount]
#
#   FILE      created or replaced, sparse
#   SIZE      of the disk: 12G, 512M
#   --table   partition table (gpt); none: the file system is the whole disk
#   --files   put the files of this folder on the disk; given several times: into the folders 0, 1, 2 ...
#   --fill    put no more than about this much of each folder
#   --order   shuffle the order in which files are written: the same files, elsewhere on the disk (needs root)
#   --seed    identifiers of table and file system (1)
#   --no-mount  let mke2fs copy the files even as root: one folder, no --fill, no --order; the same bytes every time
#
# As root the files are written through a loop device by the kernel, as on a real machine; else mke2fs writes them.
set -eu
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "make_disk.sh: $*" >&2
  exit 1
}

bytes_of() { numfmt --from=iec "$1"; }

# A UUID from the seed and a word.
uuid_of() { printf '%s %s' "$seed" "$1" | md5sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'; }

[ $# -ge 2 ] || fail "usage: make_disk.sh FILE SIZE [options]; the script's head tells them"
file=$1
size=$(bytes_of "$2")
shift 2
table=gpt
fs=ext4
fill=0
order=
seed=1
mount=auto
folders=
while [ $# -gt 0 ]; do
  case $1 in
    --no-mount)
      mount=no
      shift
      continue
      ;;
  esac
  [ $# -ge 2 ] || fail "$1 needs a value"
  case $1 in
    --table) table=$2 ;;
    --fs) fs=$2 ;;
    --files)
      [ -d "$2" ] || fail "$2 is no folder"
      folders="$folders$2
"
      ;;
    --fill) fill=$(bytes_of "$2") ;;
    --order) order=$2 ;;
    --seed) seed=$2 ;;
    *) fail "unknown option $1" ;;
  esac
  shift 2
done
[ "$(id -u)" = 0 ] || mount=no
count=$(printf '%s' "$folders" | wc -l)
if [ $mount = no ] && { [ "$count" -gt 1 ] || [ "$fill" != 0 ] || [ -n "$order" ]; }; then
  fail "several folders, --fill and --order need root and no --no-mount"
fi

make_table() {
  rm -f "$file"
  truncate -s "$size" "$file"
  case $table in
    none)
      offset=0
      length=$size
      ;;
    gpt)
      offset=1048576
      length=$(((size - 2 * 1048576) / 1048576 * 1048576))
      sfdisk -q "$file" <<TABLE
label: gpt
label-id: $(uuid_of table)
start=2048, size=$((length / 512)), type=linux, uuid=$(uuid_of partition)
TABLE
      ;;
    mbr)
      offset=1048576
      length=$(((size - offset) / 1048576 * 1048576))
      sfdisk -q "$file" <<TABLE
label: dos
label-id: 0x$(uuid_of table | cut -c1-8)
start=2048, size=$((length / 512)), type=83
TABLE
      ;;
    *) fail "unknown table $table" ;;
  esac
}

make_file_system() {
  set -- -q -F -t "$fs" -U "$(uuid_of volume)" -E "offset=$offset,hash_seed=$(uuid_of hash),lazy_itable_init=1,lazy_journal_init=1"
  if [ $mount = no ] && [ "$count" = 1 ]; then set -- "$@" -d "${folders%?}"; fi
  E2FSPROGS_FAKE_TIME=1700000000 mke2fs "$@" "$file" "$((length / 1024))k"
}

# Names of what is to be copied from the present folder, in the order of copying; which files those are does not depend on the
# order. Names with a line break are left out.
list_files() {
  find . -xdev \( -type f -o -type l \) ! -name '*
*' -printf '%s\t%p\n' | LC_ALL=C sort -k 2 |
    awk -F '\t' -v fill="$fill" '{ total += $1; if (fill > 0 && total > fill) exit; print substr($0, length($1) + 2) }' |
    if [ -n "$order" ]; then
      awk -v seed="$order" 'BEGIN { srand(seed) } { printf "%.9f\t%s\n", rand(), $0 }' | LC_ALL=C sort | cut -f 2-
    else
      cat
    fi
}

loop=
point=
clean_up() {
  if [ -n "$point" ]; then
    umount "$point" 2>/dev/null || true
    rmdir "$point"
  fi
  if [ -n "$loop" ]; then losetup -d "$loop"; fi
}

copy_files() {
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
  loop=$(losetup -f --show --offset "$offset" --sizelimit "$length" "$file")
  point=$(mktemp -d)
  mount -t "$fs" -o noatime "$loop" "$point"
  n=0
  printf '%s' "$folders" | while IFS= read -r folder; do
    target=$point
    if [ "$count" -gt 1 ]; then
      target=$point/$n
      mkdir "$target"
    fi
    (cd "$folder" && list_files | tar -c --no-recursion --verbatim-files-from -T - -f -) | tar -x -C "$target" -f -
    n=$((n + 1))
  done
}

make_table
make_file_system
if [ $mount = auto ] && [ "$count" -gt 0 ]; then copy_files; fi
