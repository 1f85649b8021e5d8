#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Damages a volume in many ways, one after the other, and looks at what map_volume makes of each.

  mutated_volumes.py --tool MAP_VOLUME --number N --seed S [--accept COMMAND] [--oracle dumpe2fs|replay|seed] VOLUME

Bytes are changed where something lies that is no file's data. Each time map_volume has 5 seconds of processor time and 256 MiB, must not
crash, and must answer. Where COMMAND ({} is the volume) says with exit code 0 that the volume is in order all the same, the map must have
  dumpe2fs   what dumpe2fs says is in use,
  replay     the same after e2fsck has replayed the journal in a copy,
  seed       what the map of the undamaged volume has.
The volume is afterwards as it was. A damaged one that was found out is kept as VOLUME.found. Prints what was counted.
"""
import argparse
import collections
import json
import os
import random
import resource
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from map_checks import missing  # noqa: E402 # pylint: disable=wrong-import-position
from same_blocks import used_of_dumpe2fs  # noqa: E402 # pylint: disable=wrong-import-position

MEMORY = 256 << 20
SECONDS = 5
UNIT = 512


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    limit_time()


def limit_time():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def limits_for(tool):
    """A program with a sanitizer in it takes terabytes of addresses: it cannot even start with little memory."""
    usage = subprocess.run([tool], capture_output=True, preexec_fn=limit_memory, check=False).returncode
    return limit_memory if usage == 2 else limit_time


def run_tool(tool, limits, volume):
    """The document, or the reason why there is none."""
    # The limit of processor time ends a loop; a process that waits for nothing is ended here.
    try:
        done = subprocess.run([tool, "--all", volume], capture_output=True, preexec_fn=limits, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return None, "it waits"
    if done.returncode != 0:
        return None, f"exit code {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}"
    return json.loads(done.stdout.decode(errors="replace")), None


def shell(command, volume, accepted=(0,)):
    # Checks of damaged volumes may take for ever, or ask; a volume that makes them do that is not in order.
    command = "timeout 20 " + command.replace("{}", volume)
    done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode in accepted, done.stdout.decode(errors="replace")


def metadata_units(volume, document):
    """Offsets of units that are not zero and are no file's."""
    files = sorted(document["files"])
    units = []
    with open(volume, "rb") as file:
        for offset, size in missing(document["used"], files):
            for at in range(offset - offset % UNIT, offset + size, UNIT):
                file.seek(at)
                if any(file.read(UNIT)):
                    units.append(at)
    return units


def one_change(rng, file, units):
    at = rng.choice(units) + rng.randrange(UNIT)
    size = rng.choice((1, 1, 1, 2, 4, 8))
    file.seek(at)
    before = file.read(size)
    size = len(before)
    kind = rng.randrange(6)
    if kind == 0:
        after = bytes(b ^ (1 << rng.randrange(8)) for b in before)
    elif kind == 1:
        after = bytes(size)
    elif kind == 2:
        after = b"\xff" * size
    elif kind == 3:
        after = rng.randbytes(size)
    elif kind == 4:
        after = ((int.from_bytes(before, "little") + rng.choice((-1, 1, 8, -8))) % (1 << 8 * size)).to_bytes(size, "little")
    else:
        file.seek(rng.choice(units) + rng.randrange(UNIT - 8))
        after = file.read(size).ljust(size, b"\0")
    file.seek(at)
    file.write(after)
    return at, before


def wanted_of(oracle, volume, seed_document):
    """What must be in the map, or None if the volume is not in order."""
    if oracle == "seed":
        return seed_document["used"]
    target = volume
    if oracle == "replay":
        target = volume + ".replayed"
        shutil.copyfile(volume, target)
        if not shell("e2fsck -E journal_only -y {}", target, (0, 1))[0] or not shell("e2fsck -fn {}", target)[0]:
            return None
    told, text = shell("dumpe2fs {} 2>/dev/null", target)
    return list(used_of_dumpe2fs(text)) if told else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--accept", default="true")
    parser.add_argument("--oracle", default="seed", choices=("dumpe2fs", "replay", "seed"))
    parser.add_argument("volume")
    arguments = parser.parse_args()
    volume = arguments.volume

    limits = limits_for(arguments.tool)
    seed_document, why = run_tool(arguments.tool, limits, volume)
    if why:
        sys.exit(f"{volume}: before any damage: {why}")
    if any("copied whole" in note for note in seed_document["notes"]):
        sys.exit(f"{volume}: before any damage: {seed_document['notes']}")
    units = metadata_units(volume, seed_document)
    counted = collections.Counter()
    slowest = heaviest = 0
    for number in range(arguments.number):
        rng = random.Random(f"{arguments.seed} {number}")
        changes = []
        with open(volume, "r+b") as file:
            for _ in range(rng.choice((1, 1, 2, 3, 8, 30))):
                changes.append(one_change(rng, file, units))
        document, why = run_tool(arguments.tool, limits, volume)
        if not why:
            slowest, heaviest = max(slowest, document["seconds"]), max(heaviest, document["peak_kib"])
            counted["whole"] += any("copied whole" in note for note in document["notes"])
            counted["files looked up"] += "found" in document
            if shell(arguments.accept, volume)[0]:
                wanted = wanted_of(arguments.oracle, volume, seed_document)
                counted["in order"] += wanted is not None
                lacking = list(missing(wanted or [], document["used"]))
                if lacking:
                    why = f"{sum(s for _, s in lacking)} bytes are missing, the first at {lacking[0][0]}"
        if why:
            shutil.copyfile(volume, volume + ".found")
            sys.exit(f"{volume}: mutation {number} of seed {arguments.seed} (bytes at {[at for at, _ in changes]}): {why}")
        with open(volume, "r+b") as file:
            for at, before in reversed(changes):
                file.seek(at)
                file.write(before)
    words = ", ".join(f"{counted[word]} {word}" for word in ("in order", "whole", "files looked up"))
    print(f"{arguments.number} mutations: {words}; at most {slowest:.2f} s and {heaviest / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
