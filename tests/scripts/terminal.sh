#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# On a terminal: a progress line that goes away again, the question before an overwrite, Ctrl-C.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
# shellcheck source=tests/scripts/lib/running.bash
source "$SOURCE_DIR/tests/scripts/lib/running.bash"
# shellcheck source=tests/scripts/lib/terminal.bash
source "$SOURCE_DIR/tests/scripts/lib/terminal.bash"

clear_line=$(printf '\r\033[K')

make_source disk
make_slow_source slow
umbra 0 init v
umbra 0 backup disk --to v --name disk

# The line shows what is done, how far, how fast, how long; Ctrl-C ends it, and it leaves nothing but the last word.
on_terminal 5 'see:backing up' 'see: %  ' 'see:/s  ' 'see: of 64.0 MiB' 'see: left' 'type:\x03' -- backup slow --to v "${slow_options[@]}"
tail -n 1 out | grep -qF "${clear_line}umbra: backup: cancelled" || fail "the line was not cleared"
on_terminal 5 columns:30 'see:backing up' 'see:%' 'see:%' 'type:\x03' -- backup slow --to v "${slow_options[@]}"
tr '\r' '\n' <out | sed 's/\x1b\[K//; /cancelled/d; /\^C/d' | awk 'length > 29 { exit 1 }' || fail "wider than the terminal"

# Quiet means quiet here, too.
on_terminal 0 -- backup disk --to v --name disk --quiet
silent out
on_terminal 0 'see:incremental image' -- backup disk --to v --name disk

# The question names the target, and only its path is a yes.
truncate -s 1M target
cp target before
question="This overwrites target with image disk of 2"
for answer in 'no\n' 'yes\n' '\n' 'targe\n' '\x04'; do
  on_terminal 5 "see:$question" "see:Type the target's path to go on:" "type:$answer" -- restore v::disk --to target
  says out 'not confirmed'
  same_bytes target before
done
on_terminal 5 'see:to go on:' 'type:\x03' -- restore v::disk --to target
says out 'not confirmed'
same_bytes target before
on_terminal 0 'see:to go on:' 'type:target\n' 'see:restored 1.0 MiB to target' -- restore v::disk --to target
same_bytes target disk
# No question where nothing is lost, where nothing is done, and where it was answered already.
on_terminal 0 -- restore v::disk --to new
on_terminal 0 'see:will be overwritten' -- restore v::disk --to target --plan
on_terminal 0 -- restore v::disk --to target --yes
lacks out 'go on'
