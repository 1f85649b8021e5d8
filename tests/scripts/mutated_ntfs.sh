#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mkntfs ntfsresize ntfscp

truncate -s 12M ntfs
mkntfs -q -F -f -s 512 -p 0 -H 0 -S 0 ntfs >mkntfs.log 2>&1 || fail "$(cat mkntfs.log)"
for file in stock/numbers stock/some/file-* stock/some/deep/large; do
  ntfscp -q -f ntfs "$file" "${file##*/}" >ntfscp.log 2>&1 || fail "$(cat ntfscp.log)"
done
# Of the checks there are, only this one compares the bitmap with the files.
mutate ntfs seed 'ntfsresize --info --force --no-progress-bar {}'
