# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the test scripts share: run the binary, say what must come out, make data. A script sources it first and then works in the
# empty folder that tests/run_script.sh gives it. The first expectation that does not hold ends the script.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # mke2fs, debugfs

last_command='(nothing yet)'

# Debian's, which has the modules that setup installs.
python() { PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$@"; }

# fail WORDS: ends the test; shows the line of the script that wanted something, and what the last command said.
fail() {
  local i where=$0
  for ((i = 1; i < ${#BASH_SOURCE[@]}; ++i)); do
    if [ "${BASH_SOURCE[i]}" = "$0" ]; then where="$0:${BASH_LINENO[i - 1]}"; fi
  done
  {
    echo "$where: $*"
    echo "  last command: $last_command"
    if [ -s out ]; then sed 's/^/  out: /' out | head -n 40; fi
    if [ -s err ]; then sed 's/^/  err: /' err | head -n 40; fi
  } >&2
  exit 1
}
trap 'fail "a command failed"' ERR
set -o errtrace

# at_exit COMMAND: when the script ends, however it does; the latest first.
exit_commands=()
at_exit() { exit_commands=("$1" "${exit_commands[@]}"); }
run_exit_commands() {
  local command
  set +e
  trap - ERR
  for command in "${exit_commands[@]}"; do eval "$command"; done
}
trap run_exit_commands EXIT

skip() {
  echo "skipped: $*"
  exit 77
}

# umbra CODE ARGUMENT...: runs the binary, whose exit code must be CODE. What it said is in the files out and err.
umbra() {
  local wanted=$1 code=0
  shift
  last_command="umbra $*"
  "$UMBRA" "$@" >out 2>err || code=$?
  [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted"
}

# refuses CODE TEXT ARGUMENT...: the command must fail with CODE and say TEXT in one line, or two, on standard error, and nothing
# on standard output.
refuses() {
  local wanted=$1 text=$2
  shift 2
  umbra "$wanted" "$@"
  says err "$text"
  [ ! -s out ] || fail "an error, and yet something on standard output"
  [[ $(head -n 1 err) == 'umbra: '* ]] || fail "an error starts with 'umbra: '"
  [ "$(wc -l <err)" -le 2 ] || fail "an error takes two lines at most"
}

# says FILE TEXT...: each TEXT stands in FILE as it is.
says() {
  local file=$1 text
  shift
  for text in "$@"; do
    grep -qF -- "$text" "$file" || fail "$file does not say: $text"
  done
}

# lacks FILE TEXT: the opposite.
lacks() {
  if grep -qF -- "$2" "$1"; then fail "$1 says: $2"; fi
}

# silent FILE...: nothing was said there.
silent() {
  local file
  for file in "$@"; do [ ! -s "$file" ] || fail "$file should be empty"; done
}

# json CONDITION...: standard output was JSON, one document a line, and each condition, in Python, holds: d is the last document,
# docs is the list of all.
json() {
  python - "$@" <<'PYTHON' || fail "JSON is not as expected"
import json, sys
docs = [json.loads(line) for line in open("out", encoding="utf-8")]
assert docs, "no JSON at all"
d = docs[-1]
for condition in sys.argv[1:]:
    if not eval(condition, {"d": d, "docs": docs}):
        sys.exit("does not hold: %s\n  of %s" % (condition, json.dumps(d)))
PYTHON
}

# json_value EXPRESSION: prints it.
json_value() {
  python -c 'import json, sys
d = [json.loads(line) for line in open("out", encoding="utf-8")][-1]
print(eval(sys.argv[1]))' "$1"
}

# tame FILE: nothing in it steers a terminal: no control characters but line ends, no turn of the direction of writing.
tame() {
  if LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f\xff]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$1"; then
    fail "$1 says what a terminal must not get: $(od -c "$1")"
  fi
}

same_bytes() { cmp -s "$1" "$2" || fail "$1 and $2 are not the same: $(cmp "$1" "$2" 2>&1)"; }
absent() {
  local path
  for path in "$@"; do [ ! -e "$path" ] || fail "$path should not be there"; done
}

# wait_for WORDS COMMAND...: until the command succeeds. The tests' own time limit is the only clock.
wait_for() {
  local words=$1
  shift
  last_command="waiting until $words"
  until "$@"; do sleep 0.02; done
}

# random_bytes SEED SIZE: incompressible, the same every time.
random_bytes() {
  python -c 'import random, sys
sys.stdout.buffer.write(random.Random(int(sys.argv[1])).randbytes(int(sys.argv[2])))' "$1" "$2"
}

# scribble FILE OFFSET SIZE SEED: other bytes in the middle of a file.
scribble() { random_bytes "$4" "$3" | dd of="$1" bs=64K oflag=seek_bytes seek="$2" conv=notrunc status=none; }

# make_source FILE [SEED]: 1 MiB: data, zeros, a hole, data.
make_source() {
  local seed=${2:-1}
  {
    random_bytes "$seed" 300000
    head -c 200000 /dev/zero
  } >"$1"
  truncate -s 900K "$1"
  random_bytes "$((seed + 1000))" 126976 >>"$1"
}

# make_disk FILE SIZE: a partitioned disk whose ext4 holds sources of this repository.
make_disk() { "$SOURCE_DIR/tests/support/make_disk.sh" "$1" "$2" --files "$SOURCE_DIR/engine" --no-mount; }
