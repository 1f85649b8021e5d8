#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A source with places that cannot be read: the image is taken all the same and says which, exit code 3.
# The bad places are a file's blocks on btrfs whose bytes no longer match their checksums.
# shellcheck source=tests/support/disks.sh
source "$SOURCE_DIR/tests/support/disks.sh"
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
at_exit release_disks
need_loop_devices
need_file_system btrfs
need_tools mkfs.btrfs

random_bytes 3 8388608 >good
truncate -s 256M btrfs.raw
mkfs.btrfs -q -m single -d single btrfs.raw
attach btrfs.raw
mount_at point "$node"
cp good point/disk
unmount point
detach "$node"

# One byte, found by what stands around it, in the middle of the file.
python - <<'PYTHON'
import mmap
with open("good", "rb") as file:
    file.seek(4 << 20)
    wanted = file.read(4096)
with open("btrfs.raw", "r+b") as file:
    raw = mmap.mmap(file.fileno(), 0)
    at = raw.find(wanted)
    assert at >= 0 and raw.find(wanted, at + 1) < 0
    raw[at + 100] ^= 1
PYTHON
attach btrfs.raw
mount_at point "$node"
last_command='reading the bad place'
if dd if=point/disk of=/dev/null bs=4096 skip=1024 count=1 status=none 2>/dev/null; then fail "it can be read"; fi

umbra 0 init v
umbra 0 backup good --to v --name disk
umbra 3 backup point/disk --to v --name disk --parent none
says out 'full image of 8.0 MiB'
says err 'umbra: unreadable: ' '4096 bytes at 4194304' 'umbra: finished with 1 fault; the image is complete but for it'
umbra 3 backup point/disk --to v --name again --json
json 'd["event"] == "done"' 'd["faults"]["count"] == 1' 'd["faults"]["bytes"] == 4096' \
  'd["faults"]["listed"][0]["kind"] == "unreadable"' 'd["faults"]["listed"][0]["offset"] == 4 << 20' \
  'd["image"]["sources"][0]["unreadable_bytes"] == 4096'
umbra 3 backup point/disk --to v --name again --quiet
silent out
umbra 0 info v::again
says out 'unreadable 4.0 KiB'
# Such an image is whole as it is.
umbra 0 verify v --deep
umbra 3 restore v::again --to back
says err '4.0 KiB could not be read when the image was taken; they are zeros now'
cp good wanted
dd if=/dev/zero of=wanted bs=4096 seek=1024 count=1 conv=notrunc status=none
same_bytes back wanted
umbra 3 restore v::again --to back --yes --json
json 'd["unreadable_bytes"] == 4096'

# Read well again, the place is stored by the next run.
umbra 0 backup good --to v --name again
umbra 0 restore v::again --to back --yes
same_bytes back good
