#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Vaults that are none, or may not be written to.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
mkdir folder other
echo text >file
echo text >other/file

for verb in 'list' 'verify' 'backup disk --to'; do
  # shellcheck disable=SC2086 # words
  refuses 1 "vault in folder: not found; 'umbra init' makes one" $verb folder
done
refuses 1 "vault missing: No such file or directory; 'umbra init' makes one" list missing
refuses 1 "vault missing: No such file or directory; 'umbra init' makes one; the name of a single-file image ends in .umbra" \
  backup disk --to missing
refuses 1 'vault file: Not a directory' list file
refuses 1 'vault file: Not a directory' backup disk --to file
refuses 1 'vault : No such file or directory' backup disk --to ''
refuses 6 'file: not an Umbra image or pack: not recognised' verify file
refuses 6 'disk: not an Umbra image or pack: not recognised' info disk
refuses 1 'missing.umbra: No such file or directory' info missing.umbra
refuses 1 'missing: No such file or directory' verify missing
refuses 1 "vault missing: No such file or directory" info missing::disk

# init
refuses 2 'file is in the way: it is not a folder' init file
refuses 2 'other: not empty (file); a vault wants a folder of its own' init other
refuses 1 'missing/v: No such file or directory' init missing/v
refuses 2 "the vault's folder needs a name" init ''
umbra 0 init folder
umbra 0 init v --block-size 128K --json
json 'd["event"] == "done"' 'd["vault"] == "v"' 'len(d["id"]) == 32'
refuses 1 'vault v: already exists' init v

# Images in a vault
umbra 0 backup disk --to v --name a
umbra 0 backup disk --to v --name b
refuses 1 "image 'nosuch' in v: not found; it has a, b" info v::nosuch
refuses 1 "image 'a@1' in v: not found; there are 1 of that name" info v::a@1
refuses 1 "image 'x' in folder: not found; it holds no image" restore folder::x --to back
refuses 2 "'v::a@x': after @ stands how many images to go back, a number" info v::a@x
refuses 2 "after @" info v::a@-1
refuses 2 "after @" info v::a@99999999999999999999
refuses 2 "'v::': an image in a vault is named as VAULT::ID, VAULT::NAME or VAULT::NAME@N" info v::
refuses 2 "'::a'" info ::a
refuses 2 'an image is named as' info ''
refuses 2 "v is a folder, not an image; one in a vault is named v::NAME ('umbra list' shows them)" info v
refuses 2 'v is a folder, not an image' restore v --to back
refuses 2 'v is a folder, not an image' verify v --source disk
refuses 1 "vault v::a: No such file or directory; the vault's folder is meant, without an image" list v::a
refuses 1 "the vault's folder is meant, without an image" backup disk --to v::a
absent back missing

# Read-only: it can be read, and a backup says why it fails. Root may write everywhere unless it has laid that down.
cp -r v locked
chmod -R a-w locked
if [ "$(id -u)" = 0 ]; then
  plain=(setpriv --bounding-set '-dac_override,-dac_read_search' --)
else
  plain=()
fi
as_plain() {
  local wanted=$1 code=0
  shift
  last_command="umbra $*"
  "${plain[@]}" "$UMBRA" "$@" >out 2>err || code=$?
  [ $code = "$wanted" ] || fail "exit code $code instead of $wanted"
}
as_plain 1 backup disk --to locked --name a
says err 'locked/' 'Permission denied'
[ "$(wc -l <err)" = 1 ] || fail "more than one line"
as_plain 0 list locked
as_plain 0 verify locked --deep
as_plain 0 restore locked::a --to back
same_bytes back disk
as_plain 1 init locked/sub
says err 'Permission denied'
chmod -R u+w locked
diff -r v locked || fail "something changed in the read-only vault"
umbra 0 verify v
