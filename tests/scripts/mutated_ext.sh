#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=tests/scripts/lib/mutations.bash
. "$SOURCE_DIR/tests/scripts/lib/mutations.bash"
need_tools mke2fs e2fsck dumpe2fs debugfs

# make VOLUME MKE2FS-OPTION...
make() { mke2fs -q -F -d stock "${@:2}" "$1" 12M >mke2fs.log 2>&1 || fail "$1: $(cat mke2fs.log)"; }

# log_changes VOLUME BLOCK-SIZE [OPTION]: what the journal holds then turns the volume into a later state of it, in which much has gone
# and something has come. OPTION: of debugfs' journal_open.
log_changes() {
  cp "$1" later
  printf 'rm numbers\nmkdir new\ncd new\nwrite %s one\ncd /\nrm some/file-9\n' stock/some/file-60 >commands
  debugfs -w -f commands later >debugfs.log 2>&1
  python3 -IS - "$1" later "$2" "${3:-}" >commands <<'PYTHON'
import sys
size = int(sys.argv[3])
a, b = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
changed = [n for n in range(len(a) // size) if a[n * size:(n + 1) * size] != b[n * size:(n + 1) * size]]
with open("blocks", "wb") as out:
    for n in changed:
        out.write(b[n * size:(n + 1) * size])
print("jo", sys.argv[4])
print("jw -b %s blocks" % ",".join(map(str, changed)))
print("jc")
PYTHON
  debugfs -w -f commands "$1" >debugfs.log 2>&1
  "$map_volume" "$1" | grep -q 'taken into account' || fail "the journal of $1 holds nothing: $(cat debugfs.log)"
}

make ext4 -t ext4 -b 1024
mutate ext4 dumpe2fs 'e2fsck -fn {}'
make ext4-no-checksums -t ext4 -O ^metadata_csum,^uninit_bg
mutate ext4-no-checksums dumpe2fs 'e2fsck -fn {}'
make ext4-inline -t ext4 -I 512 -O inline_data
mutate ext4-inline dumpe2fs 'e2fsck -fn {}'
make ext3 -t ext3 -b 1024
mutate ext3 dumpe2fs 'e2fsck -fn {}'
make ext4-to-replay -t ext4 -b 1024
log_changes ext4-to-replay 1024 -c
mutate ext4-to-replay replay true
make ext3-to-replay -t ext3 -b 1024
log_changes ext3-to-replay 1024
mutate ext3-to-replay replay true
