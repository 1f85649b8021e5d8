#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A vault on a medium that is mounted read-only: everything but adding works.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
at_exit release_disks
[ "$(id -u)" = 0 ] || skip "only root may mount"

mount_at medium -t tmpfs -o size=16M tmpfs
make_source disk
umbra 0 init medium/v
umbra 0 backup disk --to medium/v
umbra 0 backup disk --to medium/disk.umbra
mount -o remount,ro medium

refuses 1 'Read-only file system' backup disk --to medium/v
refuses 1 'Read-only file system' backup disk --to medium/new.umbra
refuses 1 'Read-only file system' init medium/w
refuses 1 'Read-only file system' restore medium/v::disk --to medium/back
umbra 1 backup disk --to medium/v --json
json 'd["error"] == "denied"'
umbra 0 list medium/v
umbra 0 info medium/v::disk
umbra 0 verify medium/v --deep
umbra 0 verify medium/disk.umbra --deep
umbra 0 diff medium/v::disk medium/v::disk
umbra 0 restore medium/v::disk --to back --verify
same_bytes back disk
umbra 0 backup disk --to next.umbra --parent medium/disk.umbra
umbra 0 verify next.umbra --parent medium
