#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Block devices as sources and targets, and what is said of those that are mounted, too small, or hold the vault.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
at_exit release_disks
need_loop_devices

"$SOURCE_DIR/tests/support/make_disk.sh" disk.raw 64M --table none --files "$SOURCE_DIR/engine" --no-mount
random_bytes 1 67108864 >target.raw
truncate -s 63M short.raw
attach disk.raw
disk=$node
attach target.raw
target=$node
attach short.raw
short=$node
umbra 0 init v

umbra 0 backup "$disk" --to v --name machine
says out 'full image of 64.0 MiB'
umbra 0 restore v::machine --to "$target" --plan
says out "target   $target, 64.0 MiB; what it holds will be overwritten" 'problem  none'
refuses 2 "$target exists and would be overwritten" restore v::machine --to "$target"
umbra 0 restore v::machine --to "$target" --yes --verify
says out 'read back and equal'
umbra 0 verify v::machine --source "$target"
e2fsck -fn "$target" >e2fsck.log 2>&1 || fail "$(cat e2fsck.log)"
umbra 0 restore v::machine --to "$target" --yes --delta --json
json 'd["written_bytes"] == 0'
refuses 1 "$short is too small: 66060288 bytes, the image needs 67108864" restore v::machine --to "$short" --yes
umbra 0 backup "$disk@1M+2M" --to part.umbra
umbra 0 verify part.umbra --source "$disk@1M+2M"

# What is in use is told in one line, with what to do.
mount_at point "$disk"
refuses 4 "umbra: $disk is mounted read-write at $SCRATCH/point: in use; $SCRATCH/point: provider lvm-thin: it is no logical volume" \
  backup "$disk" --to v --name machine --shadow lvm-thin
says err '; unmount it or mount it read-only, or take it as it is with --shadow none'
umbra 4 backup "$disk" --to v --name machine --shadow lvm-thin --json
json 'd["error"] == "busy"'
refuses 4 "$disk: $disk is mounted at $SCRATCH/point; unmount it first" restore v::machine --to "$disk" --yes
umbra 4 restore v::machine --to "$disk" --plan
says out 'problem  ' 'is mounted at'

# A vault, or a file, on the disk that is imaged would die with it.
umbra 0 init point/v
refuses 2 "point/v lies on $disk, the disk that is being imaged: it would die with it (--vault-on-source does it all the same)" \
  backup "$disk" --to point/v --shadow none
refuses 2 'the disk that is being imaged' backup "$disk" --to point/new.umbra --shadow none
refuses 2 'the disk that is being imaged' backup disk.raw --to point/v --shadow none
umbra 0 backup "$disk" --to point/v --shadow none --vault-on-source
umbra 0 verify point/v
absent point/new.umbra
unmount point
umbra 0 verify v --deep
