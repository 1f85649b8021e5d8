#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent reader of the Umbra image format, written from docs/formats/native-v1.md alone.

IMAGE is a .umbra file, or VAULT::ID (the beginning of an id is enough, nothing if there is one image).
"""
import argparse
import json
import sys

from umbra_image import STATE_NAMES, STORED, UNREADABLE, open_file, open_in_vault
from umbra_pack import Damaged, name_of, need
from umbra_walk import verify_pack


def open_image(name, parents):
    if "::" in name:
        vault, _, wanted = name.rpartition("::")
        return open_in_vault(vault, wanted)
    return open_file(name, parents)


def restore(image, args):
    m = image.manifest
    need(args.source < len(m.sources), f"there are {len(m.sources)} sources")
    unreadable = 0
    with open(args.out, "wb") as out:
        out.truncate(m.sources[args.source].size)
        for block in image.blocks(args.source):
            if block.state == STORED:
                out.seek(block.offset)
                out.write(image.fetch(block, args.ids))
            elif block.state == UNREADABLE:
                unreadable += block.size
    if unreadable:
        print(f"{unreadable} bytes could not be read when the image was made", file=sys.stderr)


def info(image, _args):
    m = image.manifest
    print(json.dumps({
        "image": m.image.hex(), "parent": m.parent.hex() if any(m.parent) else None, "domain": m.domain.hex(),
        "created": m.created, "block_size": m.block_size, "root": m.root.hex(), "metadata": m.metadata,
        "packs": [name_of(p) for p in m.packs],
        "sources": [{"size": s.size, "logical_sector": s.logical_sector, **dict(zip(STATE_NAMES, s.by_state))} for s in m.sources],
    }, indent=2))


def check(image, _args):
    """Everything section 13 asks of a full verification."""
    m = image.manifest
    for pack in m.packs:
        records = verify_pack(image.pack(pack))
        print(f"pack {name_of(pack)}: {records} records")
    for number, source in enumerate(m.sources):
        by_state = [0] * 5
        at = 0
        for block in image.blocks(number):
            need(block.offset == at, "blocks do not follow each other")
            at += block.size
            by_state[block.state] += block.size
            if block.state == STORED:
                image.fetch(block, False)  # its id was computed with its pack
        need(at == source.size and tuple(by_state) == source.by_state, f"source {number}: bytes by state")
        print(f"source {number}: {source.size} bytes, {by_state[STORED]} stored")
    print(f"{image.pages} map pages: good")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, run in (("restore", restore), ("info", info), ("check", check)):
        p = verbs.add_parser(verb)
        p.set_defaults(run=run)
        p.add_argument("image")
        if verb == "restore":
            p.add_argument("out")
            p.add_argument("--source", type=int, default=0)
            p.add_argument("--ids", action="store_true", help="also compute each block's content id (slow)")
        p.add_argument("--parents", nargs="+", default=[], help="files or folders with the packs it builds on")
    args = parser.parse_args()
    try:
        args.run(open_image(args.image, args.parents), args)
    except Damaged as e:
        print(f"umbra_reader: {e}", file=sys.stderr)
        return 6
    except OSError as e:
        print(f"umbra_reader: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
