#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The writer that stops and starts services, with a systemctl of our own: a unit runs if a file of its name exists.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"

mkdir running state conf
cat >systemctl <<SCRIPT
#!/bin/sh
cd '$PWD' || exit 1
for unit; do :; done
case \$1 in
  is-active) [ -e "running/\$unit" ] ;;
  stop) echo "stop \$unit" >>log; [ "\$unit" != stubborn.service ] && rm "running/\$unit" ;;
  start) echo "start \$unit" >>log; : >"running/\$unit" ;;
esac
SCRIPT
chmod +x systemctl
environment=(--env "UMBRA_WRITER_SYSTEMCTL=$PWD/systemctl" --env "UMBRA_WRITER_STATE=$PWD/state" --env "UMBRA_WRITER_CONFIG=$PWD/conf")
units() { play "$@" "${environment[@]}" -- "$writers/systemd-units"; }
log() {
  [ "$(tr '\n' , <log)" = "$1" ] || fail "$(cat log): not $1"
  : >log
}
: >log

units 3
answered '^hello: absent$'

printf '[shop]\nunits = web.service queue.service idle.service\n[other]\nunits = other.service\npaths = /nowhere\n' >conf/systemd-units.conf
touch running/{web,queue,other}.service
units 0 --volume "$PWD" --after prepare_snapshot '[ ! -e running/web.service ] && [ ! -e running/queue.service ] && [ -e running/other.service ]' \
  --after thaw '[ -e running/web.service ] && [ -e running/queue.service ]'
log 'stop web.service,stop queue.service,start queue.service,start web.service,'
[ ! -e running/idle.service ] || fail "a unit that did not run was started"

# Whatever ends the session, they run again.
units 1 --after freeze false
log 'stop web.service,stop queue.service,start queue.service,start web.service,'
units 0 --stop-after prepare_snapshot
log 'stop web.service,stop queue.service,start queue.service,start web.service,'

# A unit that came back, or that does not stop, is a failure, and the others run again.
units 1 --after prepare_snapshot 'touch running/web.service'
answered '^freeze: VSS_E_WRITERERROR_RETRYABLE.*web.service was started again'
: >log
printf '[shop]\nunits = web.service stubborn.service\n' >conf/systemd-units.conf
touch running/stubborn.service
units 1
answered '^prepare_snapshot: VSS_E_WRITERERROR_NONRETRYABLE.*cannot stop stubborn.service'
[ -e running/web.service ] || fail "web.service stayed down"
: >log

# Killed outright: the next session starts what is down.
printf '[shop]\nunits = web.service\n' >conf/systemd-units.conf
cat >killer <<SCRIPT
#!/bin/bash
for process in /proc/[0-9]*; do
  grep -qzx 'UMBRA_WRITER_STATE=$PWD/state' "\$process/environ" 2>/dev/null || continue
  if grep -qz 'writers.d/systemd-units\$' "\$process/cmdline"; then kill -9 "\${process#/proc/}"; fi
done
SCRIPT
chmod +x killer
units 1 --after prepare_snapshot "$PWD/killer"
answered '^freeze: VSS_E_WRITERERROR_RETRYABLE.*signal 9'
[ ! -e running/web.service ] || fail "nobody was there to start web.service, but it runs"
units 0
[ -e running/web.service ] || fail "what a killed session stopped was not started again"
