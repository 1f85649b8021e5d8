#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a guest with the device mapper: shadow copies of several logical volumes at one instant, exposed, deleted and reverted to; and
# copies that outlive a reboot.
set -euo pipefail
. "$SOURCE_DIR/tests/vm/lib/lvm.bash"
lvm_guest_begin
lvm_guest_run lvm_sets
echo "reboot"
lvm_guest_run lvm_after_reboot
