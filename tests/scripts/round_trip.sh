#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A partitioned disk with an ext4 full of real files: a full image and incrementals after changes inside the file system; each
# comes back bit for bit, and free space is not imaged.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

# change COMMAND...: debugfs commands on the disk's file system.
change() {
  local command
  for command in "$@"; do
    debugfs -w -R "$command" 'disk.raw?offset=1048576' >debugfs.log 2>&1 || fail "debugfs: $(cat debugfs.log)"
  done
}

make_disk disk.raw 48M
umbra 0 init v
umbra 0 backup disk.raw --to v --name machine
says out 'full image of 48.0 MiB'
umbra 0 info v::machine --json
json 'd["sources"][0]["unallocated_bytes"] > 10 << 20' 'd["metadata"]["sources"][0]["identity"].startswith("gpt:")' \
  '"ext4" in d["metadata"]["sources"][0]["notes"][0]'
cp disk.raw state.2

random_bytes 1 70000 >new
change 'write new new-file'
umbra 0 backup disk.raw --to v --name machine --json
json '0 < d["new_bytes"] < 1 << 20' 'd["unchanged_bytes"] > 256 << 10' 'd["image"]["parent"]'
cp disk.raw state.1

random_bytes 2 300000 >new
change 'mkdir more' 'write new more/file' 'set_inode_field new-file mtime 20200101'
umbra 0 backup disk.raw --to v --name machine --threads 1 --cuts grid
says out 'incremental image'
cp disk.raw state.0

for n in 0 1 2; do
  umbra 0 restore "v::machine@$n" --to "back.$n" --verify
  says out 'read back and equal'
  same_bytes "back.$n" "state.$n"
  umbra 0 verify "v::machine@$n" --source "state.$n"
done
[ "$(stat -c %b back.0)" -lt $((24 << 11)) ] || fail "free space takes room in the restored file"

# From one state to another on the same target: only what differs is written.
umbra 0 restore v::machine@2 --to back.0 --yes --delta --verify --json
json '0 < d["written_bytes"] < 4 << 20' 'd["kept_bytes"] > 40 << 20' 'd["verified"]'
same_bytes back.0 state.2

# A removed file's bytes are free space: not imaged, and zeros in the restored disk.
change 'rm new-file'
umbra 0 backup disk.raw --to v --name machine
umbra 0 restore v::machine --to back.3
umbra 0 verify v::machine --source disk.raw
umbra 0 verify v::machine --source back.3
debugfs -R 'dump more/file got' 'back.3?offset=1048576' >debugfs.log 2>&1
same_bytes got new
# Or imaged all the same.
umbra 0 backup disk.raw --to all.umbra --all-blocks
umbra 0 restore all.umbra --to back.4
same_bytes back.4 disk.raw

umbra 0 verify v --deep
says out 'all good: 4 images'
umbra 0 diff v::machine@3 v::machine --json
json 'd["range_count"] > 0' 'd["changed_bytes"] < 8 << 20'
