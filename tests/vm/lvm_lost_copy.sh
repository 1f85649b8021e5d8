#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a guest with the device mapper: a shadow copy whose area overflows while a backup reads it makes no image.
set -euo pipefail
. "$SOURCE_DIR/tests/vm/lib/lvm.bash"
lvm_guest_begin
lvm_guest_run lvm_lost_copy
