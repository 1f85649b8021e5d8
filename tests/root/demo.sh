#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The tour that `./run demo` shows: with a loop device, with files only, and when it is ended in the middle. It leaves nothing.
# shellcheck source=tests/support/disks.sh
. "$SOURCE_DIR/tests/support/disks.sh"
need_loop_devices
need_tools mke2fs debugfs sfdisk python3

mkdir tour
export TMPDIR=$PWD/tour
demo=$SOURCE_DIR/tests/demo/demo.sh
expect_nothing_left() {
  ! readlink /proc/[0-9]*/cwd | grep -F "$TMPDIR/" || fail 'the tour left a process'
  ! grep -F "$TMPDIR/" /proc/self/mountinfo || fail 'the tour left a mount'
  [ -z "$(ls -A tour)" ] || fail "the tour left $(ls -A tour)"
  ! losetup --list --noheadings --output BACK-FILE | grep -F "$TMPDIR/" || fail 'the tour left a loop device'
}

say 'on a loop device'
expect_exit 0 "$demo" --size 120M
expect_said 'It is /dev/loop'
expect_said '1 .* Linux file system .* ext4'
expect_said 'DAMAGED'
if grep -q 'It is mounted' said; then
  expect_said 'application-consistent, copied by reflink'
  expect_said 'meanwhile the application counted from'
  for day in monday tuesday wednesday; do expect_said "$day .*log at [0-9]*, count at [0-9]*: one instant"; done
else
  expect_said 'the file system is unmounted for each image'
  expect_said 'wednesday .* the same'
fi
expect_said 'cmp finds no difference'
expect_said '^  wednesday  incremental .*MiB/s'
expect_nothing_left

say 'on files'
expect_exit 0 "$demo" --size 40M --files
expect_said 'It is disk.img'
expect_said '^  wednesday  incremental .*MiB/s'
expect_nothing_left

say 'ended in the middle'
"$demo" --size 120M >ended 2>&1 &
tour=$!
until grep -q '^2\.' ended; do
  kill -0 $tour || fail "the tour ended by itself: $(tail -n 3 ended)"
  sleep 0.1
done
kill $tour
code=0
wait $tour || code=$?
[ $code -eq 143 ] || fail "exit code $code instead of 143"
expect_nothing_left

say 'called wrongly'
expect_exit 1 "$demo" --sise 40M
expect_exit 1 env TMPDIR=/proc "$demo"
