#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A day with a vault: init, a full image, two incrementals, list, info, diff, verify, restore. As text, as JSON, and quiet.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

umbra 0 init v
says out 'made a vault in v (blocks of 64K)'
silent err
umbra 0 list v
says out 'no images yet'
umbra 0 list v --json
json 'd == {"vault": "v", "images": []}'

make_source disk
cp disk disk.1
umbra 0 backup disk --to v --name db1
says out 'full image of 1.0 MiB' 'unchanged   0 B' 'v::' '(db1)'
silent err

scribble disk 131072 4096 7
cp disk disk.2
umbra 0 backup disk --to v --name db1
says out 'incremental image of 1.0 MiB' 'new         '
silent err

scribble disk 950000 100 8
cp disk disk.3
umbra 0 backup disk --to v --name db1 --json
json 'd["event"] == "done"' 'd["image"]["name"] == "db1"' 'd["image"]["parent"]' 'len(d["image"]["id"]) == 32' \
  '0 < d["new_bytes"] <= 65536' 'd["unchanged_bytes"] > 0' 'd["bytes_read"] > 0' 'd["faults"]["count"] == 0' 'd["seconds"] >= 0' \
  'd["image"]["sources"][0]["size"] == 1048576'
silent err
newest=$(json_value 'd["image"]["id"]')

umbra 0 list v
[ "$(wc -l <out)" = 4 ] || fail "three images and a heading"
says out 'NAME' 'full' 'incremental' "${newest:0:12}"
[ "$(awk 'END { print $2 }' out)" = "${newest:0:12}" ] || fail "the newest image comes last"
umbra 0 list v --json
json 'd["vault"] == "v"' 'len(d["images"]) == 3' '[i["name"] for i in d["images"]] == ["db1"] * 3' \
  '[i["state"] for i in d["images"]] == ["image"] * 3' 'd["images"][0]["parent"] is None' \
  'd["images"][1]["parent"] == d["images"][0]["id"]' 'd["images"][2]["parent"] == d["images"][1]["id"]' \
  'd["images"][0]["created"].endswith("Z")' 'not d["images"][0]["forgotten"]'

umbra 0 info v::db1
says out "image        $newest" 'name         db1' 'kind         incremental on' 'source 0     disk, 1.0 MiB (1048576 bytes)' 'packs '
umbra 0 info v::db1@2
says out 'kind         full'
umbra 0 info "v::$newest" --json
json 'd["name"] == "db1"' "d['id'] == '$newest'" 'd["block_size"] == 65536' 'len(d["packs"]) == 3' 'd["parent"]' \
  'd["metadata"]["sources"][0]["path"] == "disk"' 'd["metadata"]["result"]["fault_count"] == 0'
umbra 0 info "v::${newest:0:6}"
says out "image        $newest"

umbra 0 diff v::db1@2 v::db1
says out '2 ranges differ' "65536" "source 0"
umbra 0 diff v::db1@1 v::db1 --json
json 'd["range_count"] == 1' 'd["ranges"][0]["offset"] <= 950000' 'd["changed_bytes"] == d["ranges"][0]["size"]' \
  'd["compared_bytes"] == 1048576'
umbra 0 diff v::db1@2 v::db1 --limit 1
says out 'and 1 more range'
umbra 0 diff v::db1@2 v::db1 --limit 0 --json
json 'd["ranges"] == []' 'd["range_count"] == 2'
umbra 0 diff v::db1 v::db1
says out 'no difference'

umbra 0 verify v
says out 'all good: 3 images, 3 packs'
umbra 0 verify v --deep
says out 'all good: 3 images, 3 packs' 'decoded and hashed'
umbra 0 verify v::db1@1
says out 'all good: 1 image, 2 packs'
umbra 0 verify v::db1 --deep --json
json 'd["event"] == "done"' 'd["images"] == 1' 'd["packs"] == 3' 'd["plain_bytes"] > 0' 'd["faults"]["count"] == 0' 'd["notes"] == []'
umbra 0 verify v --json
json 'd["images"] == 3' 'd["stored_bytes"] > 0' 'd["records"] > 0' 'd["plain_bytes"] == 0'

umbra 0 verify v::db1 --source disk
says out 'equal: '
umbra 3 verify v::db1@1 --source disk
says out 'DIFFERENT: '
says err 'umbra: mismatch: disk at '
umbra 3 verify v::db1@1 --source disk --json
json 'd["event"] == "done"' 'd["different_bytes"] > 0' 'd["faults"]["count"] == 1' \
  'd["faults"]["listed"][0]["kind"] == "mismatch"' 'd["faults"]["listed"][0]["offset"] <= 950000'

for n in 1 2 3; do
  umbra 0 restore "v::db1@$((3 - n))" --to "back.$n"
  says out "restored 1.0 MiB to back.$n"
  silent err
  same_bytes "back.$n" "disk.$n"
done

# Quiet: the answers of commands that answer, and nothing else.
umbra 0 init q --quiet
silent out err
umbra 0 backup disk --to q -q
silent out err
umbra 0 verify q -q
silent out err
umbra 0 restore q::disk --to back.q --quiet
silent out err
umbra 0 verify q::disk --source disk --quiet
silent out err
umbra 0 diff q::disk q::disk --quiet
silent out err
umbra 0 list q --quiet
says out disk
umbra 0 info q::disk --quiet
says out disk
refuses 1 "image 'nosuch' in q" info q::nosuch --quiet
