#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# exfat_fill.sh VOLUME COMMAND: runs a shell command inside the exFAT volume, mounted over FUSE, and answers when all of it is
# written. 77: it cannot be mounted here.
set -eu
[ -e /dev/fuse ] && [ "$(id -u)" -eq 0 ] && command -v mount.exfat-fuse >/dev/null || exit 77
node=$(losetup --find --show "$1") || exit 77
folder=$(mktemp -d)
# In the foreground, so that there is something to wait for.
mount.exfat-fuse -d "$node" "$folder" >/dev/null 2>&1 &
program=$!
trap 'umount "$folder" 2>/dev/null || true; wait "$program" || true; losetup -d "$node"; rmdir "$folder"' EXIT
for _ in $(seq 200); do
  mountpoint -q "$folder" && break
  kill -0 "$program" 2>/dev/null || exit 77
  sleep 0.05
done
mountpoint -q "$folder" || exit 77
(cd "$folder" && bash -euc "$2")
