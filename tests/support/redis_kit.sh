# shellcheck shell=bash disable=SC2154 # server_kit.sh sets `place`
# SPDX-License-Identifier: GPL-3.0-or-later
# For root tests with a Redis, after server_kit.sh: its data lie in $place/disk/data.

make_server() {
  needs redis-cli redis-check-rdb redis-check-aof
  mkdir "$place/sock" "$place/disk/data"
  chown 65534:65534 "$place/sock" "$place/disk/data"
}

# start_server DATA NAME [OPTION]...: the server is redis-check-rdb by another name; package redis-tools has it without a service.
start_server() {
  local folder=$1 name=$2
  shift 2
  become_server bash -c 'exec -a redis-server redis-check-rdb "$@"' _ --port 0 --unixsocket "$place/sock/$name" --dir "$folder" "$@" \
    >"$place/log.$name" 2>&1 &
  running $!
  until_true is_ready "$name"
}
# It answers, and not that it is still loading: with NOAUTH, too.
is_ready() {
  local said
  said=$(redis_call "$1" PING 2>/dev/null) && [[ $said != LOADING* ]]
}
redis_call() {
  local name=$1
  shift
  redis-cli -s "$place/sock/$name" "$@" | grep -v '^Could not connect'
}
# end_server NAME: it writes nothing more
end_server() {
  redis_call "$1" SHUTDOWN NOSAVE >/dev/null || true
  until_true test ! -e "$place/sock/$1"
}

# start_load: a client of the server `live` that counts: each number stands in $place/acknowledged after the server took it
start_load() {
  yes 'INCR count' | redis-cli -s "$place/sock/live" >"$place/acknowledged" 2>/dev/null &
  load=$!
  running "$load"
  until_true test -s "$place/acknowledged"
}
stop_load() { kill "$load"; }
