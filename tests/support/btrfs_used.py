#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what of a Btrfs is in use as a ddrescue domain file (same_blocks.py --domain): the superblocks, and every extent that
`btrfs inspect-internal dump-tree` lists, at each place that the chunks give it.

  btrfs_used.py VOLUME            the domain
  btrfs_used.py --total VOLUME    the number of bytes

--within FILE: only what that domain file has, too.
"""
import argparse
import os
import re
import subprocess
import sys

SUPERBLOCKS = (64 << 10, 64 << 20, 256 << 30)


def dump(volume, *words):
    return subprocess.run(["btrfs", "inspect-internal", *words, volume], check=True, stdout=subprocess.PIPE, text=True).stdout


def chunks_of(volume):
    """(logical, size, [places])"""
    chunks = []
    for line in dump(volume, "dump-tree", "-t", "chunk").splitlines():
        if match := re.search(r"key \(FIRST_CHUNK_TREE CHUNK_ITEM (\d+)\)", line):
            chunks.append([int(match[1]), 0, []])
        elif match := re.match(r"\t\tlength (\d+) owner", line):
            chunks[-1][1] = int(match[1])
        elif match := re.match(r"\t\t\tstripe \d+ devid \d+ offset (\d+)", line):
            chunks[-1][2].append(int(match[1]))
    return chunks


def extents_of(volume, node_size):
    """(logical, size)"""
    # Tree blocks show their first keys, too, which may look the same.
    item = re.compile(r"^\titem \d+ key \((\d+) (EXTENT_ITEM|METADATA_ITEM) (\d+)\)", re.M)
    for match in item.finditer(dump(volume, "dump-tree", "-t", "extent")):
        yield int(match[1]), int(match[3]) if match[2] == "EXTENT_ITEM" else node_size


def used_of(volume):
    """Ranges (begin, end) of the device, sorted and merged."""
    info = dump(volume, "dump-super")
    node_size = int(re.search(r"^nodesize\s+(\d+)", info, re.M).group(1))
    device_size = int(re.search(r"^dev_item.total_bytes\s+(\d+)", info, re.M).group(1))
    chunks = chunks_of(volume)
    used = [(at, at + 4096) for at in SUPERBLOCKS if at + 4096 <= device_size]
    for logical, size in extents_of(volume, node_size):
        homes = [c for c in chunks if c[0] <= logical and logical + size <= c[0] + c[1]]
        if len(homes) != 1:
            sys.exit(f"btrfs_used: {logical} lies in {len(homes)} chunks")
        for place in homes[0][2]:
            begin = place + logical - homes[0][0]
            used.append((begin, begin + size))
    merged = []
    for begin, end in sorted(used):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def within(used, path):
    """What of `used` the domain file at `path` lists as used."""
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    theirs = sorted((int(w[0], 16), int(w[0], 16) + int(w[1], 16)) for w in lines[1:] if w[2] == "+")
    for begin, end in used:
        for other_begin, other_end in theirs:
            if max(begin, other_begin) < min(end, other_end):
                yield max(begin, other_begin), min(end, other_end)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--total", action="store_true")
    parser.add_argument("--within")
    parser.add_argument("volume")
    arguments = parser.parse_args()
    os.environ["LC_ALL"] = "C"
    used = used_of(arguments.volume)
    if arguments.within:
        used = list(within(used, arguments.within))
    if arguments.total:
        print(sum(end - begin for begin, end in used))
        return
    print("0x0 +")
    for begin, end in used:
        print(f"{begin:#x} {end - begin:#x} +")


if __name__ == "__main__":
    main()
