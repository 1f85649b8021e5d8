#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a guest with the device mapper: images of mounted logical volumes, thick and thin, taken while a program writes to them.
set -euo pipefail
. "$SOURCE_DIR/tests/vm/lib/lvm.bash"
lvm_guest_begin
lvm_guest_run lvm_backup
