#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""altered_copy.py NUMBER BYTES TARGET FOLDER...: copies regular files of the folders, BYTES in all, into the folder TARGET.

Every byte but zero is exchanged for another one, the same everywhere, a different one for each NUMBER (1 to 254). So a copy has
the sizes, the zeros, the repetitions and the compressibility of its original, and no block in common with it: where a machine has
too few files to fill a disk, copies fill it without turning the disk into duplicates."""
import os
import sys


def files_of(folder):
    device = os.stat(folder).st_dev
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if os.lstat(os.path.join(path, f)).st_dev == device)
        for name in sorted(names):
            file = os.path.join(path, name)
            if os.path.isfile(file) and not os.path.islink(file):
                yield file


def main():
    number, left, target = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    exchange = bytes([0]) + bytes((b - 1 + number) % 255 + 1 for b in range(1, 256))
    for folder in sys.argv[4:]:
        for file in files_of(folder):
            if left <= 0:
                return
            try:
                with open(file, "rb") as original:
                    data = original.read(left)
            except OSError:
                continue
            left -= len(data)
            copy = target + file
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            with open(copy, "wb") as out:
                out.write(data.translate(exchange))


main()
