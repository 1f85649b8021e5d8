# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs: sections 3 to 7 of the specification."""
import os
import struct
from collections import namedtuple

from umbra_codecs import DECODERS
from umbra_hashes import blake3, checksum, crc32c

PAGE = 4096
PACK_MAGIC = bytes.fromhex("89554d420d0a1a0a")
VAULT_MAGIC = bytes.fromhex("89554d560d0a1a0a")
FOOTER_MAGIC = bytes.fromhex("d56bf0912ec807a3")
DATA_MAGIC = bytes.fromhex("b71de98452fc3a96")
META_MAGIC = bytes.fromhex("e2954cd80ba17f63")
DATA, LEAF, NODE, MINI_INDEX, CHECKPOINT, MANIFEST, PADDING = range(1, 8)
MAX_PLAIN = 16 << 20


class Damaged(Exception):
    """The bytes are not what the specification asks for."""


def need(condition, why):
    if not condition:
        raise Damaged(why)


PackId = namedtuple("PackId", "session number")
Superblock = namedtuple("Superblock", "kind words domain pack block_size max_plain id_key change_secret")
Record = namedtuple("Record", "offset type header_size sequence stored_size plain_size codec checksum id")
Section = namedtuple("Section", "type copy offset stored_size plain_size")
Footer = namedtuple("Footer", "record_count segment_count last_checkpoint sections")


def name_of(pack):
    return f"{pack.session.hex()}-{pack.number}"


def check_words(words, where):
    need(words[0] == 0, f"{where}: needs features this reader does not know: incompat {words[0]:#x}")


def decode_superblock(page, kind):
    magic = VAULT_MAGIC if kind == 2 else PACK_MAGIC
    need(len(page) == PAGE and page[:8] == magic, "superblock: magic")
    need(blake3(page[:4064]) == page[4064:], "superblock: seal")
    major, _minor, size, found_kind, _build = struct.unpack_from("<HHIII", page, 8)
    need(major == 1, f"format version {major}")
    need(size == PAGE and found_kind == kind, "superblock: size or kind")
    words = struct.unpack_from("<4Q", page, 56)
    number, block_size, max_plain = struct.unpack_from("<3I", page, 120)
    need(page[132:135] == b"\1\1\1", "superblock: unknown algorithm")
    need(PAGE <= block_size <= 4 << 20 and block_size % PAGE == 0, "superblock: block size")
    need(block_size <= max_plain <= MAX_PLAIN, "superblock: largest record")
    session = page[104:120]
    need((session == bytes(16)) == (kind == 2), "superblock: session")
    check_words(words, "superblock")
    return Superblock(kind, words, page[88:104], PackId(session, number), block_size, max_plain, page[136:168], page[168:360])


class Pack:
    """One pack, open for reading."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "rb")
        self.size = os.fstat(self.file.fileno()).st_size
        self.super = decode_superblock(self.read(0, PAGE), 1)
        self.id = self.super.pack

    def read(self, offset, size):
        need(0 <= offset and offset + size <= self.size, f"{self.path}: {size} bytes at {offset} lie outside the file")
        return os.pread(self.file.fileno(), size, offset)

    def header(self, offset):
        need(offset >= PAGE and offset % 16 == 0, f"{self.path}: no record can lie at {offset}")
        h = self.read(offset, 96)
        where = f"{self.path}: record at {offset}"
        need(h[:8] in (DATA_MAGIC, META_MAGIC), f"{where}: magic")
        crc = crc32c(self.id.session + struct.pack("<IQ", self.id.number, offset) + h[:60] + h[64:])
        need(crc == struct.unpack_from("<I", h, 60)[0], f"{where}: header CRC")
        kind, header_size, required, _optional, sequence, stored, plain = struct.unpack_from("<HHHHQII", h, 8)
        codec, cipher, id_algorithm, session_index = h[32:36]
        need((kind == DATA) == (h[:8] == DATA_MAGIC) and kind != 0, f"{where}: type {kind} under another type's magic")
        need(h[48:56] == self.id.session[:8], f"{where}: of another pack")
        need(required == 0 and cipher == 0 and session_index == 0 and id_algorithm == 1, f"{where}: needs a feature")
        need(codec in DECODERS and (kind == DATA or codec == 0), f"{where}: codec {codec}")
        need(96 <= header_size <= PAGE and header_size % 16 == 0, f"{where}: header size")
        need(stored <= MAX_PLAIN and plain <= (self.super.block_size if kind == DATA else self.super.max_plain), f"{where}: size")
        need(codec != 0 or stored == plain, f"{where}: sizes differ")
        need(offset + header_size + stored <= self.size, f"{where}: ends behind the file")
        return Record(offset, kind, header_size, sequence, stored, plain, codec, struct.unpack_from("<Q", h, 40)[0], h[64:96])

    def payload(self, r, with_id):
        """The plain bytes of a record whose header was checked."""
        where = f"{self.path}: record at {r.offset}"
        stored = self.read(r.offset + r.header_size, r.stored_size)
        need(checksum(stored) == r.checksum, f"{where}: checksum")
        try:
            plain = DECODERS[r.codec](stored, r.plain_size)
        except ValueError as e:
            raise Damaged(f"{where}: {e}") from None
        if with_id:
            expected = bytes(32) if r.type == PADDING else blake3(plain, self.super.id_key)
            need(expected == r.id, f"{where}: content id")
        return plain

    def fetch(self, offset, kind, stored_size, plain_size, content_id, with_id):
        """A record that something points to."""
        r = self.header(offset)
        fits = (r.type, r.stored_size, r.plain_size, r.id) == (kind, stored_size, plain_size, content_id)
        need(fits, f"{self.path}: record at {offset} is not the one that is meant")
        return self.payload(r, with_id)

    def footer(self):
        need(self.size >= 2 * PAGE and self.size % PAGE == 0, f"{self.path}: no footer")
        page = self.read(self.size - PAGE, PAGE)
        where = f"{self.path}: footer"
        need(page[:8] == FOOTER_MAGIC, f"{where}: magic")
        need(blake3(page[:4064]) == page[4064:], f"{where}: seal")
        major, _minor, size = struct.unpack_from("<HHI", page, 8)
        need(major == 1 and size == PAGE, f"{where}: version or size")
        number, section_count, pack_size, records, segments, last = struct.unpack_from("<IIQQQQ", page, 32)
        need(PackId(page[16:32], number) == self.id, f"{where}: of another pack")
        need(struct.unpack_from("<4Q", page, 72) == self.super.words, f"{where}: feature words")
        need(pack_size == self.size and section_count <= 32, f"{where}: pack size or sections")
        need((segments == 0) == (last == 0), f"{where}: last checkpoint")
        sections = [Section(*struct.unpack_from("<IIQII", page, 104 + 32 * i)) for i in range(section_count)]
        return Footer(records, segments, last, sections)

    def manifests(self):
        """The copies of a single-file image's manifest, as far as they are good, and what is wrong with the others."""
        good, bad = [], []
        for s in self.footer().sections:
            if s.type != 1:
                continue
            try:
                r = self.header(s.offset)
                need((r.type, r.stored_size, r.plain_size) == (MANIFEST, s.stored_size, s.plain_size), f"copy {s.copy} is another record")
                good.append(self.payload(r, False))
            except Damaged as e:
                bad.append(str(e))
        return good, bad
