# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts that run the program on a terminal. Source it after umbra.bash.

# on_terminal CODE STEP... -- ARGUMENT...: what was shown is in the file out.
on_terminal() {
  local wanted=$1 steps=() code=0
  shift
  while [ "$1" != -- ]; do
    steps+=("$1")
    shift
  done
  shift
  last_command="(on a terminal: ${steps[*]}) umbra $*"
  : >err
  python "$SOURCE_DIR/tests/scripts/lib/on_terminal.py" out "${steps[@]}" -- "$UMBRA" "$@" 2>err || code=$?
  [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted"
}
