# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For root tests with real servers, after writer_kit.sh: a file system in a file for their data, its copy at one instant, and an
# unprivileged user for the server. Everything is gone at the end, however it comes.
#
#   $place       folder that anybody may enter, short enough for sockets; $place/disk is the file system of $disk_file
#   make_host    a file system whose files can be cloned, for $disk_file: before make_disk
#   as_server    runs a command as the server's user
#   become_server  the same instead of the shell: for the background
#   running PID [SIGNAL]  tells that a process must be ended at the end
place=$(mktemp -d /tmp/umbra-server.XXXXXX)
chmod 755 "$place"
server_user=(env TMPDIR=/tmp HOME=/ setpriv --reuid=65534 --regid=65534 --clear-groups)
pids=()

is_over() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# stop PID SIGNAL: and SIGKILL for what does not heed it.
stop() {
  local tries=100
  kill "-$2" "$1" 2>/dev/null || true
  until is_over "$1" || [ $((tries -= 1)) -lt 0 ]; do sleep 0.1; done
  is_over "$1" || kill -KILL "$1" 2>/dev/null || true
}

clean_up() {
  local entry mount
  for entry in "${pids[@]}"; do stop "${entry%:*}" "${entry#*:}"; done
  for mount in disk copy host; do
    if mountpoint -q "$place/$mount"; then umount "$place/$mount" || umount -l "$place/$mount"; fi
  done
  rm -rf "$place"
}
trap clean_up EXIT

needs() {
  local program
  for program; do
    command -v "$program" >/dev/null || {
      echo "skipped: $program is not installed"
      exit 77
    }
  done
}

as_server() { (cd "$place" && "${server_user[@]}" "$@"); }
become_server() { cd "$place" && exec "${server_user[@]}" "$@"; }
running() { pids+=("$1:${2:-TERM}"); }

disk_file=$place/disk.img
make_host() {
  truncate -s "$1" "$place/host.img"
  mkfs.xfs -q "$place/host.img"
  mkdir "$place/host"
  mount -o loop "$place/host.img" "$place/host"
  disk_file=$place/host/disk.img
}

make_disk() {
  truncate -s "$1" "$disk_file"
  mkfs.ext4 -q -F "$disk_file"
  mkdir "$place/disk" "$place/copy"
  mount -o loop "$disk_file" "$place/disk"
  chown 65534:65534 "$place/disk"
}

# What a provider does: the file system is held while its bytes are copied. A script, for writer_play to run.
cat >"$place/snapshot" <<SCRIPT
#!/bin/sh
fsfreeze -f '$place/disk' || exit 1
cp --reflink=auto --sparse=always '$place/disk.img' '$place/copy.img'
code=\$?
fsfreeze -u '$place/disk'
exit \$code
SCRIPT
chmod +x "$place/snapshot"

# The copy, as the server would find it after a restore.
mount_copy() { mount -o loop "$place/copy.img" "$place/copy"; }
unmount_copy() { umount "$place/copy"; }
