#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mkfs.xfs xfs_repair

printf '/\n0 0\nd--755 0 0\n' >prototype
for n in $(seq 60); do echo "file-$n ---644 0 0 stock/some/file-$n"; done >>prototype
printf 'large ---644 0 0 stock/some/deep/large\nfolder d--755 0 0\nnumbers ---644 0 0 stock/numbers\n$\n$\n' >>prototype
truncate -s 300M xfs
mkfs.xfs -q -p prototype xfs >mkfs.log 2>&1 || fail "$(cat mkfs.log)"
mutate xfs seed 'xfs_repair -n {}'
