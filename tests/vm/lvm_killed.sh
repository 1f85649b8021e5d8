#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a guest with the device mapper: whenever the program is killed, logical volumes go on, and what is left is found and deleted.
set -euo pipefail
. "$SOURCE_DIR/tests/vm/lib/lvm.bash"
lvm_guest_begin
lvm_guest_run lvm_killed
