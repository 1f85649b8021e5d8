#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks that cannot be read everywhere, made by nbdkit's filters: what is lost is lost to the sector, listed with what it hits,
# and read again by the next run.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/nbd.bash
source "$SOURCE_DIR/tests/scripts/lib/nbd.bash"

# places: those of `umbra info --faults --json`, as offset+size
places() { json_value '" ".join("%d+%d" % (p["offset"], p["size"]) for p in d["sources"][0]["places"])'; }
# zeroed FILE PLACE...: what a restore makes of such an image
zeroed() {
  local file=$1 place
  shift
  for place in "$@"; do
    dd if=/dev/zero of="$file" bs=512 seek="${place%+*}" oflag=seek_bytes count=$((${place#*+} / 512)) conv=notrunc status=none
  done
}

umbra 0 init v
random_bytes 1 $((20 << 20)) >disk.raw
size=$((20 << 20))
bad=(512+512 1000448+1024 5242880+4096 12582912+131072 20970496+1024)
bad_places map $size "${bad[@]}"

serve -r --filter=ddrescue file disk.raw ddrescue-mapfile=map
umbra 3 backup "$uri" --to v --name disk --json
json "d['faults']['count'] == ${#bad[@]}" 'd["faults"]["bytes"] == 512 + 1024 + 4096 + 131072 + 1024'
umbra 3 info v::disk --faults --json
[ "$(places)" = "${bad[*]}" ] || fail "places: $(places)"
umbra 3 info v::disk --faults
says out '134.5 KiB in 5 places could not be read' '  512+512  unknown' '  12582912+131072  unknown'
umbra 3 restore v::disk --to back.raw
cp disk.raw wanted.raw
zeroed wanted.raw "${bad[@]}"
same_bytes back.raw wanted.raw
umbra 0 verify v --deep
stop_serving

# Some places heal, some are new; nothing is believed because the parent said so.
now=(5242880+4096 8388608+512)
bad_places map $size "${now[@]}"
serve -r --filter=ddrescue file disk.raw ddrescue-mapfile=map
umbra 3 backup "$uri" --to v --name disk --json
json 'd["image"]["parent"]'
umbra 3 info v::disk --faults --json
[ "$(places)" = "${now[*]}" ] || fail "places: $(places)"
cp disk.raw wanted.raw
zeroed wanted.raw "${now[@]}"
umbra 3 restore v::disk --to back.raw --yes
same_bytes back.raw wanted.raw
stop_serving
umbra 0 backup disk.raw --to v --name disk
umbra 0 info v::disk --faults
says out 'all of it was read'
umbra 0 verify v::disk --source disk.raw

# Without a second pass whole reads are lost; the image says so and has the rest.
bad_places map $size 1048576+512
serve -r --filter=ddrescue file disk.raw ddrescue-mapfile=map
umbra 3 backup "$uri" --to once.umbra --rescue-time 0
umbra 3 info once.umbra --faults --json
json 'd["sources"][0]["unreadable_bytes"] > 512'
lost=$(places)
umbra 3 restore once.umbra --to back.raw --yes
cp disk.raw wanted.raw
# shellcheck disable=SC2086 # a list
zeroed wanted.raw $lost
same_bytes back.raw wanted.raw
umbra 3 backup "$uri" --to more.umbra --parent once.umbra --retries 0 --retry-time 2h
umbra 3 info more.umbra --faults --json
[ "$(places)" = 1048576+512 ] || fail "places: $(places)"
refuses 2 "'soon' is not a time" backup disk.raw --to x.umbra --retry-time soon
stop_serving

# Reads that fail now and then: whatever comes of it, nothing that was not read counts as good.
serve -r --filter=error file disk.raw error-pread=EIO error-pread-rate=20%
last_command='umbra backup, every fifth read failing'
code=0
"$UMBRA" backup "$uri" --to shaky.umbra >out 2>err || code=$?
[[ $code = 0 || $code = 3 ]] || fail "exit code $code"
umbra "$code" info shaky.umbra --faults --json
lost=$(places)
umbra "$code" restore shaky.umbra --to back.raw --yes
cp disk.raw wanted.raw
# shellcheck disable=SC2086
zeroed wanted.raw $lost
same_bytes back.raw wanted.raw
stop_serving

# A disk that reads nothing any more is not read for ever: each place has its time, and so have all.
serve -r --filter=delay --filter=error file disk.raw delay-read=10ms \
  error-pread=EIO error-pread-rate=100% error-pread-file="$PWD/broken"
umbra 0 backup "$uri@0+4M" --to well.umbra
touch broken
umbra 3 backup "$uri@0+4M" --to broken.umbra --retry-time 1 --rescue-time 2 --json
json 'd["image"]["sources"][0]["unreadable_bytes"] == 4 << 20' \
  'any("not tried again" in f["text"] for f in d["faults"]["listed"])'
rm broken
umbra 0 backup "$uri@0+4M" --to healed.umbra --parent broken.umbra
umbra 0 verify healed.umbra --source disk.raw@0+4M
stop_serving

# The files that are hit, by their paths.
for tool in mkfs.vfat mcopy sfdisk; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
random_bytes 7 300000 >letters
mkfs.vfat -C fat.raw 32768 >/dev/null
mcopy -i fat.raw letters '::/letters of ann.tar'
truncate -s 40M files.raw
printf 'label: gpt\nstart=2048, size=32M\n' | sfdisk -q files.raw
dd if=fat.raw of=files.raw bs=1M seek=1 conv=notrunc status=none
at=$(python -c 'print(open("files.raw", "rb").read().find(open("letters", "rb").read()[8192:12288]))')
[ "$at" -gt 1048576 ] || fail "the file is not in one piece"
bad_places map $((40 << 20)) "0+512" "$at+512" $((36 << 20))+512
serve -r --filter=ddrescue file files.raw ddrescue-mapfile=map
umbra 3 backup "$uri" --to table.umbra
umbra 3 info table.umbra --faults
says out "  0+512  unknown" "  $at+512  unknown"
stop_serving
bad_places map $((40 << 20)) "512+512" "$at+512" $((36 << 20))+512
serve -r --filter=ddrescue file files.raw ddrescue-mapfile=map
umbra 3 backup "$uri" --to files.umbra --all-blocks
umbra 3 info files.umbra --faults --json
json "[o for o in d['sources'][0]['owners'] if o['offset'] == $at][0]['name'] == '/letters of ann.tar'" \
  "[o for o in d['sources'][0]['owners'] if o['offset'] == $at][0]['partition'] == 1" \
  "d['sources'][0]['owners'][0]['kind'] == 'partition table'"
umbra 3 info files.umbra --faults
says out "  512+512  partition table GPT header" ": file /letters of ann.tar"
