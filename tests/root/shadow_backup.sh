#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Backups of mounted volumes while something writes to them: what comes back stands at one instant, and what is said of it is true.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/support/shadow_script.bash
source "$SOURCE_DIR/tests/support/shadow_script.bash"
need_loop_devices
need_file_system ext4
need_tools mke2fs debugfs e2fsck sfdisk
mkdir -m 755 no-writers
umbra 0 init v

# volume_under_load NAME: a full image and an incremental one of the volume NAME, by its device and by its file.
volume_under_load() {
  local name=$1 device=$2 first
  count_in "$name"
  first=$(count_of "$name")
  umbra 0 backup "$device" --to v --name "$name" --writers no-writers
  says out 'full image of' "$SCRATCH/$name, crash-consistent, copied by reflink" 'writes were held for'
  silent err
  umbra 0 restore "v::$name" --to back.img
  whole_at_one_instant back.img 0
  [ "$(count_in_image back.img 0)" -ge "$first" ] || fail 'the image is older than its beginning'
  first=$(count_of "$name")
  wait_for 'more was counted' has_counted_past "$name" "$((first + 10))"
  umbra 0 backup "host/$name.img" --to v --name "$name" --writers no-writers --json
  json 'd["image"]["parent"] is not None' 'd["shadow"]["mode"] == "copies"' 'd["shadow"]["held_microseconds"] > 0' \
    'd["shadow"]["writers"] == []' '[v["provider"] for v in d["shadow"]["volumes"]] == ["reflink"]' \
    '[v["consistency"] for v in d["shadow"]["volumes"]] == ["crash-consistent"]' 'd["shadow"]["volumes"][0]["offset"] == 0'
  rm back.img
  umbra 0 restore "v::$name" --to back.img
  whole_at_one_instant back.img 0
  [ "$(count_in_image back.img 0)" -gt "$first" ] || fail 'the incremental image is older than its beginning'
  rm back.img
  end_programs
}

say 'a volume in a file on btrfs'
make_host btrfs 512M
host=$node
make_volume other 64M
volume_under_load other "$node"
unmount other
detach "$node"
remove_host "$host"

say 'a volume in a file on XFS'
make_host xfs 900M
make_volume data 192M
data=$node
cp -r "$SOURCE_DIR/engine" data/
volume_under_load data "$data"

say 'a disk with two volumes, mounted beside each other'
truncate -s 130M host/disk.img
printf 'label: gpt\nstart=2048, size=131072\nstart=133120, size=131072\n' | sfdisk -q host/disk.img
first=$((2048 * 512)) second=$((133120 * 512))
for part in one:$first two:$second; do
  attach host/disk.img --offset "${part#*:}" --sizelimit 67108864
  mke2fs -q -t ext4 "$node"
  mount_at "${part%:*}" "$node"
done
count_in one two

# back_at_one_instant IMAGE: both volumes are whole, and of the same instant
back_at_one_instant() {
  local a b
  umbra 0 restore "$1" --to back.img
  whole_at_one_instant back.img $first
  e2fsck -fn "back.img?offset=$second" >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
  a=$(count_in_image back.img $first) b=$(count_in_image back.img $second)
  [ $((a - b)) -eq 0 ] || [ $((a - b)) -eq 1 ] || fail "one is at $a, two at $b: not one instant"
  rm back.img
}

umbra 0 backup host/disk.img --to v --name disk --writers no-writers
says out "$SCRATCH/one, crash-consistent, copied by reflink" "$SCRATCH/two, crash-consistent, copied by reflink"
back_at_one_instant v::disk
umbra 0 backup host/disk.img --to v --name disk --writers no-writers --json
json '[v["offset"] for v in d["shadow"]["volumes"]] == [1048576, 68157440]' 'd["image"]["parent"] is not None'
back_at_one_instant v::disk

say 'writers: one that agrees'
make_writer notes "$SCRATCH/one/notes"
umbra 0 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers"
says out "$SCRATCH/one, application-consistent, copied by reflink" "$SCRATCH/two, crash-consistent, copied by reflink" 'writer notes: took part'
silent err
for event in freeze thaw backup_complete end; do wait_for "the writer heard $event" has_heard notes $event; done
umbra 0 info v::disk
says out "$SCRATCH/one, application-consistent, copied by reflink" "$SCRATCH/two, crash-consistent, copied by reflink" \
  'writer notes: took part' 'writes were held for'
umbra 0 info v::disk --json
json '[v["consistency"] for v in d["metadata"]["shadow"]["volumes"]] == ["application-consistent", "crash-consistent"]' \
  'd["metadata"]["shadow"]["writer_metadata"][0]["components"][0]["name"] == "data"' \
  'd["metadata"]["shadow"]["backup_components"]["backup_type"] == "copy"'
back_at_one_instant v::disk

say 'writers: one more that fails at freeze'
make_writer ledger "$SCRATCH/two/ledger" "freeze) refuse 'a long statement holds the lock' ;;"
umbra 3 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers"
says err 'warning: writer ledger: ' 'a long statement holds the lock' 'not every writer took part'
says out "$SCRATCH/one, application-consistent" "$SCRATCH/two, crash-consistent" 'writer ledger: failed'
has_heard ledger abort || fail 'a writer that fails is told to go on'
umbra 0 info v::disk
says out 'writer ledger: failed' 'a long statement holds the lock' 'writer notes: took part'
back_at_one_instant v::disk
umbra 3 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers" --json
json '{w["name"]: "failure" in w for w in d["shadow"]["writers"]} == {"notes": False, "ledger": True}' 'd["image"]["parent"] is not None'

say 'writers: one that fails when the image is complete'
rm writers/ledger ledger.heard
make_writer ledger "$SCRATCH/two/ledger" "backup_complete) refuse 'the log cannot be cut' ;;"
umbra 3 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers"
says err 'warning: writer ledger: ' 'the log cannot be cut' 'the image is good, but a writer failed when it was told so'
lacks err 'crash-consistent' 'took part'
says out "$SCRATCH/one, application-consistent" "$SCRATCH/two, application-consistent" \
  'writer ledger: took part, and failed when the image was complete' 'writer notes: took part'
umbra 0 info v::disk
says out "$SCRATCH/two, application-consistent"
umbra 3 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers" --json
json '{w["name"]: w["state"] for w in d["shadow"]["writers"]}["ledger"] == "failed_at_backup_complete"' \
  'all(v["consistency"] == "application-consistent" for v in d["shadow"]["volumes"])'

say 'writers: one that others may write to, and a folder that is not there'
rm writers/ledger
chmod o+w writers/notes
rm notes.heard
umbra 3 backup host/disk.img --to v --name disk --writers "$SCRATCH/writers"
says err "writer $SCRATCH/writers/notes: refused, because others may write to it: chmod go-w $SCRATCH/writers/notes"
says out "$SCRATCH/one, crash-consistent"
absent notes.heard
umbra 3 backup host/disk.img --to v --name disk --writers nowhere
says err "warning: writer $SCRATCH/nowhere: No such file or directory"
umbra 0 verify v --deep
forget_writers

say 'a provider that does not fit, and none at all'
refuses 4 "umbra: $data is mounted read-write at $SCRATCH/data: in use; $SCRATCH/data: provider lvm-thin: it is no logical volume" \
  backup "$data" --to v --name data --shadow lvm-thin
says err '; unmount it or mount it read-only, or take it as it is with --shadow none'
refuses 2 "'zfs' is none of auto, lvm-thin, lvm-thick, reflink" backup "$data" --to v --name data --shadow zfs
umbra 0 backup "$data" --to v --name data --shadow none
says err 'the image may not show one instant'
umbra 0 info v::data
says out 'consistency  none: mounted for writing, and imaged as it was'
lacks out 'copied by'
# What is in use changes while it is read: all of it is.
umbra 0 info v::data --json
json '["mounted for writing and read as it is" in n for n in d["metadata"]["sources"][0]["notes"]] == [True]' \
  'd["sources"][0]["unallocated_bytes"] == 0'

end_programs
