# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests, maps, single files and vaults: sections 8 to 11 and 14 of the specification."""
import json
import os
import struct
from collections import namedtuple

from umbra_hashes import blake3
from umbra_pack import DATA, LEAF, MAX_PLAIN, NODE, PAGE, Damaged, Pack, PackId, check_words, decode_superblock, name_of, need

MANIFEST_MAGIC = bytes.fromhex("f823b96e81d75c40")
OBJECT_MAGIC = bytes.fromhex("a6ee17c29b3568f4")
LEAF_MAGIC = bytes.fromhex("c138af5de692148b")
NODE_MAGIC = bytes.fromhex("9c740ef3b548da26")
REGION = 32 << 20
UNIT = 512
UNALLOCATED, ZERO, STORED, UNREADABLE, EXCLUDED = range(5)
STATE_NAMES = ("unallocated", "zero", "stored", "unreadable", "excluded")

Page = namedtuple("Page", "pack offset stored_size plain_size id")
Block = namedtuple("Block", "offset size state pack record stored_size change id")
Source = namedtuple("Source", "size logical_sector level root raw_root by_state")
Manifest = namedtuple("Manifest", "image parent domain created block_size plan flags root sources packs metadata seal")


def ceil_div(a, b):
    return -(-a // b)


def level_for(regions):
    level = 1
    while 256**level < regions:
        level += 1
    return level


def pack_ref(data, at):
    return PackId(bytes(data[at:at + 16]), struct.unpack_from("<I", data, at + 16)[0])


def uniform(state):
    need(state <= 4 and state != STORED, "uniform state")
    return state


# ---- manifest ----------------------------------------------------------------------------------------------------------------
def decode_source(raw):
    size, sector, level, kind, state = struct.unpack_from("<QIBBB", raw)
    offset, stored, plain = struct.unpack_from("<QII", raw, 40)
    need(sector and sector & (sector - 1) == 0 and sector <= 65536, "manifest: sector size")
    need(level == level_for(ceil_div(size, REGION)), "manifest: level of a map")
    need(kind <= 1, "manifest: kind of a root")
    if kind == 0:
        need(not any(raw[16:36]) and not any(raw[40:88]), "manifest: a uniform root with a place")
        root = uniform(state)
    else:
        need(state == 0 and size > 0, "manifest: a root page that cannot be")
        root = Page(pack_ref(raw, 16), offset, stored, plain, raw[56:88])
    stored_bytes, zero, unallocated, unreadable, excluded = struct.unpack_from("<5Q", raw, 88)
    need(stored_bytes + zero + unallocated + unreadable + excluded == size, "manifest: bytes by state")
    raw_root = raw[0:8] + raw[12:15] + raw[56:88]
    return Source(size, sector, level, root, raw_root, (unallocated, zero, stored_bytes, unreadable, excluded))


def decode_manifest(data):
    need(len(data) >= 288 and data[:8] == MANIFEST_MAGIC, "manifest: magic")
    major, _minor, size = struct.unpack_from("<HHI", data, 8)
    need(major == 1, f"manifest: version {major}")
    need(size == len(data), "manifest: size")
    need(blake3(data[:-32]) == data[-32:], "manifest: seal")
    check_words(struct.unpack_from("<4Q", data, 16), "manifest")
    created, block_size, plan, source_count, pack_count, metadata_size, flags = struct.unpack_from("<q6I", data, 96)
    packs_at = 256 + 192 * source_count
    metadata_at = packs_at + 32 * pack_count
    need(metadata_at + metadata_size + 32 == size and metadata_size <= MAX_PLAIN, "manifest: counts")
    packs = {}
    for i in range(pack_count):
        at = packs_at + 32 * i
        packs[pack_ref(data, at)] = struct.unpack_from("<Q", data, at + 24)[0]
    need(len(packs) == pack_count and list(packs) == sorted(packs), "manifest: packs are not sorted")
    sources = [decode_source(data[256 + 192 * i:256 + 192 * (i + 1)]) for i in range(source_count)]
    for s in sources:
        need(not isinstance(s.root, Page) or s.root.pack in packs, "manifest: pack of a root is not listed")
    try:
        metadata = json.loads(data[metadata_at:metadata_at + metadata_size].decode())
    except (ValueError, RecursionError):
        raise Damaged("manifest: metadata") from None
    need(isinstance(metadata, dict), "manifest: metadata is not an object")
    need(any(data[48:64]) and data[48:64] != data[64:80], "manifest: image and parent")
    need(PAGE <= block_size <= 4 << 20 and block_size % UNIT == 0, "manifest: block size")
    need(not flags & 1 or plan == 0, "manifest: a single file with a plan")
    return Manifest(data[48:64], data[64:80], data[80:96], created, block_size, plan, flags, data[144:176], sources, packs, metadata,
                    data[-32:])


# ---- map pages ---------------------------------------------------------------------------------------------------------------
def decode_packs(data, at, count):
    packs = [pack_ref(data, at + 24 * i) for i in range(count)]
    need(packs == sorted(set(packs)), "map page: pack table is not sorted")
    return packs


def decode_node(data, level, first, count):
    need(len(data) >= 64 and data[:8] == NODE_MAGIC, "node: magic")
    found = (data[8], *struct.unpack_from("<IQ", data, 12))
    need(found == (level, count, first), "node: not the one for this place")
    pack_count = struct.unpack_from("<I", data, 24)[0]
    need(64 + 24 * pack_count + 64 * count == len(data), "node: counts")
    packs = decode_packs(data, 64, pack_count)
    children = []
    used = set()
    for i in range(count):
        at = 64 + 24 * pack_count + 64 * i
        kind, state, pack, stored, offset, plain = struct.unpack_from("<BBHIQI", data, at)
        need(kind <= 1, "node: kind of a child")
        if kind == 0:
            need(not any(data[at + 2:at + 20]) and not any(data[at + 32:at + 64]), "node: a uniform child with a place")
            children.append(uniform(state))
        else:
            need(state == 0 and pack < pack_count, "node: child")
            used.add(pack)
            children.append(Page(packs[pack], offset, stored, plain, data[at + 32:at + 64]))
    need(len(used) == pack_count, "node: a pack that no child uses")
    return children


def decode_leaf(data, region, region_bytes, block_size):
    need(len(data) >= 64 and data[:8] == LEAF_MAGIC, "leaf: magic")
    need(struct.unpack_from("<QI", data, 8) == (region, region_bytes), "leaf: not the one for this place")
    pack_count, block_count, stored_count = struct.unpack_from("<3I", data, 20)
    need(64 + 24 * pack_count + 24 * block_count + 48 * stored_count == len(data), "leaf: counts")
    packs = decode_packs(data, 64, pack_count)
    blocks_at = 64 + 24 * pack_count
    changes_at = blocks_at + 24 * block_count
    ids_at = changes_at + 16 * stored_count
    blocks, used, stored_seen, next_start = [], set(), 0, 0
    for i in range(block_count):
        start, length, state, pack, record, stored = struct.unpack_from("<HHBxHQI", data, blocks_at + 24 * i)
        need(start == next_start, "leaf: a gap or an overlap")
        next_start += length + 1
        need(state <= 4, "leaf: state")
        offset = start * UNIT
        size = min(next_start * UNIT, region_bytes) - offset
        change = block_id = None
        if state == STORED:
            need(pack < pack_count and stored_seen < stored_count and size <= block_size, "leaf: stored block")
            used.add(pack)
            change = data[changes_at + 16 * stored_seen:changes_at + 16 * stored_seen + 16]
            block_id = data[ids_at + 32 * stored_seen:ids_at + 32 * stored_seen + 32]
            stored_seen += 1
        else:
            need((pack, record, stored) == (0, 0, 0), "leaf: a block without record has a place")
        blocks.append(Block(offset, size, state, packs[pack] if state == STORED else None, record, stored, change, block_id))
    need(next_start == ceil_div(region_bytes, UNIT), "leaf: blocks do not cover the region")
    need(stored_seen == stored_count and len(used) == pack_count, "leaf: columns or packs that nothing uses")
    return blocks


class Image:
    """An image: manifest, the packs found for it (a function from PackId to Pack), a superblock of its domain."""

    def __init__(self, manifest, find_pack, domain_super):
        joined = b"".join(s.raw_root for s in manifest.sources)
        need(blake3(joined, domain_super.id_key) == manifest.root, "manifest: root")
        need((manifest.domain, manifest.block_size) == (domain_super.domain, domain_super.block_size), "manifest: domain")
        self.manifest = manifest
        self.packs = {}
        self.find_pack = find_pack
        self.pages = 0

    def pack(self, pack_id):
        need(pack_id in self.manifest.packs, f"pack {name_of(pack_id)} is not listed in the manifest")
        if pack_id not in self.packs:
            pack = self.find_pack(pack_id)
            need(pack.id == pack_id, f"{pack.path}: is another pack")
            need(pack.super.domain == self.manifest.domain, f"{pack.path}: of another domain")
            need(pack.super.block_size == self.manifest.block_size, f"{pack.path}: of another block size")
            size = self.manifest.packs[pack_id]
            need(size in (0, pack.size), f"{pack.path}: has {pack.size} bytes instead of {size}")
            self.packs[pack_id] = pack
        return self.packs[pack_id]

    def page(self, pointer, kind):
        self.pages += 1
        return self.pack(pointer.pack).fetch(pointer.offset, kind, pointer.stored_size, pointer.plain_size, pointer.id, True)

    def blocks(self, source):
        """All blocks of a source in order, offsets counted from the source's beginning."""
        s = self.manifest.sources[source]
        regions = ceil_div(s.size, REGION)
        if s.size:
            yield from self._below(s, s.root, s.level, 0, regions)

    def _below(self, s, pointer, level, first, regions):
        span = 256**level
        if not isinstance(pointer, Page):
            start = first * REGION
            end = min(s.size, (first + span) * REGION)
            yield Block(start, end - start, pointer, None, 0, 0, None, None)
        elif level == 0:
            region_bytes = min(REGION, s.size - first * REGION)
            for b in decode_leaf(self.page(pointer, LEAF), first, region_bytes, self.manifest.block_size):
                yield b._replace(offset=b.offset + first * REGION)
        else:
            below = span // 256
            count = ceil_div(min(regions, first + span) - first, below)
            for i, child in enumerate(decode_node(self.page(pointer, NODE), level, first, count)):
                yield from self._below(s, child, level - 1, first + i * below, regions)

    def fetch(self, block, with_id):
        return self.pack(block.pack).fetch(block.record, DATA, block.stored_size, block.size, block.id, with_id)


# ---- where images come from --------------------------------------------------------------------------------------------------
def superblock_of(path, kind):
    with open(path, "rb") as f:
        return decode_superblock(f.read(PAGE), kind)


def candidates(path, others):
    """Files the user named, those in folders the user named, and those beside the image."""
    for place in [*others, os.path.dirname(os.path.abspath(path))]:
        if os.path.isdir(place):
            yield from sorted(os.path.join(place, n) for n in os.listdir(place) if n.endswith(".umbra"))
        else:
            yield place


def open_file(path, others):
    own = Pack(path)
    good, bad = own.manifests()
    need(good, "; ".join(bad) or f"{path}: a pack without manifest, not an image")
    manifest = decode_manifest(good[0])
    need(manifest.flags & 1 and manifest.image == own.id.session and own.id.number == 0, f"{path}: manifest of another image")
    found = {own.id: own}

    def find(pack_id):
        if pack_id not in found:
            for other in candidates(path, others):
                try:
                    if superblock_of(other, 1).pack == pack_id:
                        found[pack_id] = Pack(other)
                        break
                except Damaged:
                    continue
        need(pack_id in found, f"pack {name_of(pack_id)} is not among the files given")
        return found[pack_id]

    return Image(manifest, find, own.super)


def decode_object(data, kind, domain, session):
    need(len(data) >= 96 and data[:8] == OBJECT_MAGIC, "object: magic")
    major, _minor, found_kind, body_size = struct.unpack_from("<HHII", data, 8)
    need(major == 1 and body_size == len(data) - 96, "object: version or size")
    need(blake3(data[:-32]) == data[-32:], "object: seal")
    need((found_kind, data[24:40], data[40:56]) == (kind, domain, session), "object: of another kind, vault or session")
    return data[64:-32]


def read_object(vault, name):
    with open(os.path.join(vault, name), "rb") as f:
        return f.read()


def committed_images(vault, forgotten):
    """Ids of the sessions with a committed image; with forgotten ones if asked for."""
    domain = superblock_of(os.path.join(vault, "vault"), 2).domain
    images = []
    for name in sorted(os.listdir(os.path.join(vault, "sessions"))):
        folder = os.path.join(vault, "sessions", name)
        if len(name) != 32 or not os.path.exists(os.path.join(folder, "outcome")):
            continue
        if os.path.exists(os.path.join(folder, "forgotten")) and not forgotten:
            continue
        body = decode_object(read_object(vault, f"sessions/{name}/outcome"), 2, domain, bytes.fromhex(name))
        if struct.unpack_from("<I", body)[0] == 1:
            images.append(name)
    return images


def open_in_vault(vault, wanted):
    own = superblock_of(os.path.join(vault, "vault"), 2)
    domain = own.domain
    matching = [i for i in committed_images(vault, bool(wanted)) if i.startswith(wanted)]
    need(len(matching) == 1, f"{vault}: {len(matching)} images match '{wanted}'")
    session = matching[0]
    body = decode_object(read_object(vault, f"sessions/{session}/outcome"), 2, domain, bytes.fromhex(session))
    need(len(body) == 40, "outcome: size")
    plan = struct.unpack_from("<I", body, 4)[0]
    need(os.path.exists(os.path.join(vault, f"sessions/{session}/plan-{plan}")), "manifest: missing, but the image was committed")
    manifest = decode_manifest(read_object(vault, f"sessions/{session}/plan-{plan}"))
    need(manifest.seal == body[8:] and manifest.image.hex() == session and manifest.domain == domain, "manifest: not the committed one")

    def find(pack_id):
        name = name_of(pack_id)
        path = os.path.join(vault, "packs", name[:2], name)
        need(os.path.exists(path), f"pack {name} is missing")
        return Pack(path)

    return Image(manifest, find, own)
