#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A vault that cannot take another byte in the middle of a backup: by a limit on file sizes here, by a full file system in ring root.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
random_bytes 9 12000000 >large
umbra 0 init v
umbra 0 backup disk --to v --name disk

# limited ARGUMENT...: no file may grow beyond 5 MiB.
limited() {
  local code=0
  last_command="(no file beyond 5 MiB) umbra $*"
  (
    trap '' XFSZ
    ulimit -f 5120
    exec "$UMBRA" "$@"
  ) >out 2>err || code=$?
  [ $code = 1 ] || fail "exit code $code instead of 1"
  [ "$(wc -l <err)" = 1 ] || fail "more than one line"
}

limited backup large --to v --name large
says err 'v/packs/' 'File too large'
umbra 0 list v --json
json '[i["name"] for i in d["images"]] == ["disk"]'
umbra 0 verify v --deep
umbra 0 restore v::disk --to back
same_bytes back disk
umbra 0 backup large --to v --name large
umbra 0 restore v::large --to back.large
same_bytes back.large large

limited backup large --to large.umbra
says err 'large.umbra' 'File too large'
absent large.umbra large.umbra.partial
limited restore v::large --to new
says err 'new' 'File too large'
absent new

# Nobody reads the list: no success.
last_command='umbra list v >/dev/full'
code=0
"$UMBRA" list v >/dev/full 2>err || code=$?
[ $code = 1 ] || fail "exit code $code instead of 1"
says err 'cannot write to standard output'
