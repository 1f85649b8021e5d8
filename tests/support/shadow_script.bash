# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts about shadow copies: a host file system whose files can be cloned, writers, processes that write. Source it after
# disks.sh and umbra.bash.
at_exit release_disks
at_exit end_programs

programs=()
# end_programs: those that write, and nothing else
end_programs() {
  local one
  for one in "${programs[@]}"; do { kill -KILL "$one" && wait "$one"; } 2>/dev/null || true; done
  programs=()
}

# make_host TYPE SIZE: the folder host, on a file system of that type in a loop device
make_host() {
  need_file_system "$1"
  need_tools "mkfs.$1"
  truncate -s "$2" host.img
  "mkfs.$1" -q host.img >mkfs.log 2>&1 || fail "$(cat mkfs.log)"
  attach host.img
  # shellcheck disable=SC2154 # attach sets it
  mount_at host "$node"
}

remove_host() {
  unmount host
  detach "$1"
  rm host.img
}

# make_volume NAME SIZE: an ext4 in host/NAME.img, mounted at NAME
make_volume() {
  truncate -s "$2" "host/$1.img"
  mke2fs -q -t ext4 -E lazy_itable_init=0 "host/$1.img"
  attach "host/$1.img"
  mount_at "$1" "$node"
}

# count_in FOLDER...: a process that counts, in a file of each folder in turn, each written out before the next, and appends each
# number to a log in the first one. At any instant the first number is the second, or one more; so is the log's last.
count_in() {
  /usr/bin/python3 -u - "$@" <<'PYTHON' &
import os, sys
folders = sys.argv[1:]
files = [os.open(folder + "/count", os.O_RDWR | os.O_CREAT) for folder in folders]
log = os.open(folders[0] + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
n = int(os.read(files[0], 32) or 0)
while True:
    n += 1
    os.write(log, b"%d\n" % n)
    os.fsync(log)
    for file in files:
        os.pwrite(file, b"%012d\n" % n, 0)
        os.fsync(file)
PYTHON
  programs+=($!)
  local folder
  for folder in "$@"; do wait_for "something counts in $folder" test -s "$folder/count"; done
}

# count_of FOLDER, or count_in_image FILE OFFSET
count_of() { echo $((10#$(cat "$1/count"))); }
count_in_image() { echo $((10#$(debugfs -R 'cat /count' "$1?offset=$2" 2>/dev/null))); }
has_counted_past() { [ "$(count_of "$1")" -gt "$2" ]; }

# whole_at_one_instant FILE OFFSET: a file system without faults, whose log holds each number up to the count, or one more
whole_at_one_instant() {
  e2fsck -fn "$1?offset=$2" >fsck.log 2>&1 || fail "e2fsck: $(cat fsck.log)"
  debugfs -R 'cat /log' "$1?offset=$2" 2>/dev/null >log
  python -c 'import sys
lines = [int(n) for n in open("log")]
count = int(sys.argv[1])
assert lines == list(range(1, len(lines) + 1)), lines[-3:]
assert len(lines) in (count, count + 1), (len(lines), count)' "$(count_in_image "$1" "$2")" || fail 'log and count are not of one instant'
}

# make_writer NAME FOLDER [CASES]: the program writers/NAME, with data in FOLDER. CASES are arms of a shell's case on $event,
# which may call `refuse TEXT`. What it hears stands in the file NAME.heard.
make_writer() {
  mkdir -p -m 755 writers
  cat >"writers/$1" <<WRITER
#!/bin/sh
trap '' PIPE
answer() { printf '{"event":"%s","ok":true%s}\n' "\$event" "\$1"; }
refuse() { printf '{"event":"%s","ok":false,"text":"%s"}\n' "\$event" "\$1"; }
while IFS= read -r line; do
  event=\${line#'{"event":"'} event=\${event%%'"'*}
  echo "\$event" >>"$SCRATCH/$1.heard"
  case \$event in
    ${3:-}
    hello) answer ',"protocol":1,"name":"$1","class_id":"{$(printf %s "$1" | md5sum | sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/')}"' ;;
    identify) answer ',"metadata":{"components":[{"name":"data","files":[{"path":"$2","recursive":true}]}]}' ;;
    *) answer ;;
  esac
done
echo end >>"$SCRATCH/$1.heard"
WRITER
  chmod 755 "writers/$1"
}
has_heard() { grep -qx "$2" "$1.heard" 2>/dev/null; }
forget_writers() { rm -rf writers ./*.heard; }

# What a backup may leave of its own: loop devices, mounts, copies, and processes of the program and its writers.
traces() {
  losetup --list --noheadings --output NAME,BACK-FILE | grep -F "$SCRATCH/" || true
  grep -F "$SCRATCH/" /proc/self/mountinfo | cut -d ' ' -f 5 || true
  find host -xdev -name 'umbra-shadow*' || true
  local one
  for one in /proc/[0-9]*; do
    if [ "$(readlink "$one/exe")" = "$UMBRA" ] && grep -qzxF "SCRATCH=$SCRATCH" "$one/environ"; then echo "$one: umbra"; fi
    if grep -qaF "$SCRATCH/writers/" "$one/cmdline"; then echo "$one: writer"; fi
  done 2>/dev/null
}
remember_traces() { traces | LC_ALL=C sort >traces.before; }
no_more_traces() { traces | LC_ALL=C sort | cmp -s - traces.before; }
expect_no_more_traces() { wait_for 'nothing is left of it' no_more_traces; }
