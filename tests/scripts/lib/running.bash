# shellcheck shell=bash disable=SC2034 # variables of the scripts
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts that do something to a backup while it runs. Source it after umbra.bash.

# A backup of this with these options takes many seconds: long enough for any signal to find it in the middle.
slow_options=(--codec zstd --level 19 --threads 1)

# make_slow_source FILE: 64 MiB of words, no two blocks of them equal.
make_slow_source() {
  python - "$1" <<'PYTHON'
import random, sys
rng = random.Random(1)
words = [bytes(rng.choices(b"abcdefghijklmnop", k=rng.randint(3, 9))) + b" " for _ in range(4096)]
with open(sys.argv[1], "wb") as file:
    mib = b"".join(rng.choices(words, k=170000))[:1 << 20]
    for _ in range(64):
        # The same words in another order: quick to make, and new to every block.
        at = rng.randrange(1 << 20)
        mib = mib[at:] + mib[:at]
        piece = bytearray(mib)
        for place in range(0, 1 << 20, 4096):
            piece[place:place + 8] = rng.randbytes(8)
        file.write(piece)
PYTHON
}

running=
# Nothing of a test lives longer than it.
kill_running() {
  if [ -n "$running" ]; then kill -KILL "$running"; wait "$running"; fi 2>/dev/null
}
at_exit kill_running

# start ARGUMENT...: runs umbra in the background, in a process group of its own, so that it gets SIGINT like a foreground command.
# It is the process $running; what it says goes to running.out and running.err.
start() {
  last_command="(in the background) umbra $*"
  set -m
  "$UMBRA" "$@" >running.out 2>running.err &
  running=$!
  set +m
}

# still_running_until WORDS COMMAND...: waits until the command succeeds, which must be before the backup ends.
still_running_until() {
  local words=$1
  shift
  until "$@"; do
    kill -0 "$running" 2>/dev/null || fail "it ended before $words: $(cat running.out running.err)"
    sleep 0.01
  done
}

packs_in() { find "$1/packs" -type f 2>/dev/null | wc -l; }
more_packs_than() { [ "$(packs_in "$1")" -gt "$2" ]; }

# ended CODE: waits for its end, which must be with CODE.
ended() {
  local code=0
  wait "$running" 2>/dev/null || code=$?
  running=
  cp running.out out
  cp running.err err
  [ "$code" = "$1" ] || fail "exit code $code instead of $1"
}

# with_pending SIGNAL ARGUMENT...: runs umbra with a signal that waits for it from the start. Repeats until the signal has won against
# the work. As umbra 5.
with_pending() {
  local signal=$1 code
  shift
  last_command="(with SIG$signal waiting for it) umbra $*"
  for (( ; ; )); do
    code=0
    python -c 'import os, signal, sys
number = getattr(signal, "SIG" + sys.argv[1])
signal.pthread_sigmask(signal.SIG_BLOCK, {number})
os.kill(os.getpid(), number)
os.execv(sys.argv[2], sys.argv[2:])' "$signal" "$UMBRA" "$@" >out 2>err || code=$?
    [ $code = 0 ] || break
  done
  [ $code = 5 ] || fail "exit code $code instead of 5"
}
