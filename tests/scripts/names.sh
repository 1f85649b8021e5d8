#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Names of images: which there can be, and how strange ones are shown.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
umbra 0 init v

for name in 'web 01' "it's" 'ünïcödé' '日本' '-x' '..' 'a/b' '0123456789abcdef'; do
  umbra 0 backup disk --to v "--name=$name"
  umbra 0 info "v::$name" --json
  ids+=("$(json_value 'd["id"]')")
  [ "$(json_value 'd["name"]')" = "$name" ] || fail "another name"
  umbra 0 restore "v::$name@0" --to back --yes
done
umbra 0 list v
says out 'web 01 ' 'ünïcödé ' '日本 '
# Each name finds its own image.
[ "$(printf '%s\n' "${ids[@]}" | sort -u | wc -l)" = 8 ] || fail "two names, one image"
# A name wins over the beginning of an id.
umbra 0 backup disk --to v --name "${ids[0]:0:8}"
umbra 0 info "v::${ids[0]:0:8}"
says out "name         ${ids[0]:0:8}"

for name in 'a@1' '@' 'a::b' $'line\nbreak' $'\e[31mred' $'bell\a' $'del\x7f' $'c1\xc2\x9b' $'\xe2\x80\xaeback' $'not utf-8 \xff' \
  "$(printf 'x%.0s' {1..201})"; do
  refuses 2 "cannot name an image: 1 to 200 bytes, neither '@' nor '::' nor control characters; choose one with --name" \
    backup disk --to v --name "$name"
  tame err
done
# Nobody gave this one; the advice tells how to.
cp disk 'odd@name'
refuses 2 "'odd@name' cannot name an image" backup odd@name --to v
umbra 0 backup odd@name --to v --name odd

# A file's name is shown with care; it asks for nothing, so it may be anything.
cp disk $'\e[2Jdisk'
umbra 0 backup $'\e[2Jdisk' --to file.umbra
says out '(?[2Jdisk)'
tame out
umbra 0 info file.umbra
says out 'name         ?[2Jdisk' 'source 0     ?[2Jdisk'
umbra 0 info file.umbra --json
json 'd["name"] == "\x1b[2Jdisk"'
refuses 1 'missing?[2J: No such file' backup $'missing\e[2J' --to v

umbra 0 list v --json
json 'len(d["images"]) == 10'
umbra 0 verify v
