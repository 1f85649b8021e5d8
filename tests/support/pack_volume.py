#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs a small volume for tests/support/packed_volume.h: only what holds something is kept.

  pack_volume.py VOLUME PACKED [OFFSET:SIZE]...     bytes that do not matter
"""
import struct
import sys

UNIT = 16


def main():
    with open(sys.argv[1], "rb") as file:
        volume = bytearray(file.read())
    for argument in sys.argv[3:]:
        first, _, count = argument.partition(":")
        at = int(first)
        end = min(at + int(count), len(volume))
        volume[at:end] = bytes(end - at)
    units = [bytes(volume[at : at + UNIT]) for at in range(0, len(volume), UNIT)]
    # How a unit is kept: as one byte, as bytes, or (None) not at all.
    kinds = [None if not any(s) else (s[0] if s == s[:1] * len(s) else "bytes") for s in units]
    with open(sys.argv[2], "wb") as out:
        out.write(struct.pack("<I", len(units)))
        at = 0
        while at < len(units):
            end = at + 1
            while end < len(units) and kinds[end] == kinds[at] and end - at < 0xFFFF:
                end += 1
            if kinds[at] == "bytes":
                out.write(struct.pack("<IHBB", at, end - at, 0, 0) + b"".join(units[at:end]))
            elif kinds[at] is not None:
                out.write(struct.pack("<IHBB", at, end - at, 1, kinds[at]))
            at = end


main()
