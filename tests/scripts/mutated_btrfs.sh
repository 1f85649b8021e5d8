#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mkfs.btrfs btrfs

truncate -s 128M btrfs
mkfs.btrfs -q -r stock btrfs >mkfs.log 2>&1 || fail "$(cat mkfs.log)"
mutate btrfs seed 'btrfs check --readonly {}'
