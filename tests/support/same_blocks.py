#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the blocks of two disks that another program says are in use.

  dumpe2fs A | same_blocks.py --dumpe2fs A B      what dumpe2fs does not list as free
  same_blocks.py --domain FILE A B                what a domain file of partclone -D lists as used

--offset N: the file system lies there on both disks. Prints how many bytes were compared; exit code 1 if any differ.
"""
import argparse
import os
import re
import sys

STEP = 1 << 20


def free_of_dumpe2fs(text):
    """Block size, number of blocks, and the free blocks as sorted (first, last)."""
    size = int(re.search(r"^Block size: +(\d+)", text, re.M).group(1))
    count = int(re.search(r"^Block count: +(\d+)", text, re.M).group(1))
    cluster = re.search(r"^Cluster size: +(\d+)", text, re.M)
    more = int(cluster.group(1)) // size - 1 if cluster else 0  # the last block of a range is the first one of its cluster
    free = []
    for line in re.findall(r"^  Free blocks: (.+)$", text, re.M):
        for part in line.split(","):
            first, _, last = part.strip().partition("-")
            free.append((int(first), min(int(last or first) + more, count - 1)))
    return size, count, sorted(free)


def used_of_dumpe2fs(text):
    size, count, free = free_of_dumpe2fs(text)
    at = 0
    for first, last in free + [(count, count)]:
        if first > at:
            yield at * size, (first - at) * size
        at = last + 1


def used_of_domain(text):
    """Lines "0xOFFSET 0xSIZE +" of a ddrescue domain file; the first line that is no comment is a position."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    for words in lines[1:]:
        if words[2] == "+":
            yield int(words[0], 16), int(words[1], 16)


def differing(a, b, offset, size):
    """Offsets where pieces of a range differ."""
    for at in range(offset, offset + size, STEP):
        length = min(STEP, offset + size - at)
        one = os.pread(a, length, at)
        if len(one) != length:
            sys.exit(f"same_blocks: short read at {at}")
        if one != os.pread(b, length, at):
            yield at


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumpe2fs", action="store_true")
    parser.add_argument("--domain")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("a")
    parser.add_argument("b")
    arguments = parser.parse_args()
    if arguments.domain:
        with open(arguments.domain, encoding="ascii") as file:
            used = list(used_of_domain(file.read()))
    else:
        used = list(used_of_dumpe2fs(sys.stdin.read()))
    a = os.open(arguments.a, os.O_RDONLY)
    b = os.open(arguments.b, os.O_RDONLY)
    bad = [at for offset, size in used for at in differing(a, b, arguments.offset + offset, size)]
    total = sum(size for _, size in used)
    if total == 0:
        sys.exit("same_blocks: nothing is in use, which cannot be")
    if bad:
        sys.exit(f"same_blocks: {len(bad)} pieces differ, the first at {bad[0]}")
    print(total)


if __name__ == "__main__":
    main()
