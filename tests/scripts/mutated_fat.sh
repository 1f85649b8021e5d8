#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mkfs.vfat fsck.fat mcopy

# make BITS KIB: clusters of one sector
make() {
  truncate -s "$2"K "fat$1"
  mkfs.vfat -F "$1" -s 1 "fat$1" >mkfs.log 2>&1 || fail "$(cat mkfs.log)"
  mcopy -s -i "fat$1" stock/some stock/numbers ::
  mutate "fat$1" seed 'fsck.fat -n {}'
}
make 12 1500
make 16 16000
make 32 40000
