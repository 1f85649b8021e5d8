#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Several disks in one image.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source one 1
make_source two 2
random_bytes 3 5000 >three
cp two two.old
umbra 0 init v
umbra 0 backup one two three --to v --name set
umbra 0 info v::set
says out 'source 0     one, 1.0 MiB' 'source 1     two, 1.0 MiB' 'source 2     three, 4.9 KiB (5000 bytes)'

scribble two 1000 1000 9
umbra 0 backup one two three --to v --name set --json
json 'd["image"]["parent"]' 'len(d["image"]["sources"]) == 3' '0 < d["new_bytes"] <= 65536'
umbra 0 diff v::set@1 v::set
says out 'source 1'
lacks out 'source 0'

n=0
for source in one two three; do
  umbra 0 restore v::set --source-number $n --to "back.$source"
  same_bytes "back.$source" $source
  umbra 0 verify v::set --source $source --source-number $n
  n=$((n + 1))
done
umbra 0 restore v::set@1 --source-number 1 --to back.old
same_bytes back.old two.old
umbra 3 verify v::set --source two.old --source-number 1
says err 'source 1'

refuses 2 '--source-number 3: the image has 3 sources, numbered from 0' restore v::set --source-number 3 --to back.none
refuses 2 '--source-number 3: the image has 3 sources' verify v::set --source one --source-number 3
absent back.none

# Another number of disks under the same name: told, and a full image.
umbra 0 backup one two --to v --name set
says err 'warning: the parent image has 3 sources, this backup 2: taking a full image'
says out 'full image'
refuses 1 'the parent image has 3 sources, this backup 1' backup one --to v --parent set@1

# The same disk twice is a mistake, parts of it are not.
refuses 2 'one and one are the same source' backup one one --to v
ln one link
refuses 2 'one and link are the same source' backup one link --to v
refuses 2 'overlap' backup one@0+512K one@256K+512K --to v
refuses 2 'overlap' backup one one@0+4K --to v
umbra 0 backup one@0+512K one@512K+512K --to v --name halves
for n in 0 1; do umbra 0 restore v::halves --source-number $n --to half.$n; done
cat half.0 half.1 >whole
same_bytes whole one
umbra 0 verify v
