#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts that work on disks and file systems; they source it first. What is attached or mounted with these functions goes
# again when the script ends, however it ends. Works in the present folder, which belongs to the script.
set -euo pipefail
shopt -s inherit_errexit

node=  # what attach() attached last
held=()  # what is attached and mounted, as "loop NODE" and "mount FOLDER"

say() { printf '%s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

skip() {
  say "skipped: $*"
  exit 77
}

# The latest first: what is mounted may lie on what was attached before it.
release_disks() {
  local status=$? i what
  for ((i = ${#held[@]} - 1; i >= 0; --i)); do
    what=${held[i]#* }
    case ${held[i]} in
      loop*) losetup -d "$what" || true ;;
      mount*) umount "$what" || umount -l "$what" || true ;;
    esac
  done
  return "$status"
}

# no_longer HELD: it is gone by now
no_longer() {
  local one left=()
  for one in "${held[@]}"; do [ "$one" = "$1" ] || left+=("$one"); done
  held=("${left[@]}")
}
trap release_disks EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# need_tools NAME...
need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
  done
}

need_loop_devices() {
  [ "$(id -u)" -eq 0 ] || skip "only root may attach loop devices"
  truncate -s 1M loop-probe
  local node
  node=$(losetup --find --show loop-probe) || skip "no loop device to be had"
  losetup -d "$node"
  rm loop-probe
}

# need_file_system TYPE: one that the kernel can mount
need_file_system() {
  grep -qw "$1" /proc/filesystems || modprobe -q "$1" || skip "this kernel does not know $1"
}

# attach FILE [LOSETUP-OPTION]...: sets `node`
attach() {
  node=$(losetup --find --show "${@:2}" "$1")
  held+=("loop $node")
}

detach() {
  losetup -d "$1"
  no_longer "loop $1"
}

# mount_at FOLDER MOUNT-ARGUMENT...: makes the folder
mount_at() {
  local folder=$1
  shift
  mkdir -p "$folder"
  mount "$@" "$folder"
  held+=("mount $folder")
}

unmount() {
  umount "$1"
  no_longer "mount $1"
}

# bytes_of TEXT: 3M is 3145728
bytes_of() { numfmt --from=iec "$1"; }

# fill FOLDER SIZE [FROM]...: real files, about that much of them, out of the given folders
fill() {
  local folder=$1 limit
  limit=$(bytes_of "$2")
  shift 2
  [ $# -gt 0 ] || set -- /usr/share /usr/lib
  # Names with a line break are left out; awk reads to the end, so that nobody dies of a broken pipe.
  find "$@" -xdev \( -type f -o -type l \) -size -40000k ! -name $'*\n*' -printf '%s\t%p\n' | LC_ALL=C sort -k 2 |
    awk -F '\t' -v limit="$limit" '{ total += $1; if (total <= limit) print substr($0, length($1) + 2) }' |
    tar -c -P --no-recursion --verbatim-files-from -T - -f - | tar -x -P -C "$folder" --strip-components=1 -f -
}

# junk FILE SIZE: bytes that no file system has, so that what a restore does not write shows
junk() { yes 'what was here before' | head -c "$(bytes_of "$2")" >"$1" || [ "${PIPESTATUS[1]}" -eq 0 ]; }

random_bytes() { head -c "$(bytes_of "$1")" /dev/urandom; }

# fingerprint FOLDER: every name with its kind, mode, owner, size, time and link, and the hash of every file
fingerprint() {
  (
    cd "$1"
    find . -mindepth 1 -printf '%P\t%y\t%m\t%U:%G\t%s\t%T@\t%n\t%l\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha1sum
  )
}

# fingerprint_of FILE [LOSETUP-OPTION]...: of the file system in it. Nothing is written: even mount -o ro may write to a log.
fingerprint_of() {
  attach "$1" --read-only "${@:2}"
  mount_at printed -o ro "$node"
  fingerprint printed
  unmount printed
  detach "$node"
}

# field NAME [FILE]: a value of the last document of JSON, as in sources.0.size
field() {
  tail -n 1 "${2:-/dev/stdin}" | python3 -IS -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$1"
}

# expect_exit CODE COMMAND...: what it says goes to the file `said`
expect_exit() {
  local wanted=$1 code=0
  shift
  "$@" >said 2>&1 || code=$?
  [ "$code" -eq "$wanted" ] || fail "exit code $code instead of $wanted: $* ($(tail -n 3 said))"
}

expect_said() { grep -q -e "$1" said || fail "no word of '$1' in: $(cat said)"; }

# expect_between LOW VALUE HIGH WHAT: whole numbers
expect_between() {
  if [ "$2" -lt "$1" ] || [ "$2" -gt "$3" ]; then fail "$4: $2, not in $1 to $3"; fi
}

mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }
