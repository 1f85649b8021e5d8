#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The vault's file system fills in the middle of a backup: told, nothing lost, and with more room the next run goes on.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
at_exit release_disks
[ "$(id -u)" = 0 ] || skip "only root may mount"

mount_at small -t tmpfs -o size=12M tmpfs
make_source disk
random_bytes 5 24000000 >large
umbra 0 init small/v
umbra 0 backup disk --to small/v --name disk

refuses 1 'No space left on device' backup large --to small/v --name large
umbra 1 backup large --to small/v --name large --json
json 'd["error"] == "no_space"'
umbra 0 list small/v --json
json '[i["name"] for i in d["images"]] == ["disk"]'
umbra 0 verify small/v --deep
umbra 0 restore small/v::disk --to back
same_bytes back disk
# What could not be finished does not take the room for ever.
[ "$(df --output=avail -k small | tail -n 1)" -gt 8192 ] || fail "the failed backups left: $(du -ak small)"

refuses 1 'No space left on device' backup large --to small/large.umbra
absent small/large.umbra small/large.umbra.partial
# A target without room goes again.
umbra 0 backup large --to large.umbra
refuses 1 'No space left on device' restore large.umbra --to small/back
absent small/back

mount -o remount,size=64M small
umbra 0 backup large --to small/v --name large
umbra 0 restore small/v::large --to back.large
same_bytes back.large large
umbra 0 verify small/v --deep
