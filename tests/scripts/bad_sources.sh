#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Sources that cannot be imaged. Nothing is left behind, and the vault's image stays whole.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
umbra 0 init v
umbra 0 backup disk --to v
find v -type f | sort >before

: >empty
mkdir folder
mkfifo pipe
ln -s nothing dangling
ln -s loop loop

for to in v new.umbra; do
  refuses 1 'missing: No such file or directory' backup missing --to $to
  refuses 1 'missing: No such file or directory' backup disk missing --to $to
  refuses 1 'dangling: No such file or directory' backup dangling --to $to
  refuses 1 'loop: Too many levels of symbolic links' backup loop --to $to
  refuses 1 'disk/x: Not a directory' backup disk/x --to $to
  refuses 2 'empty is empty: there is nothing to image' backup empty --to $to
  refuses 2 'folder is a directory, not a disk or file' backup folder --to $to
  refuses 2 'pipe is a pipe, not a disk or file' backup pipe --to $to
  refuses 2 '/dev/null is a character device, not a disk or file' backup /dev/null --to $to
  refuses 2 'a device needs a name, this one is empty' backup '' --to $to
done
umbra 1 backup missing --to v --json
json 'd == {"event": "error", "error": "not_found", "message": "missing: No such file or directory"}'
says err 'umbra: missing: No such file or directory'

# Root may read everything unless it has laid that down.
cp disk locked
chmod 000 locked
if [ "$(id -u)" = 0 ]; then
  plain=(setpriv --bounding-set '-dac_override,-dac_read_search' --)
else
  plain=()
fi
last_command='umbra backup locked, without the right to read it'
code=0
"${plain[@]}" "$UMBRA" backup locked --to v >out 2>err || code=$?
[ $code = 1 ] || fail "exit code $code instead of 1"
says err 'umbra: locked: Permission denied'

# The source is the destination.
cp disk both.umbra
refuses 2 'both.umbra: is both the source and the destination' backup both.umbra --to both.umbra
same_bytes both.umbra disk

# Words that look like verbs or options are files where files are expected.
cp disk list
cp disk -- -odd
umbra 0 backup list --to v
umbra 0 backup --to v -- -odd

absent new.umbra new.umbra.partial missing
find v -type f | sort >after
[ "$(comm -23 before after | wc -l)" = 0 ] || fail "files of the vault are gone"
umbra 0 list v --json
json 'sorted(i["name"] for i in d["images"]) == ["-odd", "disk", "list"]'
umbra 0 verify v --deep
