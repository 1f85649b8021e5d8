#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Vaults and images of later versions: refused with the name of what is lacking, or read correctly.
# shellcheck source=tests/scripts/lib/umbra.bash
source "$SOURCE_DIR/tests/scripts/lib/umbra.bash"

python -c 'import xxhash' 2>/dev/null || skip "python3-xxhash is missing"

# alter FILE CODE: changes the superblock s (a bytearray) and seals it anew.
alter() {
  PYTHONPATH=$SOURCE_DIR/tests/conformance python - "$1" "$2" <<'PYTHON'
import struct, sys
from umbra_hashes import blake3
with open(sys.argv[1], "r+b") as file:
    s = bytearray(file.read(4096))
    def feature(word, bit, name):
        struct.pack_into("<Q", s, 56 + 8 * word, struct.unpack_from("<Q", s, 56 + 8 * word)[0] | 1 << bit)
        at = next(i for i in range(1024, 3072, 32) if s[i + 2] == 0)
        s[at:at + 32] = bytes([word, bit]) + name.encode().ljust(30, b"\0")
    exec(sys.argv[2])
    s[4064:] = blake3(bytes(s[:4064]))
    file.seek(0)
    file.write(s)
PYTHON
}

make_source disk
umbra 0 init good
umbra 0 backup disk --to good --name a
umbra 0 backup disk --to good.umbra
fresh() {
  rm -rf v
  cp -r good v
  cp good.umbra v.umbra
}

fresh
alter v/vault 'struct.pack_into("<H", s, 8, 2)'
for verb in 'list v' 'verify v' 'info v::a' 'restore v::a --to back' 'backup disk --to v'; do
  # shellcheck disable=SC2086 # words
  refuses 1 'v: vault superblock: format version 2.0; this build reads version 1: made by a newer version' $verb
done
alter v.umbra 'struct.pack_into("<HH", s, 8, 3, 4)'
for verb in 'verify v.umbra' 'info v.umbra' 'restore v.umbra --to back' 'backup disk --to next.umbra --parent v.umbra'; do
  # shellcheck disable=SC2086
  refuses 1 'v.umbra: format version 3.4; this build reads version 1' $verb
done

# Bits that forbid reading, by the name that they bring along.
fresh
alter v/vault 'feature(0, 17, "quantum-blocks"); feature(0, 40, "time-travel")'
for verb in 'list v' 'verify v' 'info v::a' 'restore v::a --to back' 'backup disk --to v'; do
  # shellcheck disable=SC2086
  refuses 1 'v: needs quantum-blocks (incompat bit 17), time-travel (incompat bit 40): uses features this version does not know' $verb
done
alter v.umbra 'feature(0, 0, "encryption")'
refuses 1 'v.umbra: needs encryption (incompat bit 0)' info v.umbra
refuses 1 'v.umbra: needs encryption (incompat bit 0)' verify v.umbra

# Bits that forbid adding: everything else goes on.
fresh
alter v/vault 'feature(1, 3, "careful-writers")'
refuses 1 'v: needs careful-writers (ro_compat bit 3)' backup disk --to v --name a
umbra 0 list v
umbra 0 verify v --deep
umbra 0 restore v::a --to back
same_bytes back disk

# Bits that concern collectors, or nobody.
fresh
alter v/vault 'feature(2, 5, "new-prune"); feature(3, 6, "hints")'
umbra 0 backup disk --to v --name a
says out 'incremental image'
umbra 0 verify v --deep
umbra 0 verify good --deep
absent next.umbra
