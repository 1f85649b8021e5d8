#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the program tells about itself, and what it answers to a command that it does not know.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

verbs=(init backup list info inspect diff verify restore shadow bench)

umbra 0 --version
[[ $(cat out) =~ ^umbra\ [0-9]+\.[0-9]+\.[0-9]+\ \(image\ format\ 1\)$ ]] || fail "not a version"
silent err

for flag in --help -h; do
  umbra 0 "$flag"
  says out "${verbs[@]}" 'umbra init ' 'VAULT::NAME' 'Exit codes: 0 done, 1 failed, 2 usage' "--help"
  silent err
done
cp out whole
umbra 0 help
same_bytes out whole
# Without any argument the same, but it is no success: scripts notice.
umbra 2
same_bytes out whole

# expect_help VERB...: what the help of a verb has to have
expect_help() {
  umbra 0 "$@" --help
  says out "Usage: umbra $*" --json --quiet 'Exit codes: 0 ' "umbra $* "
  grep -Eq "Examples?:" out || fail "no example"
  awk 'length > 120 { exit 1 }' out || fail "a line is too long"
  lacks out 'UINT'
  lacks out 'FLOAT'
  silent err
}
for verb in create list show delete expose unexpose revert providers storage writers; do expect_help shadow $verb; done

for verb in "${verbs[@]}"; do
  [ "$verb" != shadow ] || continue
  expect_help "$verb"
  cp out of_verb
  umbra 0 help "$verb"
  same_bytes out of_verb
done

refuses 2 "there is no verb 'restor'; did you mean 'restore'?" restor x --to y
refuses 2 "there is no verb 'backpu'; did you mean 'backup'?" backpu
refuses 2 "there is no verb 'frobnicate'; 'umbra --help' lists them" frobnicate
refuses 2 "there is no verb 'frobnicate'" help frobnicate
refuses 2 "'--versoin'" --versoin
umbra 2 --json list x
says err "options stand behind the verb, as in 'umbra list VAULT --json'"
json 'd["error"] == "usage"'
refuses 2 "'umbra help backup' shows how" backup
refuses 2 "SOURCE" backup --to x
refuses 2 "--to" backup x
refuses 2 "'--frob'" backup x --to y --frob
refuses 2 "'b' is too much" list a b c
refuses 2 "--to" backup x --to

# A usage error reaches programs, too.
umbra 2 list --json a b
json 'd["event"] == "error"' 'd["error"] == "usage"' 'd["message"].startswith("list: ")'
