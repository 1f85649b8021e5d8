#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One file system through its life, for the scripts of ring root that source this: filled by the kernel, imaged through its loop
# device, changed, imaged again, brought back onto another device that held junk.
#
#   run_chain TYPE SIZE CHECK...    the disk `disk.img` holds a new file system of that type and size; CHECK NODE must find it good

# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"

# What an image may hold beside the changed files: pages of metadata and of the journal, rounded up to blocks of 64 KiB.
metadata_slack=$((24 << 20))

take_image() {
  "$UMBRA" backup "$source_node" --to vault --name disk --json >"$1.json"
  say "  $1: $(mib "$(field new_bytes "$1.json")") new, $(mib "$(field deduplicated_bytes "$1.json")") found in the vault," \
    "$(mib "$(field unchanged_bytes "$1.json")") unchanged"
  [ "$(field faults.count "$1.json")" = 0 ] || fail "$1: faults"
}

# with_files COMMAND...: in the mounted file system; afterwards it is unmounted, its fingerprint in the file named first
with_files() {
  local print=$1
  shift
  mount_at files -t "$type" "$source_node"
  "$@"
  fingerprint files >"$print"
  unmount files
}

change_some() {
  random_bytes 8M >files/new-file
  random_bytes 1M | dd of=files/large-file bs=64K seek=40 conv=notrunc status=none
  rm -r files/rubbish
}

move_and_copy() {
  mv files/share files/moved
  cp -a files/large-file files/copy-of-large-file
  random_bytes 100K >>files/new-file
}

first_files() {
  mkdir files/lib files/share files/rubbish
  fill files/lib 150M /usr/lib
  fill files/share 40M /usr/share
  fill files/rubbish 10M /usr/lib/python3
  random_bytes 16M >files/large-file
}

check_sizes() {
  local parent new
  parent=$(field image.id full.json)
  [ "$(field image.parent monday.json)" = "$parent" ] || fail 'the second image does not stand on the first'
  new=$(field new_bytes monday.json)
  expect_between $((9 << 20)) "$new" $(((9 << 20) + metadata_slack)) 'new bytes of the first incremental'
  new=$(field new_bytes tuesday.json)
  expect_between $((100 << 10)) "$new" $(((17 << 20) + metadata_slack)) 'new bytes of the second incremental'
  [ "$(field new_bytes idle.json)" = 0 ] || fail 'an incremental of a disk that did not change holds something'
  [ "$(field deduplicated_bytes idle.json)" = 0 ] || fail 'a disk that did not change was found changed'
}

# bring_back IMAGE FINGERPRINT CHECK...
bring_back() {
  local image=$1 print=$2
  shift 2
  "$UMBRA" restore "$image" --to "$target_node" --yes --quiet
  "$@" "$target_node" >check.log 2>&1 || fail "$* $image: $(tail -n 5 check.log)"
  fingerprint_of target.img >back.print
  cmp "$print" back.print || fail "$image: files differ"
  say "  $image: clean by $1, $(wc -l <"$print") lines of names and hashes are the same"
}

run_chain() {
  type=$1
  local size
  size=$(bytes_of "$2")
  shift 2
  attach disk.img
  source_node=$node
  # The target is a little larger: what lies behind the image's end must stay.
  junk target.img $((size + (1 << 20)))
  tail -c 1M target.img >tail.before
  attach target.img
  target_node=$node

  "$UMBRA" init vault --quiet
  with_files full.print first_files
  take_image full
  with_files monday.print change_some
  take_image monday
  with_files tuesday.print move_and_copy
  take_image tuesday
  take_image idle
  check_sizes
  "$UMBRA" verify vault --deep --quiet

  bring_back vault::disk@3 full.print "$@"
  bring_back vault::disk@2 monday.print "$@"
  bring_back vault::disk tuesday.print "$@"
  "$UMBRA" verify vault::disk --source "$target_node" --quiet
  "$UMBRA" verify vault::disk --source "$source_node" --quiet
  tail -c 1M target.img | cmp - tail.before || fail 'the restore wrote behind the end of the image'
}
