# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Disks behind NBD servers for test scripts: nbdkit on a socket in the present folder. Source umbra.bash first.

command -v nbdkit >/dev/null || skip "nbdkit is not installed"

uri= # of what serve started last
nbd_servers=0
nbd_pid=

# serve NBDKIT-ARGUMENT...: starts a server; sets uri and nbd_pid. It goes when the script ends, if not before.
serve() {
  nbd_servers=$((nbd_servers + 1))
  local socket=$PWD/nbd$nbd_servers.sock
  # shellcheck disable=SC2034 # for fail
  last_command="nbdkit $*"
  nbdkit -U "$socket" -P "$PWD/nbd$nbd_servers.pid" "$@"
  until [ -s "nbd$nbd_servers.pid" ]; do sleep 0.02; done # it is written behind nbdkit's back
  nbd_pid=$(cat "nbd$nbd_servers.pid")
  # shellcheck disable=SC2034
  uri="nbd+unix:///?socket=$socket"
  at_exit "kill $nbd_pid 2>/dev/null"
}

# stop_serving: ends the server started last, and waits until it is gone. end_server SIGNAL: by that signal.
stop_serving() { end_server TERM; }
end_server() {
  kill -s "$1" "$nbd_pid"
  wait_for "server $nbd_pid is gone" is_gone "$nbd_pid"
}
is_gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# bad_places FILE SIZE OFFSET+LENGTH...: a map of ddrescue that knows all of a disk but these places, in order
bad_places() {
  local file=$1 size=$2 at=0 place
  shift 2
  {
    echo '0x0 + 1'
    for place in "$@"; do
      if [ "${place%+*}" -gt "$at" ]; then printf '0x%x 0x%x +\n' "$at" $((${place%+*} - at)); fi
      printf '0x%x 0x%x -\n' "${place%+*}" "${place#*+}"
      at=$((${place%+*} + ${place#*+}))
    done
    if [ "$size" -gt "$at" ]; then printf '0x%x 0x%x +\n' "$at" $((size - at)); fi
  } >"$file"
}
