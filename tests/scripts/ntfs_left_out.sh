#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The paging and hibernation files of an NTFS volume are left out: they come back as zeros, everything else as it was, and the file
# system is sound. No mount is needed: ntfscp fills the volume.
# shellcheck source=tests/scripts/lib/umbra.bash
. "$SOURCE_DIR/tests/scripts/lib/umbra.bash"
for tool in mkntfs ntfscp ntfscat ntfsresize ntfsfix; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done

truncate -s 24M disk.img
mkntfs -q -F -Q disk.img >mkntfs.log 2>&1
random_bytes 1 3000000 >pagefile.sys
random_bytes 2 2000000 >HiberFil.sys
random_bytes 3 1500000 >document
for file in pagefile.sys HiberFil.sys document; do ntfscp -q -f disk.img "$file" "$file" >ntfscp.log 2>&1; done

umbra 0 init vault
umbra 0 backup disk.img --to vault --name without --json
json 'd["image"]["sources"][0]["excluded_bytes"] >= 5000000'
umbra 0 restore vault::without --to back.img --quiet
ntfsresize --info --force back.img >check.log 2>&1
ntfsfix -n back.img >check.log 2>&1
ntfscat -f back.img document 2>/dev/null >found
same_bytes found document
for file in pagefile.sys HiberFil.sys; do
  head -c "$(stat -c %s "$file")" /dev/zero >zeros
  ntfscat -f back.img "$file" 2>/dev/null >found
  same_bytes found zeros
done

umbra 0 backup disk.img --to vault --name with --exclude-nothing --json
json 'd["image"]["sources"][0]["excluded_bytes"] == 0'
umbra 0 restore vault::with --to back.img --quiet --yes
for file in pagefile.sys HiberFil.sys document; do
  ntfscat -f back.img "$file" 2>/dev/null >found
  same_bytes found "$file"
done

# In doubt nothing is left out.
ntfsfix disk.img >check.log 2>&1
umbra 0 backup disk.img --to vault --name dirty --json
json 'd["image"]["sources"][0]["excluded_bytes"] == 0' 'd["image"]["sources"][0]["unallocated_bytes"] == 0'
