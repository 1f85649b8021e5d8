#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a map of map_volume against the blocks that are in use by another program's count.

  map_checks.py --dumpe2fs TEXT MAP [--larger-by PERCENT]    what dumpe2fs does not list as free
  map_checks.py --map MAP MAP                                what another map claims: the first in the second

Exit code 1 if the map lacks a byte of it, or claims more than so many per cent more. Prints both sums.
"""
import argparse
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from same_blocks import used_of_dumpe2fs  # noqa: E402 # pylint: disable=wrong-import-position


def missing(wanted, used):
    """Ranges of `wanted` that `used` does not cover; both sorted (offset, size)."""
    i = 0
    for offset, size in wanted:
        end = offset + size
        while offset < end:
            while i < len(used) and used[i][0] + used[i][1] <= offset:
                i += 1
            if i == len(used) or used[i][0] >= end:
                yield offset, end - offset
                break
            if used[i][0] > offset:
                yield offset, used[i][0] - offset
            offset = min(end, used[i][0] + used[i][1])


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumpe2fs")
    parser.add_argument("--map")
    parser.add_argument("--larger-by", type=float)
    parser.add_argument("ours")
    arguments = parser.parse_args()
    if arguments.dumpe2fs:
        wanted = list(used_of_dumpe2fs(read(arguments.dumpe2fs)))
    else:
        wanted = json.loads(read(arguments.map))["used"]
    used = json.loads(read(arguments.ours))["used"]
    lacking = list(missing(wanted, used))
    if lacking:
        sys.exit(f"map_checks: {sum(s for _, s in lacking)} bytes are missing, the first at {lacking[0][0]}")
    want, have = sum(s for _, s in wanted), sum(s for _, s in used)
    if arguments.larger_by is not None and have > want * (1 + arguments.larger_by / 100) + 4096:
        sys.exit(f"map_checks: {have} bytes, where {want} would do")
    print(want, have)


if __name__ == "__main__":
    main()
