#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mkfs.exfat fsck.exfat

truncate -s 12M exfat
mkfs.exfat exfat >mkfs.log 2>&1 || fail "$(cat mkfs.log)"
mutate exfat seed 'fsck.exfat -n {}'
