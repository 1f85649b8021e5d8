#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A PostgreSQL under load is backed up as a user does it, its image restored elsewhere, and a server started on that: every
# transaction that was committed before is there, and none by half.
# shellcheck source=tests/support/writer_kit.sh
. "$SOURCE_DIR/tests/support/writer_kit.sh"
# shellcheck source=tests/support/server_kit.sh
. "$SOURCE_DIR/tests/support/server_kit.sh"
# shellcheck source=tests/support/postgresql_kit.sh
. "$SOURCE_DIR/tests/support/postgresql_kit.sh"
# shellcheck source=tests/support/server_backup_kit.sh
. "$SOURCE_DIR/tests/support/server_backup_kit.sh"
needs mkfs.xfs

make_host 2G
make_disk 700M
make_server
start_server "$place/disk/data" 5432
start_load
make_vault postgresql
export UMBRA_WRITER_POSTGRESQL="socket=$place/sock"
label='"LABEL: umbra" in components'
back_up full PostgreSQL "$label"
load_goes_on
back_up incremental PostgreSQL "$label"
load_goes_on
stop_load
stop "$server" INT

# restored IMAGE KIND
restored() {
  restore_copy "$1"
  rm -f "$place/copy/data/postmaster.pid"
  start_server "$place/copy/data" 5433
  check_copy "$(cat "at_freeze.$2")"
  stop "$server" INT
  unmount_copy
}
restored vault::db@1 full
restored vault::db incremental
info_tells PostgreSQL
