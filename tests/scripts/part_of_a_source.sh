#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SOURCE@offset+length: a part of a disk.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

make_source disk
part() { dd if=disk bs=64K iflag=skip_bytes,count_bytes skip="$1" count="$2" status=none; }
umbra 0 init v

umbra 0 backup disk@64K+256K --to v --name part
says out 'full image of 256.0 KiB'
umbra 0 info v::part --json
json 'd["sources"][0]["size"] == 262144' 'd["metadata"]["sources"][0]["offset"] == 65536'
scribble disk 100000 50 5
umbra 0 backup disk@64K+256K --to v --name part
says out 'incremental image'
umbra 0 restore v::part --to back
part 65536 262144 >wanted
same_bytes back wanted
umbra 0 verify v::part --source disk@64K+256K
umbra 0 verify v::part --source wanted
umbra 3 verify v::part --source disk

# Up to the very end; sizes in other words; a length that is no whole number of sectors.
umbra 0 backup disk@1023.5KiB+512B --to end.umbra
umbra 0 restore end.umbra --to back.end
part 1048064 512 >wanted
same_bytes back.end wanted
umbra 0 backup disk@0+1001 --to odd.umbra
umbra 0 restore odd.umbra --to back.odd
part 0 1001 >wanted
same_bytes back.odd wanted

for bad in 0+x x+1M 1M+ +1M 99999999999999999999+1 0+-1; do
  refuses 2 "'disk@$bad': behind '@' stand an offset and a length, as in disk.raw@1M+512M" backup "disk@$bad" --to v
done
refuses 2 'must be a multiple of 512' backup disk@100+4K --to v
refuses 2 'reaches beyond the end: disk has 1048576 bytes' backup disk@0+2M --to v
refuses 2 'reaches beyond the end' backup disk@2M+512 --to v
refuses 2 'reaches beyond the end' verify v::part --source disk@1023K+256K
refuses 2 'is empty: there is nothing to image' backup disk@0+0 --to v
refuses 1 "disk@1M: No such file or directory; a part of a source is named as in disk.raw@1M+512M" backup disk@1M --to v

# A file of that very name is meant first.
cp disk me@home+work
umbra 0 backup me@home+work --to named.umbra
umbra 0 restore named.umbra --to back.named
same_bytes back.named disk
