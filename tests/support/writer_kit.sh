# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts that drive writers: play (a session against one writer), and words for what must hold.
set -euo pipefail

writer_play=$(dirname "$UMBRA")/../tests/writer_play
# shellcheck disable=SC2034 # for who reads this
writers=$SOURCE_DIR/cli/writers.d

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# play EXIT-CODE ARGUMENT...: the answers are in $SCRATCH/answers.
play() {
  local expected=$1 code=0
  shift
  "$writer_play" "$@" >"$SCRATCH/answers" 2>&1 || code=$?
  [ "$code" -eq "$expected" ] || {
    cat "$SCRATCH/answers" >&2
    fail "writer_play $*: exit code $code, not $expected"
  }
}

# answered REGEX: a line of the answers matches.
answered() {
  grep -Eq -- "$1" "$SCRATCH/answers" || {
    cat "$SCRATCH/answers" >&2
    fail "no answer like '$1'"
  }
}

# until_true COMMAND...: as long as it takes; the test's own time limit ends what never comes.
until_true() {
  until "$@"; do sleep 0.1; done
}
