#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A MariaDB under load is backed up as a user does it, its image restored elsewhere, and a server started on that: every
# transaction that was committed before is there, none by half, and its own check finds no fault.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/mariadb_kit.sh
. "$SOURCE_DIR/tests/support/mariadb_kit.sh"
# shellcheck source=tests/support/server_backup_kit.sh
. "$SOURCE_DIR/tests/support/server_backup_kit.sh"
needs mkfs.xfs

make_host 2G
make_disk 700M
make_server
# Not even what was committed reaches the disk at once: the writer has to see to it.
start_server "$place/disk/data" live --log-bin=binlog --innodb-flush-log-at-trx-commit=0
start_load
make_vault mariadb
export UMBRA_WRITER_MARIADB="socket=$place/sock/live"
position='"binlog_position" in components'
back_up full MariaDB "$position"
load_goes_on
back_up incremental MariaDB "$position"
load_goes_on
stop_load
stop "$server" TERM

# restored IMAGE KIND
restored() {
  restore_copy "$1"
  start_server "$place/copy/data" copy
  check_copy "$(cat "at_freeze.$2")"
  [ "$highest" -lt "$(acknowledged)" ] || fail "the copy holds what was committed after it"
  stop "$server" TERM
  unmount_copy
}
restored vault::db@1 full
restored vault::db incremental
info_tells MariaDB
